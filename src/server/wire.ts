import { z } from 'zod';

/** How schemas that change their value on the way are told in OpenAPI: as what goes over the wire. */
const told = z.registry<z.core.JSONSchema.BaseSchema>();

/** For zod's JSON Schema writer. */
export function tellWire(context: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const json = told.get(context.zodSchema);
  if (json !== undefined) {
    for (const key of Object.keys(context.jsonSchema)) delete context.jsonSchema[key];
    Object.assign(context.jsonSchema, json);
  }
  // Set by .readonly(), which is there for TypeScript; to OpenAPI it would mean something else.
  delete context.jsonSchema.readOnly;
}

/** The last second of the year 9999: RFC 3339 has four digits. */
const lastSecond = 253_402_300_799;

/** Unix seconds inside, RFC 3339 in UTC on the wire. */
export const instant = z
  .codec(z.iso.datetime({ precision: 0 }), z.int().min(0).max(lastSecond), {
    decode: (text) => Date.parse(text) / 1000,
    encode: (seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'),
  })
  .register(told, { type: 'string', format: 'date-time', description: 'RFC 3339, UTC.' });

/** A list, read-only as the engine's are. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(item).readonly();
}

/** One page of a list. */
export function page<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: list(item),
    next: z
      .string()
      .nullable()
      .describe('Give it as `cursor` for the page that follows; null on the last page.'),
  });
}

const defaultLimit = 100;

export const paging = {
  limit: z
    .string()
    .regex(/^(?:[1-9]\d{0,2}|1000)$/, 'expected an integer from 1 to 1000')
    .transform(Number)
    .default(defaultLimit)
    .register(told, {
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: defaultLimit,
      description: 'How many items a page has at most.',
    }),
  cursor: z
    .string()
    .regex(/^[\x21-\x7e]{1,1024}$/, 'expected the `next` of an earlier page')
    .optional()
    .describe('The `next` of the page before.'),
};

/** A log index in a path: digits without leading zeros, exact in a double. */
export const logIndex = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,14})$/, 'expected a log index: an integer from 0')
  .transform(Number)
  .register(told, { type: 'integer', minimum: 0, description: 'Index of an entry in the evidence log.' });

/** JavaScript takes the 31st of February for the 3rd of March. */
function isReal(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text.replace('Z', '.000Z');
}

const momentForm = /^(?:19[7-9]\d|[2-9]\d{3})-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** A moment in a query: Unix seconds inside. */
export const moment = z
  .string()
  .regex(momentForm, { error: 'expected a time from 1970 on, such as 2026-11-22T00:00:00Z', abort: true })
  .refine(isReal, 'expected a time that there is')
  .transform((text) => Date.parse(text) / 1000)
  .register(told, {
    type: 'string',
    format: 'date-time',
    pattern: momentForm.source,
    description: 'RFC 3339, UTC, whole seconds.',
  });

function token(pattern: RegExp, expected: string) {
  return z.string().regex(pattern, `expected ${expected}`);
}

export const controlId = token(/^[A-Za-z0-9][A-Za-z0-9.]{0,15}$/, 'the id of a control, such as A.5.18');
export const manifestName = token(
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  'a name: 1 to 63 lower-case letters, digits and "-"',
);
export const runId = token(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'the id of a run');
export const streamName = token(
  /^[\x21-\x7e]{1,512}$/,
  'the name of a stream, such as snapshot/aws/iam-identities/111122223333',
);
/** A person, team or theme as the manifests or the catalogue spell it. OpenAPI is told without classes of Unicode, which few tools know. */
export const words = token(/^[^\p{Cc}\p{Cs}]{1,256}$/u, 'text of 1 to 256 characters').register(told, {
  type: 'string',
  pattern: String.raw`^[^\u0000-\u001f\u007f-\u009f]{1,256}$`,
});
