import { CollectorError } from './error.ts';

/** A vendor's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;

/** The as-of time of what was collected, Unix seconds: the earliest answer's own Date, since whatever was answered later is no older. Throws `as-of` without one, and for one in the future. */
export function answered(what: string, asOf: number | undefined, now: number): number {
  if (asOf === undefined) throw new CollectorError('as-of', `${what}: answered without a Date header`);
  if (asOf > now + SKEW)
    throw new CollectorError(
      'as-of',
      `${what}: answered in the future (${new Date(asOf * 1000).toISOString()})`,
    );
  return asOf;
}
