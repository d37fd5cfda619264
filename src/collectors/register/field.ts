import { z } from 'zod';
import type { Kind } from '../../inventory/kind.ts';

type Json = z.core.JSONSchema._JSONSchema;

/** What a cell must be to become a field of a record. */
export type Form =
  | { readonly type: 'text' }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | { readonly type: 'boolean' }
  /** `day`: which second of a day is meant. `ahead`: it may lie after the register's own date. */
  | { readonly type: 'instant'; readonly day: 'start' | 'end'; readonly ahead: boolean }
  | { readonly type: 'duration' }
  | { readonly type: 'number' };

/** A field of a kind, as far as mapping needs to know it. */
export interface Field {
  readonly name: string;
  readonly form: Form;
  readonly nullable: boolean;
  readonly list: boolean;
  /** Text that may be empty: it need not be mapped. */
  readonly blank: boolean;
}

const own: ReadonlySet<string> = new Set(['id', 'kind', 'source', 'scope', 'raw']);

/** The fields of the kind, its record's own identity left out. Throws for a form that no cell can have: a defect of the kind. */
export function fieldsOf(kind: Kind): readonly Field[] {
  const { properties = {} } = z.toJSONSchema(kind.schema);
  return Object.entries(properties).flatMap(([name, property]) =>
    own.has(name) ? [] : [fieldOf(kind.name, name, property)],
  );
}

function fieldOf(kind: string, name: string, property: Json): Field {
  const all = alternatives(property);
  const told = all.filter(({ type }) => type !== 'null');
  const [only] = told;
  const fault = new TypeError(`${kind}.${name}: no cell of a register can tell it`);
  if (only === undefined || told.length !== 1) throw fault;
  const nullable = told.length < all.length;
  if (only.type !== 'array') {
    return { name, form: formOf(name, only, fault), nullable, list: false, blank: isBlank(only) };
  }
  const { items } = only;
  if (items === undefined || typeof items === 'boolean' || Array.isArray(items)) throw fault;
  return { name, form: formOf(name, items, fault), nullable, list: true, blank: false };
}

type Schema = Exclude<Json, boolean>;

/** "Or null" is said by alternatives, or by a list of types. */
function alternatives(schema: Json): readonly Schema[] {
  if (typeof schema === 'boolean') return [];
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => alternatives(one));
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : [schema];
}

function formOf(name: string, { type, enum: words }: Schema, fault: TypeError): Form {
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'string' && words !== undefined)
    return { type: 'word', words: words.flatMap((word) => (typeof word === 'string' ? [word] : [])) };
  if (type === 'string') return { type: 'text' };
  if (type !== 'integer') throw fault;
  if (/(^|_)seconds$/.test(name)) return { type: 'duration' };
  if (/(^|_)(at|of|until)$/.test(name)) return instantOf(name);
  return { type: 'number' };
}

/** What is due, planned or valid until a day is so until that day ends; what was listed as of a day, at its end. */
function instantOf(name: string): Form {
  const due = /(^|_)(due|next|until|planned)(_|$)/.test(name);
  const day = due || name.endsWith('as_of') ? 'end' : 'start';
  return { type: 'instant', day, ahead: due || /(^|_)started(_|$)/.test(name) };
}

function isBlank({ type, pattern, enum: words, minLength = 0 }: Schema): boolean {
  if (type !== 'string' || words !== undefined || minLength > 0) return false;
  return pattern === undefined || new RegExp(pattern, 'u').test('');
}
