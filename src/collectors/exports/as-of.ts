import { z } from 'zod';
import { CollectorError } from '../error.ts';
import type { ExportConfig } from './config.ts';
import { type Day, fileNameReader, type Zone } from './dates.ts';

/** Reads a date of the export's format or a date-time with offset; Unix seconds. A date means its first second. */
export interface Times {
  readonly days: Zone;
  readonly dayIn: (text: string) => Day | undefined;
}

const isoInstant = z.iso.datetime({ offset: true });

/** The export's own time where it doesn't depend on what it holds: from its name or declared. Undefined: what it holds, or its answer, says it. */
export function statedAsOf(config: ExportConfig, times: Times, name: string): number | undefined {
  const { asOf } = config;
  if (asOf === undefined) {
    throw new CollectorError('as-of', 'nothing says when the export was made: configure asOf');
  }
  if (!('fileName' in asOf || 'declared' in asOf)) {
    return undefined;
  }
  const day = 'fileName' in asOf ? fileNameReader(asOf.fileName)(name) : isoDay(asOf.declared);
  if (day !== undefined) {
    return times.days.startOf(day);
  }
  if ('declared' in asOf) {
    return Math.floor(Date.parse(asOf.declared) / 1000);
  }
  throw new CollectorError('as-of', `the export's name has no date where ${asOf.fileName} expects it`);
}

/** The time that a row states; throws when it can't be read. */
export function rowAsOf(text: string, times: Times, row: number, column: string): number {
  return instantIn(text, times, `row ${row}, column ${column}`);
}

/** The time that is stated there; throws when it can't be read. */
export function instantIn(text: string, times: Times, place: string): number {
  const day = times.dayIn(text) ?? isoDay(text);
  if (day !== undefined) {
    return times.days.startOf(day);
  }
  if (isoInstant.safeParse(text).success) {
    return Math.floor(Date.parse(text) / 1000);
  }
  throw new CollectorError('as-of', `${place}: expected a date, or a date-time with its offset`);
}

function isoDay(text: string): Day | undefined {
  const [year, month, day] = z.iso.date().safeParse(text).data?.split('-').map(Number) ?? [];
  return year === undefined || month === undefined || day === undefined ? undefined : { year, month, day };
}

/** Clocks of servers that state the time of their answers may differ from ours by this many seconds. */
export const SKEW = 300;

/** Refuses an export from the future, and one older than the snapshot before: it would take evidence back. */
export function checkAsOf(asOf: number, now: number, previous: number | undefined, skew = 0): number {
  if (asOf > now + skew) {
    throw new CollectorError('as-of', `the export is dated ${iso(asOf)}, in the future (now ${iso(now)})`);
  }
  if (previous !== undefined && asOf < previous) {
    throw new CollectorError(
      'as-of',
      `the export is dated ${iso(asOf)}, older than the last (${iso(previous)})`,
    );
  }
  return asOf;
}

function iso(instant: number): string {
  return new Date(instant * 1000).toISOString();
}
