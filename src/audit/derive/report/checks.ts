import { paramText, queryOf, type Check } from '../../../controls/check.ts';
import { durationText } from '../../../controls/words.ts';
import { compareUtf8 } from '../../../inventory/utf8.ts';
import type { Findings } from '../findings.ts';
import type { CheckHistory } from '../replay.ts';
import { numberText } from '../text.ts';
import { anchor, type Content, safe, firstRows, path, table } from './html.ts';
import { statusMark } from './summary.ts';

/** Every chosen check, also those that were taken out within the period. */
export function* checkSections(findings: Findings): Generator<string> {
  const names = [...findings.chosen].toSorted(compareUtf8);
  if (names.length === 0) yield '<p>No check answers any of the controls.</p>\n';
  for (const name of names) {
    const config = findings.replay.configs.findLast(({ checks }) => checks.has(name));
    const check = config?.checks.get(name);
    if (check !== undefined) yield* checkSection(findings, check);
  }
}

function* checkSection(findings: Findings, check: Check): Generator<string> {
  const { spec, metadata } = check;
  const { name } = metadata;
  const inForce = findings.replay.config?.checks.has(name) === true;
  yield safe`<section aria-labelledby="${anchor('check', name)}">
    <h3 id="${anchor('check', name)}">${spec.title}</h3>
    <p class="quiet">
      <code>${name}</code>, severity ${spec.severity}, to be put right within ${durationText(spec.within)}.
      Answers ${spec.aspects.join(', ')}.${inForce ? '' : ' It was taken out before the end of the period.'}
    </p>
    <p>${spec.rationale}</p>
`.html;
  yield rule(check);
  yield* results(findings.replay.checks.get(name), findings, name);
  yield* deviations(findings, name);
  yield '</section>\n';
}

function rule(check: Check): string {
  const { kind, where, fails } = queryOf(check);
  const params = Object.entries(check.spec.params).map(([name, param]) => paramText(name, param));
  const lines = [
    `population: ${kind} AS it${where === undefined ? '' : ` WHERE ${where.trim()}`}`,
    `fails when: ${fails.trim()}`,
    ...params,
  ];
  return safe`<pre>${lines.join('\n')}</pre>
`.html;
}

function* results(history: CheckHistory | undefined, findings: Findings, name: string): Generator<string> {
  if (history?.last === undefined) {
    yield '<p>It was not tested in the period.</p>\n';
    return;
  }
  const { outcomes, last, least, most } = history;
  const times = Object.entries(outcomes).filter(([, count]) => count > 0);
  const told = times.map(([outcome, count]) => `${numberText(count)} × ${outcome.replaceAll('_', ' ')}`);
  const range = least === most ? numberText(least) : `${numberText(least)} to ${numberText(most)}`;
  yield safe`<p>
    Tested over a population of ${range}, with these results: ${told.join(', ')}. The last of the period:
    ${statusMark(last.outcome)}: ${last.why}
  </p>
`.html;
  const broken = findings.broken.get(name);
  if (broken !== undefined)
    yield safe`<p>This version can’t read its rule: ${broken}</p>
`.html;
  const count = (number: number): Content => numberText(number);
  yield* table({
    caption: `The last result, by scope`,
    columns: ['Scope', 'Outcome', 'Table', 'Population', 'Filtered', 'Failing', 'Unknown', 'Why'],
    rows: last.scopes.map(({ collector, dataset, scope, outcome, why, counts }): Content[] => [
      path(`${collector}/${dataset}/${scope}`),
      statusMark(outcome),
      ...[counts.table, counts.population, counts.filtered, counts.failing, counts.unknown].map(count),
      why,
    ]),
    total: last.scopes.length,
    file: 'verdicts.csv',
  });
}

function* deviations({ spill }: Findings, check: string): Generator<string> {
  const total = spill.count('deviations', check);
  if (total === 0) {
    yield '<p>No deviation stood open in the period.</p>\n';
    return;
  }
  yield* table({
    kind: 'records',
    caption: `Deviations, those put right included`,
    columns: ['Record', 'Reason', 'First seen', 'Due', 'Closed', 'Overdue', 'Exception'],
    rows: firstRows(spill.rows('deviations', check), (row) =>
      deviationRow(row.map((cell) => String(cell ?? ''))),
    ),
    total,
    file: 'deviations.csv',
  });
}

function deviationRow(row: readonly string[]): Content[] {
  const [, record, , , , reason, firstSeen, exact, due, , closed, closedBy, , overdue, exception] = row;
  return [
    safe`<bdi>${record}</bdi>`,
    reason,
    exact === 'yes' ? firstSeen : `before the range, at the latest ${firstSeen}`,
    due,
    closed === '' ? 'open' : `${closed}: ${closedBy?.replaceAll('_', ' ')}`,
    overdue,
    exception,
  ];
}
