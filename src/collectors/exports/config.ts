import { z } from 'zod';
import type { SecretRef } from '../contract.ts';
import { secretRef } from '../secret-ref.ts';

const text = z.string().min(1);

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether the address is one that the register may be read from: https, or http on loopback; no user and password in it. */
export function isAllowedUrl(address: string): boolean {
  const url = URL.parse(address);
  return (
    url !== null &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.has(url.hostname)))
  );
}

/** YYYY, MM and DD, once each, with anything between them that is neither letter nor digit. */
export const dateFormat = z
  .string()
  .refine(
    (format) =>
      /^(?:YYYY|MM|DD|[^\p{L}\p{N}])+$/u.test(format) &&
      ['YYYY', 'MM', 'DD'].every((token) => format.split(token).length === 2),
    'expected YYYY, MM and DD once each, such as YYYY-MM-DD or DD/MM/YYYY',
  );

export const timeZone = z.string().refine(isTimeZone, 'expected a time zone such as Europe/Berlin');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

export const fileName = z
  .string()
  .refine(
    (pattern) => ['{YYYY}', '{MM}', '{DD}'].every((token) => pattern.split(token).length === 2),
    'expected a file name with {YYYY}, {MM} and {DD} in it',
  );

export const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a date such as 2026-01-31, or a date-time with its offset',
});

/** Where the export's own time comes from: a column that says it in every row, the file's name, or this declaration. */
export const asOf = z.union(
  [z.strictObject({ column: text }), z.strictObject({ fileName }), z.strictObject({ declared: instant })],
  { error: 'expected one of { column }, { fileName } and { declared }' },
);

/** Where an export is read from, and how: fields of a plugin's settings. One of `file` and `url`. */
export const exportFields = {
  /** A file, or with `asOf: { fileName }` a directory whose newest matching file is read. Relative to the configuration's directory. */
  file: text.optional(),
  url: z
    .union([z.string().refine(isAllowedUrl, 'expected an https URL'), z.strictObject({ env: text })])
    .optional(),
  /** Sent as `Authorization: Bearer`. */
  token: secretRef.optional(),
  /** Absent: the collection fails, and what rests on it is unknown. */
  asOf: asOf.optional(),
  maxBytes: z
    .int()
    .min(1)
    .max(1024 ** 3)
    .default(64 * 1024 ** 2),
  /** Seconds without a byte before an answer is given up. */
  requestTimeout: z.int().min(1).max(600).default(60),
};

export type AsOf = z.output<typeof asOf>;

/** What of a plugin's settings says where its export is. */
export interface ExportConfig {
  readonly file?: string | undefined;
  readonly url?: string | { readonly env: string } | undefined;
  readonly token?: SecretRef | undefined;
  readonly asOf?: AsOf | { readonly pointer: string } | { readonly header: 'date' } | undefined;
  readonly maxBytes: number;
  readonly requestTimeout: number;
}
