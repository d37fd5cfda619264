import { z } from 'zod';

const text = z.string().min(1);

const secretRef = z.union([z.strictObject({ env: text }), z.strictObject({ file: text })]);

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
const dateFormat = z
  .string()
  .refine(
    (format) =>
      /^(?:YYYY|MM|DD|[^\p{L}\p{N}])+$/u.test(format) &&
      ['YYYY', 'MM', 'DD'].every((token) => format.split(token).length === 2),
    'expected YYYY, MM and DD once each, such as YYYY-MM-DD or DD/MM/YYYY',
  );

const timeZone = z.string().refine(isTimeZone, 'expected a time zone such as Europe/Berlin');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

const fileName = z
  .string()
  .refine(
    (pattern) => ['{YYYY}', '{MM}', '{DD}'].every((token) => pattern.split(token).length === 2),
    'expected a file name with {YYYY}, {MM} and {DD} in it',
  );

const instant = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a date such as 2026-01-31, or a date-time with its offset',
});

/** Where the export's own time comes from: a column that says it in every row, the file's name, or this declaration. */
const asOf = z.union(
  [z.strictObject({ column: text }), z.strictObject({ fileName }), z.strictObject({ declared: instant })],
  { error: 'expected one of { column }, { fileName } and { declared }' },
);

/** The section of a Collector manifest whose plugin is `hr`. */
export const hrConfig = z
  .strictObject({
    scope: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 letters, digits, ".", "_" and "-"'),
    title: text.max(128).optional(),
    /** A file, or with `asOf: { fileName }` a directory whose newest matching file is read. Relative to the configuration's directory. */
    file: text.optional(),
    url: z
      .union([z.string().refine(isAllowedUrl, 'expected an https URL'), z.strictObject({ env: text })])
      .optional(),
    /** Sent as `Authorization: Bearer`. */
    token: secretRef.optional(),
    columns: z.strictObject({
      personId: text,
      workEmail: text,
      logins: z.strictObject({ column: text, separator: z.string().length(1).default(';') }).optional(),
      status: text.optional(),
      start: text.optional(),
      lastDay: text.optional(),
    }),
    /** The register's words for a status, as written there. */
    statuses: z.record(z.string(), z.enum(['active', 'leave', 'left', 'future'])).optional(),
    dateFormat: dateFormat.default('YYYY-MM-DD'),
    /** In which days begin and end. */
    timeZone: timeZone.default('UTC'),
    /** Absent: the collection fails, and what rests on it is unknown. */
    asOf: asOf.optional(),
    delimiter: z.string().length(1).default(','),
    maxBytes: z
      .int()
      .min(1)
      .max(1024 ** 3)
      .default(64 * 1024 ** 2),
    /** Seconds without a byte before an answer is given up. */
    requestTimeout: z.int().min(1).max(600).default(60),
  })
  .superRefine((config, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if ((config.file === undefined) === (config.url === undefined)) {
      fault(['file'], 'expected one of file and url');
    }
    if (config.token !== undefined && config.url === undefined) {
      fault(['token'], 'expected no token for a file');
    }
    if ((config.columns.status === undefined) !== (config.statuses === undefined)) {
      fault(['statuses'], 'expected statuses together with columns.status');
    }
  })
  .readonly();

export type HrConfig = z.output<typeof hrConfig>;
