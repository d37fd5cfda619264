import { z } from 'zod';
import { typed } from '../../inventory/typed.ts';
import { durationText } from './duration.ts';
import type { Field, Form } from './field.ts';

const text = z.string().min(1);

/** Which column a field is read from, and how. */
export interface Mapping {
  readonly column?: string | undefined;
  /** Text of several columns: `{System}:{Login}`. */
  readonly template?: string | undefined;
  /** The register's own words, as written there, and what they mean; '' is an empty cell. */
  readonly values?: Readonly<Record<string, string | boolean | null>> | undefined;
  /** Between the items of a list. */
  readonly separator?: string | undefined;
  /** Of a duration that is a number alone. */
  readonly unit?: Unit | undefined;
  /** Which second of a day is meant. */
  readonly day?: 'start' | 'end' | undefined;
  /** Yes when the cell holds a date, no when it is empty. */
  readonly dated?: boolean | undefined;
  /** YAML and front matter alone: an entry without the key is one whose value is empty. */
  readonly optional?: boolean | undefined;
}

export type Unit = 's' | 'm' | 'h' | 'd' | 'w';

/** What a field is in every row. */
export type Constant = string | number | boolean | null | readonly (string | number | boolean)[];

const placeholder = /\{([^{}]+)\}/g;

/** The columns that a template names. */
export function placeholders(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].map(([, name]) => name ?? '');
}

/** The template with each column's text in its place. */
export function filled(template: string, textOf: (column: string) => string): string {
  return template.replace(placeholder, (_, name: string) => textOf(name));
}

const template = z
  .string()
  .refine((value) => placeholders(value).length > 0, 'expected text with {columns} in it');

/** The mappings that a field can have: a column's name alone, or with how it is read. */
export function mappingSchema(field: Field): z.ZodType<string | Mapping> {
  const means = meaning(field);
  const column = {
    column: text,
    optional: z.boolean().optional(),
    ...(means !== undefined && { values: z.record(z.string(), means).optional() }),
    ...(field.list && { separator: z.string().length(1).default(';') }),
    ...(field.form.type === 'duration' && { unit: z.enum(['s', 'm', 'h', 'd', 'w']).optional() }),
    ...(field.form.type === 'boolean' && !field.list && { dated: z.literal(true).optional() }),
    ...(field.form.type === 'instant' && { day: z.enum(['start', 'end']).optional() }),
  };
  const long = typed<z.ZodType<Mapping>>(z.strictObject(column));
  return field.form.type === 'text' && !field.list
    ? z.union([text, long, z.strictObject({ template })])
    : z.union([text, long]);
}

/** What a word of the register may mean; undefined where words mean nothing but themselves. */
function meaning({ form, nullable }: Field): z.ZodType<string | boolean | null> | undefined {
  const own = wordOf(form);
  if (own === undefined) return nullable ? z.null() : undefined;
  return nullable ? z.union([own, z.null()]) : own;
}

function wordOf(form: Form): z.ZodType<string | boolean> | undefined {
  if (form.type === 'word') return z.enum(form.words);
  if (form.type === 'boolean') return z.boolean();
  return form.type === 'text' ? z.string() : undefined;
}

export function constantSchema(field: Field): z.ZodType<Constant> | undefined {
  const own = constantOf(field.form);
  if (field.list) return own === undefined ? undefined : z.array(own);
  if (own === undefined) return field.nullable ? z.null() : undefined;
  return field.nullable ? z.union([own, z.null()]) : own;
}

function constantOf(form: Form): z.ZodType<string> | z.ZodType<boolean> | z.ZodType<number> | undefined {
  if (form.type === 'word') return z.enum(form.words);
  if (form.type === 'boolean') return z.boolean();
  if (form.type === 'duration') return durationText;
  if (form.type === 'number') return z.int();
  return form.type === 'text' ? text : undefined;
}
