import { Cron } from 'croner';
import type { DatasetConfig } from '../config/contract.ts';

/** The next firing after an instant (Unix seconds): a cron expression in UTC, or the cadence added for `every ...`. */
export function nextFiring(dataset: Pick<DatasetConfig, 'schedule' | 'cadence'>, after: number): number {
  if (dataset.schedule.startsWith('every')) return after + dataset.cadence;
  const next = new Cron(dataset.schedule, { timezone: 'UTC' }).nextRun(new Date(after * 1000));
  return next === null ? after + dataset.cadence : Math.floor(next.getTime() / 1000);
}

/** Seconds. */
export const LONGEST_JITTER = 60;

/** A random delay of up to a twentieth of the cadence and at most a minute, so that many agents don't call a source together. */
export function jitter(cadence: number, random: () => number): number {
  return Math.floor(random() * Math.min(LONGEST_JITTER, cadence / 20));
}
