import { z } from 'zod';
import { instant, manifest, manifestName, text } from './fields.ts';

/** The `Exception` manifest: an approved, expiring acceptance of deviations. */
export const exceptionManifest = manifest(
  'Exception',
  z
    .strictObject({
      /** The name of the check whose deviations are accepted. */
      check: manifestName,
      /** Exact ids of records, or every record that fails the check. */
      records: z.union([z.array(text).min(1), z.strictObject({ all: z.literal(true) })], {
        error: 'expected a list of record ids, or { all: true }',
      }),
      reason: text,
      /** What is being accepted: the risk, in the organisation's words or by its number in the register. */
      risk: text,
      approver: text,
      /** Unix seconds. */
      approvedAt: instant,
      /** Unix seconds: the first moment at which it no longer holds. */
      expires: instant,
    })
    .refine((spec) => spec.expires > spec.approvedAt, {
      path: ['expires'],
      message: 'expected a time after approvedAt',
    }),
);

export type Exception = z.output<typeof exceptionManifest>;

/** An exception with the moment from which it counts. */
export interface SealedException {
  readonly exception: Exception;
  /** When its present wording was first sealed, Unix seconds. */
  readonly sealedAt: number;
}

/** The later of approval and sealing: an exception never reaches back. */
export function validFrom({ exception, sealedAt }: SealedException): number {
  return Math.max(exception.spec.approvedAt, sealedAt);
}

/** Whether the exception holds at the moment. */
export function isValid(sealed: SealedException, now: number): boolean {
  return validFrom(sealed) <= now && now < sealed.exception.spec.expires;
}

/** Whether the exception is about this record of this check, valid or not. */
function covers(exception: Exception, check: string, record: string): boolean {
  if (exception.spec.check !== check) {
    return false;
  }
  const { records } = exception.spec;
  return Array.isArray(records) ? records.includes(record) : records.all;
}

/** The first valid exception, by name, that accepts the record's deviation; undefined when none does. */
export function acceptedBy(
  exceptions: readonly SealedException[],
  deviation: { readonly check: string; readonly record: string },
  now: number,
): Exception | undefined {
  return exceptions
    .filter((sealed) => isValid(sealed, now))
    .map((sealed) => sealed.exception)
    .filter((exception) => covers(exception, deviation.check, deviation.record))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}
