import { spanText } from '../../../controls/words.ts';
import type { Cell } from '../csv.ts';
import type { Findings } from '../findings.ts';
import { numberText } from '../text.ts';
import { type Content, safe, firstRows, path, table } from './html.ts';
import { statusMark } from './summary.ts';

export function* acceptances({ exceptions, attestations }: Findings): Generator<string> {
  if (exceptions.length === 0) yield '<p>There was no exception for any of the checks.</p>\n';
  else
    yield* table({
      caption: 'Exceptions: each holds from the later of its approval and its sealing',
      columns: [
        'Exception',
        'Check',
        'Records',
        'Reason',
        'Risk',
        'Approver',
        'Valid from',
        'Expires',
        'Withdrawn',
      ],
      rows: exceptions.map(
        ([name, check, records, reason, risk, approver, , , , from, expires, withdrawn]) => [
          name,
          check,
          records,
          reason,
          risk,
          approver,
          from,
          expires,
          withdrawn,
        ],
      ),
      total: exceptions.length,
      file: 'exceptions.csv',
    });
  if (attestations.length === 0) yield '<p>There was no attestation for any of the controls.</p>\n';
  else
    yield* table({
      caption:
        'Attestations: what people say they did or saw. Who says so was authenticated, or the configuration asserts it',
      columns: [
        'Attestation',
        'Aspects',
        'Statement',
        'By',
        'How known',
        'At',
        'Expires',
        'At the end',
        'Documents',
      ],
      rows: attestations.map((row) => {
        const [name, aspects, statement, by, ...rest] = row;
        return [name, path(String(aspects)), statement, by, row[11], ...rest.slice(0, 4)];
      }),
      total: attestations.length,
      file: 'attestations.csv',
    });
}

/** A row for each source, with the controls that rest on it. */
export function* sources({ coverage }: Findings): Generator<string> {
  if (coverage.length === 0) {
    yield '<p>No check of these controls reads any source.</p>\n';
    return;
  }
  const bySource = Map.groupBy(coverage, (row) => JSON.stringify(row.slice(1, 4)));
  yield safe`<p>
    Expected: how many snapshots the sealed cadences ask for within the period. The longest gap is the longest
    time without a new snapshot, the beginning and the end of the period counted.
  </p>
`.html;
  yield* table({
    caption: 'Snapshots of each source',
    columns: ['Source', 'Expected', 'Actual', 'Failed', 'Longest gap', 'From', 'To', 'Controls'],
    rows: [...bySource.values()].map((rows): Content[] => {
      const [, collector, dataset, scope, , expected, actual, failed, gap, from, to] = rows[0] ?? [];
      return [
        path(`${collector}/${dataset}/${scope}`),
        typeof expected === 'number' && typeof actual === 'number' && actual < expected
          ? safe`<strong>${expected}</strong>`
          : expected,
        actual,
        failed,
        spanText(Number(gap)),
        from,
        to,
        rows.map(([control]) => String(control)).join(', '),
      ];
    }),
    total: bySource.size,
    file: 'coverage.csv',
  });
}

export function* failures({ spill, facts }: Findings): Generator<string> {
  const total = spill.count('failures');
  yield safe`<p>
    ${numberText(facts.runs.failed)} of ${numberText(facts.runs.total)} runs failed in the period, in whole or
    in part. While a source can’t be read, what rests on it turns unknown; deviations stay open.
  </p>
`.html;
  if (total === 0) return;
  yield* table({
    caption: 'Collections that failed',
    columns: ['Collector', 'Dataset', 'Scope', 'Finished', 'Reason', 'Detail', 'Entry'],
    rows: firstRows(
      spill.rows('failures'),
      ([index, , collector, , , , finished, , dataset, scope, , reason, detail]) => [
        collector,
        dataset,
        scope,
        finished,
        reason,
        detail,
        index,
      ],
    ),
    total,
    file: 'runs.csv',
  });
}

export function* changes({ spill, replay }: Findings): Generator<string> {
  const total = spill.count('changes-by-weight');
  const first = replay.configs.find(({ entry }) => entry.fields['before'] === null);
  yield safe`<p>
    Each change is sealed before it is used. For a check that changed, its effect is what the old and the new
    wording say of the same snapshots at the same moment: weaker means that something is let off.
  </p>
`.html;
  if (first !== undefined)
    yield safe`<p>
      The log’s first configuration, entry ${first.entry.index}, brought ${numberText(first.documents.size)}
      documents; <code>config-changes.csv</code> lists them too.
    </p>
`.html;
  if (total === 0) {
    yield '<p>Nothing was changed after that.</p>\n';
    return;
  }
  yield* table({
    caption: 'Changes, those that weaken first',
    columns: ['Document', 'Sealed', 'Change', 'Fields', 'Approved by', 'Effect', 'Let off', 'Caught'],
    rows: firstRows(spill.rows('changes-by-weight'), (row) => changeRow(row)),
    total,
    file: 'config-changes.csv',
  });
}

function changeRow(row: readonly Cell[]): Content[] {
  const [, sealed, , , document, change, , fields, , , by, at, , effect, was, is, , , letOff, caught] = row;
  const outcomes =
    effect === '' ? '' : safe`<span class="${effect}">${effect}</span>: ${was ?? 'none'} to ${is ?? 'none'}`;
  return [
    path(String(document)),
    sealed,
    change,
    fieldsText(String(fields)),
    at === '' ? by : `${by}, ${at}`,
    outcomes,
    letOff,
    caught,
  ];
}

const MAX_FIELDS = 1000;

/** `path: before -> after`, cut off where it gets long; nothing is said of a document that is new, or gone. */
function fieldsText(json: string): Content {
  if (json === '') return 'the whole document';
  const fields: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[] =
    JSON.parse(json);
  const lines = fields.map(
    ({ path, before, after }) => `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
  );
  const text = lines.join('; ');
  if (text.length <= MAX_FIELDS) return text;
  return `${text.slice(0, MAX_FIELDS).toWellFormed()} … (config-changes.csv has all)`;
}

export function* limits(findings: Findings): Generator<string> {
  const { replay } = findings;
  const rows = replay.controls.flatMap((control): Content[][] => {
    const found = replay.standing.get(control.id);
    const open = (found?.aspects ?? []).filter(({ basis }) => basis === null);
    const all = found === undefined || open.length === found.aspects.length;
    if (!all && open.length === 0) return [];
    const what = all ? 'none of it was tested' : open.map(({ title }) => title).join('; ');
    return [[control.id, control.title, what, statusMark(found?.status)]];
  });
  if (rows.length === 0) yield '<p>Every aspect of these controls has a check or an attestation.</p>\n';
  else
    yield* table({
      caption: 'Controls and aspects that no check and no attestation answers',
      columns: ['Control', 'Title', 'Not tested', 'Status'],
      rows,
      total: rows.length,
      file: 'controls.csv',
    });
  yield safe`<ul>
    <li>
      A complete log is not a complete estate: the sources in the declared scope were read whole; what nobody
      declared is not here.
    </li>
    <li>
      What was sealed before the first timestamp of somebody else has the agent’s own word for its time.
    </li>
    <li>
      Whoever holds both keys can invent data as it is collected, or keep a second log. Only an independent
      witness, or an earlier checkpoint that the auditor kept, excludes a split view.
    </li>
    <li>Work that leaves no trace in a system is attested, and named so.</li>
    <li>
      Numbers of days and the like are the organisation’s choices or product defaults, as each rule says; the
      standard sets none of them.
    </li>
  </ul>
`.html;
}
