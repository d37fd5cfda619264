import type { Problem, Trust, VerifyReport } from '../evidence/verify/report.ts';
import { printable, table, when } from './output.ts';

/** How many problems and notes are shown to a person. */
const SHOWN = 20;

/** A verdict on a store or a bundle, for people: what was examined, what was found, and what it rests on. `width`: columns of the terminal. */
export function verdictLines(report: VerifyReport, width?: number): readonly string[] {
  return [
    ...examined(report),
    ...section('Problems', problemLines(report, width)),
    ...section('What this rests on', trustLines(report.trust, width)),
    ...section('Time', timeLines(report)),
    ...section('Other histories', splitViewLines(report)),
    ...section('Notes', cut(report.notes, report.notes.length)),
    '',
    conclusion(report),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function cut(lines: readonly string[], count: number): readonly string[] {
  const shown = lines.slice(0, SHOWN).map(printable);
  return count > shown.length ? [...shown, `... and ${count - shown.length} more`] : shown;
}

function examined({ kind, checkpoint, entries, bodies }: VerifyReport): readonly string[] {
  if (checkpoint === null) return [`No ${kind} with a checkpoint that can be trusted`];
  const { origin, size, root } = checkpoint;
  return [
    `${kind === 'store' ? 'Store' : 'Bundle'} of the log ${printable(origin)}`,
    `  checkpoint of ${size} entries, root ${root}`,
    `  ${entries} entries and ${bodies} bodies examined`,
  ];
}

function problemLines(
  { problems, problemCount }: VerifyReport,
  width: number | undefined,
): readonly string[] {
  if (problemCount === 0) return [];
  const rows = grouped(problems)
    .slice(0, SHOWN)
    .map(({ code, where, message }) => [code, where, message]);
  const lines = table(
    [{ title: 'CODE' }, { title: 'WHERE' }, { title: 'WHAT' }],
    rows,
    width === undefined ? undefined : width - 2,
  );
  return problemCount > rows.length ? [...lines, `... and ${problemCount - rows.length} more`] : lines;
}

/** Those of a kind together, the kinds in the order in which they were first met. */
function grouped(problems: readonly Problem[]): readonly Problem[] {
  const kinds = Map.groupBy(problems, ({ code }) => code);
  return [...kinds.values()].flat();
}

function trustLines(trust: readonly Trust[], width: number | undefined): readonly string[] {
  if (trust.length === 0) return [];
  const rows = trust.map(({ use, fingerprint, name, from }) => [
    use,
    fingerprint,
    from === 'given' ? 'as given' : 'from inside',
    name,
  ]);
  const inside = trust.some(({ from }) => from === 'store');
  return [
    ...table(
      [{ title: 'USE' }, { title: 'SHA-256' }, { title: 'KNOWN' }, { title: 'FOR' }],
      rows,
      width === undefined ? undefined : width - 2,
    ),
    ...(inside
      ? [
          'from inside: known from what was verified alone, and chosen by who wrote it. Compare it with what you were given another way',
          '(--key, --tsa-ca): only then does this verdict hold against the operator.',
        ]
      : []),
  ];
}

function timeLines({ time, checkpoint, entries }: VerifyReport): readonly string[] {
  if (checkpoint === null) return [];
  if (time.newest === null)
    return [`no timestamp: the times of all ${entries} entries are asserted by the agent`];
  const { size, authority, genTime } = time.newest;
  return [
    `newest timestamp ${when(genTime)}, by ${authority}, over ${size} entries (${time.tokens} timestamps verified)`,
    `${time.covered} of ${entries} entries were sealed before a timestamp that covers them; ${time.late} of them late (more than 24 h before it)`,
    `${time.asserted} entries whose time the agent alone asserts: none covers them, or none came before them`,
  ];
}

function splitViewLines({ splitView, witnessed, checkpoint }: VerifyReport): readonly string[] {
  if (checkpoint === null) return [];
  return [
    ...witnessed.map(
      ({ witness, size, time }) =>
        `${printable(witness)} cosigned the checkpoint of ${size} entries at ${when(time)}`,
    ),
    splitView === null
      ? 'split view not excluded: the operator could show others another log'
      : `split view excluded up to size ${splitView.size} by ${printable(splitView.by)}`,
  ];
}

function conclusion({ ok, problemCount }: VerifyReport): string {
  if (ok) return 'verified: everything follows from the signed checkpoint';
  return `NOT verified: ${problemCount} ${problemCount === 1 ? 'problem' : 'problems'}`;
}
