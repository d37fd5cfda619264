import { z } from 'zod';
import {
  asOf as exportAsOf,
  dateFormat,
  exportFields,
  fileName,
  instant,
  timeZone,
} from '../exports/config.ts';

const text = z.string().min(1);

/** Fields of the settings, whatever the form of the register. */
const registerFields = {
  scope: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'expected 1 to 128 letters, digits, ".", "_" and "-"'),
  title: text.max(128).optional(),
  ...exportFields,
  /** The register's words for a status, as written there. */
  statuses: z.record(z.string(), z.enum(['active', 'leave', 'left', 'future'])).optional(),
  /** The register's words for how somebody is engaged. */
  types: z.record(z.string(), z.enum(['employee', 'contractor', 'other'])).optional(),
  dateFormat: dateFormat.default('YYYY-MM-DD'),
  /** In which days begin and end. */
  timeZone: timeZone.default('UTC'),
  /** Days for which a move to another department is told. */
  transferDays: z.int().min(1).max(3650).default(400),
};

const csv = z
  .strictObject({
    format: z.literal('csv'),
    ...registerFields,
    asOf: exportAsOf.optional(),
    columns: z.strictObject({
      personId: text,
      workEmail: text,
      logins: z.strictObject({ column: text, separator: z.string().length(1).default(';') }).optional(),
      status: text.optional(),
      start: text.optional(),
      lastDay: text.optional(),
      type: text.optional(),
      manager: text.optional(),
      department: text.optional(),
    }),
    delimiter: z.string().length(1).default(','),
  })
  .superRefine((config, context) => faults(config, config.columns, 'columns', context));

const pointer = z
  .string()
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'expected a JSON Pointer such as /work/email (RFC 6901)');

/** Where a field stands in an item. It must be in every item, though it may be null or empty, unless it is `optional`. */
const field = z.union(
  [
    pointer.transform((at) => ({ pointer: at, optional: false })),
    z.strictObject({ pointer, optional: z.boolean().default(false) }),
  ],
  { error: 'expected a JSON Pointer, or { pointer, optional }' },
);

const parameter = z.string().regex(/^[A-Za-z0-9_.~[\]-]{1,64}$/, 'expected the name of a query parameter');

const pages = z.union(
  [
    /** `next` leads to the address of the next page, or with `parameter` to a cursor that is put there. */
    z.strictObject({ next: pointer, parameter: parameter.optional() }),
    z.strictObject({ number: parameter, first: z.int().min(0).default(1) }),
  ],
  { error: 'expected { next }, { next, parameter } or { number }' },
);

const json = z
  .strictObject({
    format: z.literal('json'),
    ...registerFields,
    asOf: z
      .union(
        [
          z.strictObject({ pointer }),
          z.strictObject({ header: z.literal('date') }),
          z.strictObject({ fileName }),
          z.strictObject({ declared: instant }),
        ],
        { error: 'expected one of { pointer }, { header: date }, { fileName } and { declared }' },
      )
      .optional(),
    /** The list of people. */
    items: pointer,
    fields: z.strictObject({
      personId: field,
      workEmail: field,
      logins: field.optional(),
      status: field.optional(),
      start: field.optional(),
      lastDay: field.optional(),
      type: field.optional(),
      manager: field.optional(),
      department: field.optional(),
    }),
    pages: pages.optional(),
    /** How many people there are, over all pages. */
    total: pointer.optional(),
    /** How often a request that was throttled is made, the first time included. */
    attempts: z.int().min(1).max(10).default(4),
  })
  .superRefine((config, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    faults(config, config.fields, 'fields', context);
    if (config.url === undefined && config.pages !== undefined)
      fault(['pages'], 'expected no pages of a file');
    if (config.url === undefined && config.asOf !== undefined && 'header' in config.asOf)
      fault(['asOf'], 'expected no header of a file');
    if (config.pages !== undefined && 'number' in config.pages && config.total === undefined)
      fault(['total'], 'expected a total with numbered pages: nothing else tells the last one');
  });

interface Mapped {
  readonly file?: string | undefined;
  readonly url?: unknown;
  readonly token?: unknown;
  readonly statuses?: unknown;
  readonly types?: unknown;
}

/** What is wrong between fields, whatever the form. */
function faults(
  config: Mapped,
  mapping: { readonly status?: unknown; readonly type?: unknown },
  name: 'columns' | 'fields',
  context: z.RefinementCtx,
): void {
  const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if ((config.file === undefined) === (config.url === undefined))
    fault(['file'], 'expected one of file and url');
  if (config.token !== undefined && config.url === undefined)
    fault(['token'], 'expected no token for a file');
  if ((mapping.status === undefined) !== (config.statuses === undefined))
    fault(['statuses'], `expected statuses together with ${name}.status`);
  if ((mapping.type === undefined) !== (config.types === undefined))
    fault(['types'], `expected types together with ${name}.type`);
}

/** The section of a Collector manifest whose plugin is `hr`. Without `format` the register is a CSV. */
export const hrConfig = z.preprocess(
  (settings) =>
    typeof settings === 'object' && settings !== null && !('format' in settings)
      ? { format: 'csv', ...settings }
      : settings,
  z.discriminatedUnion('format', [csv, json]).readonly(),
);

export type HrConfig = z.output<typeof hrConfig>;
export type CsvConfig = Extract<HrConfig, { format: 'csv' }>;
export type JsonConfig = Extract<HrConfig, { format: 'json' }>;
