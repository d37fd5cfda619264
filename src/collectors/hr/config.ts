import { z } from 'zod';
import { dateFormat, exportFields, timeZone } from '../exports/config.ts';

const text = z.string().min(1);

/** The section of a Collector manifest whose plugin is `hr`. */
export const hrConfig = z
  .strictObject({
    scope: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 letters, digits, ".", "_" and "-"'),
    title: text.max(128).optional(),
    ...exportFields,
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
    delimiter: z.string().length(1).default(','),
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
