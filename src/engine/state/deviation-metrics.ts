import { severities, type Severity } from '../../controls/contract.ts';
import type { MetricsSnapshot } from '../view.ts';
import type { Row } from './items.ts';

const DAY = 86_400;

/** Ages by their upper end, in seconds, which is not among them. */
const ages = [
  ['under 1d', DAY],
  ['1d to 7d', 7 * DAY],
  ['7d to 30d', 30 * DAY],
  ['30d to 90d', 90 * DAY],
  ['90d and more', Infinity],
] as const;

function ageOf(seconds: number): string {
  return ages.find(([, end]) => seconds < end)?.[0] ?? ages[0][0];
}

/** Of the open deviations of one check. */
export function openOf(rows: readonly Row<'deviation'>[], now: number) {
  const first = rows.map((row) => row.first_seen_at);
  return {
    open: rows.length,
    accepted: rows.filter((row) => row.exception !== null).length,
    overdue: rows.filter((row) => row.exception === null && row.due_at < now).length,
    oldestAt: first.length === 0 ? null : Math.min(...first),
  };
}

/** Every severity and age, with how many of the open deviations have them. */
export function deviationAges(open: readonly Row<'deviation'>[], now: number): MetricsSnapshot['ages'] {
  const counts = new Map<string, number>();
  const key = (severity: Severity, age: string): string => `${severity} ${age}`;
  for (const { severity, first_seen_at } of open) {
    const cell = key(severity, ageOf(now - first_seen_at));
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return severities.flatMap((severity) =>
    ages.map(([age]) => ({ severity, age, open: counts.get(key(severity, age)) ?? 0 })),
  );
}
