import type { Findings } from '../findings.ts';
import { STATUSES } from '../status-clock.ts';
import { statusAtEnd } from '../tables.ts';
import { numberText, shareText } from '../text.ts';
import { anchor, type Content, safe, type Html, table } from './html.ts';

const MEANING: Readonly<Record<string, string>> = {
  effective:
    'Every test defined for every aspect passed. Whether the control is effective in the sense of the standard, the auditor concludes.',
  correcting: 'Something fails, all of it within its deadlines.',
  accepted: 'It fails only where a valid exception accepts it.',
  ineffective: 'A deviation or an attestation is past its deadline.',
  unknown: 'Something could not be examined, or nothing covers an aspect.',
  not_applicable: 'The Statement of Applicability excludes it.',
};

export function statusMark(status: string | undefined): Html {
  const name = status ?? 'unknown';
  return safe`<span class="status ${name}">${name.replaceAll('_', ' ')}</span>`;
}

export function* summary(findings: Findings): Generator<string> {
  const { replay, facts, question, spill } = findings;
  const statuses = replay.controls.map(({ id }) => statusAtEnd(replay, id).status);
  yield safe`<p>
    ${numberText(replay.controls.length)} controls were asked for. In the period there were
    ${numberText(replay.assessments)} assessments of ${numberText(findings.chosen.size)} checks,
    ${numberText(facts.runs.total)} runs of collectors (${numberText(facts.runs.failed)} failed), and
    ${numberText(spill.count('deviations'))} deviations, those included that were put right in time.
  </p>
`.html;
  yield* table({
    caption: 'Controls by their status at the end of the period',
    columns: ['Status', 'Controls', 'What it says'],
    rows: STATUSES.map((status) => [
      statusMark(status),
      statuses.filter((one) => one === status).length,
      MEANING[status],
    ]),
    total: STATUSES.length,
    file: 'controls.csv',
  });
  const whole = question.to - question.from;
  yield* table({
    caption: 'Every control that was asked for',
    columns: ['Control', 'Title', 'At the end', 'Over the period'],
    rows: replay.controls.map((control): Content[] => {
      const name = hasSection(findings, control.id)
        ? safe`<a href="#${anchor('control', control.id)}">${control.id}</a>`
        : control.id;
      return [
        name,
        control.title,
        statusMark(statusAtEnd(replay, control.id).status),
        overPeriod(findings, control.id, whole),
      ];
    }),
    total: replay.controls.length,
    file: 'controls.csv',
  });
}

/** Shares of the period in each status, the largest first. */
export function overPeriod({ replay }: Findings, id: string, whole: number): string {
  const seconds = replay.histories.get(id)?.seconds;
  if (seconds === undefined) return 'unknown 100.0 %';
  return STATUSES.filter((status) => seconds[status] > 0)
    .toSorted((one, other) => seconds[other] - seconds[one])
    .map((status) => `${status.replaceAll('_', ' ')} ${shareText(seconds[status], whole)}`)
    .join(', ');
}

/** Controls that nothing tests have no section of their own, unless they were asked for by name. */
export function hasSection({ replay, question }: Findings, id: string): boolean {
  if (question.controls !== null) return true;
  const found = replay.standing.get(id);
  return (
    found !== undefined &&
    (found.status === 'not_applicable' || found.aspects.some(({ basis }) => basis !== null))
  );
}
