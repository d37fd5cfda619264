import { sentence } from '../../../controls/words.ts';
import { soaEntry } from '../../../controls/soa.ts';
import type { AssessedControl } from '../../../controls/status.ts';
import type { Findings } from '../findings.ts';
import { statusAtEnd } from '../tables.ts';
import { numberText } from '../text.ts';
import { anchor, type Content, path, safe, table } from './html.ts';
import { hasSection, overPeriod, statusMark } from './summary.ts';

export function* controlSections(findings: Findings): Generator<string> {
  const shown = findings.replay.controls.filter(({ id }) => hasSection(findings, id));
  if (shown.length === 0) yield '<p>Nothing tests any of them.</p>\n';
  if (shown.length < findings.replay.controls.length)
    yield '<p>Controls that no check and no attestation answers are listed in the last chapter.</p>\n';
  for (const control of shown) yield* controlSection(findings, control);
}

function* controlSection(findings: Findings, control: AssessedControl): Generator<string> {
  const { replay, question } = findings;
  const { status, why } = statusAtEnd(replay, control.id);
  const found = replay.standing.get(control.id);
  yield safe`<section aria-labelledby="${anchor('control', control.id)}">
    <h3 id="${anchor('control', control.id)}">${control.id} ${control.title}</h3>
    <p>${control.description}</p>
    <p>At the end of the period: ${statusMark(status)}. ${why}</p>
    <p>Over the period: ${overPeriod(findings, control.id, question.to - question.from)}.</p>
    <p class="quiet">${applicability(findings, control.id)}</p>
`.html;
  const aspects = found?.aspects ?? [];
  if (aspects.some(({ basis }) => basis !== null) || status !== 'not_applicable')
    yield* table({
      kind: 'aspects',
      caption: `Aspects of ${control.id}`,
      columns: ['Aspect', 'What it asks', 'Basis', 'At the end', 'Why', 'Answered by'],
      rows: aspects.map((aspect): Content[] => [
        safe`<code>${path(aspect.id)}</code>`,
        aspect.title,
        aspect.basis ?? 'none',
        statusMark(replay.assessedToTheEnd ? aspect.status : 'unknown'),
        aspect.why,
        [
          ...aspect.checks.map((name) => safe`<a href="#${anchor('check', name)}">${name}</a> `),
          ...aspect.attestations.map((name) => safe`${name} (attested) `),
        ],
      ]),
      total: aspects.length,
      file: 'controls.csv',
    });
  yield* populations(findings, control.id);
  yield '</section>\n';
}

function* populations({ replay }: Findings, control: string): Generator<string> {
  const answering = [...replay.populations].filter(([name]) => {
    const check = replay.configs.findLast(({ checks }) => checks.has(name))?.checks.get(name);
    return check?.spec.aspects.some((aspect) => aspect.startsWith(`${control}/`));
  });
  if (answering.length === 0) return;
  const text = (count: number | undefined) => (count === undefined ? 'not known' : numberText(count));
  yield* table({
    caption: `What happened, for ${control}: each leaver, change or job once, as it was last judged in the period`,
    columns: [
      'Check',
      'Judged',
      'New',
      'Passed',
      'Of these put right',
      'Failed',
      'Unknown',
      'Whole population',
    ],
    rows: answering.map(([name, { counts, whole, why }]): Content[] => [
      safe`<a href="#${anchor('check', name)}">${name}</a>`,
      text(counts?.judged),
      text(counts?.came),
      text(counts?.passed),
      text(counts?.corrected),
      text(counts?.failed),
      text(counts?.unknown),
      whole ? 'yes, throughout' : `no. ${why ?? ''}`,
    ]),
    total: answering.length,
    file: 'populations.csv',
  });
}

function applicability({ replay }: Findings, id: string): Content {
  const soa = replay.config?.soa;
  const entry = soaEntry(soa, id);
  if (soa === undefined) return 'There was no Statement of Applicability.';
  if (entry === undefined) return 'The Statement of Applicability does not list it.';
  const { version, approver } = soa.spec;
  const owner = entry.owner === undefined ? '' : ` Owner: ${entry.owner}.`;
  const how = entry.applicable ? `applicable, ${entry.implementation}` : 'not applicable';
  return `Statement of Applicability, version ${version}, approved by ${approver}: ${how}. ${sentence(entry.justification)}${owner}`;
}
