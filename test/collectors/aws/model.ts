/**
 * The SDK's own schemas of operations, their inputs and outputs (`X$` of each `@aws-sdk/client-*`), read into shapes.
 *
 * `[9, namespace, name, traits, input, output]` is an operation, `[3, namespace, name, traits, members, types, required]` a structure, the first
 * `required` of whose members must be there (4 is a union, -3 an error), `[1, namespace, name, traits, item]` a list,
 * `[2, namespace, name, traits, key, value]` a map, `[0, namespace, name, traits, type]` a name for a type. A type is a number (64 + x is a list
 * and 128 + x a map of those), `"unit"`, a function that gives a schema, or `[schema, traits]`. Traits are an object or bits.
 */
export type Traits = Readonly<Record<string, unknown>>;

const STRING = 0;
const NUMBER = 1;
const BOOLEAN = 2;
/** In the form that the place has by default; 5: date-time, 6: as in HTTP's Date, 7: epoch seconds. */
const TIMESTAMP = 4;
const DOCUMENT = 15;
const BLOB = 21;
const STREAM = 42;
const LIST_OF = 64;
const MAP_OF = 128;

export type SimpleType =
  | 'string'
  | 'number'
  | 'boolean'
  | 'timestamp'
  | 'date-time'
  | 'http-date'
  | 'epoch'
  | 'document'
  | 'blob';

export interface Member {
  readonly name: string;
  readonly shape: Shape;
  /** Those of the member alone. */
  readonly traits: Traits;
  readonly required: boolean;
}

export type Shape =
  | { readonly kind: 'simple'; readonly type: SimpleType; readonly name: string; readonly traits: Traits }
  | { readonly kind: 'list'; readonly item: Member; readonly name: string; readonly traits: Traits }
  | {
      readonly kind: 'map';
      readonly key: Member;
      readonly value: Member;
      readonly name: string;
      readonly traits: Traits;
    }
  | {
      readonly kind: 'structure';
      readonly members: readonly Member[];
      readonly name: string;
      readonly traits: Traits;
    };

export interface Operation {
  readonly name: string;
  /** Method, path with labels and constant query, status; undefined where all calls go to `/`. */
  readonly http: readonly [method: string, path: string, status: number] | undefined;
  readonly input: Shape;
  readonly output: Shape;
}

const SIMPLE: ReadonlyMap<number, SimpleType> = new Map<number, SimpleType>([
  [STRING, 'string'],
  [NUMBER, 'number'],
  [BOOLEAN, 'boolean'],
  [TIMESTAMP, 'timestamp'],
  [5, 'date-time'],
  [6, 'http-date'],
  [7, 'epoch'],
  [DOCUMENT, 'document'],
  [17, 'number'],
  [19, 'number'],
  [BLOB, 'blob'],
  [STREAM, 'blob'],
]);

const BITS = ['httpLabel', '', '', '', 'httpPayload', 'httpResponseCode', 'httpQueryParams'] as const;

function traitsOf(traits: unknown): Traits {
  if (typeof traits === 'object' && traits !== null) return { ...traits };
  const bits = typeof traits === 'number' ? traits : 0;
  const names = BITS.filter((name, index) => name !== '' && ((bits >> index) & 1) === 1);
  return Object.fromEntries(names.map((name) => [name, 1]));
}

/** Every operation that a module of the SDK exports the schema of, by name. */
export function operationsIn(module: object): ReadonlyMap<string, Operation> {
  const found = new Map<string, Operation>();
  for (const schema of Object.values(module)) {
    if (!Array.isArray(schema) || schema[0] !== 9) continue;
    const [, , name, traits, input, output]: readonly unknown[] = schema;
    const { http } = traitsOf(traits);
    const operation = {
      name: String(name),
      http: isHttp(http) ? http : undefined,
      // Read when first asked for: EC2 alone has some thousands of structures.
      get input() {
        return shapeOf(input);
      },
      get output() {
        return shapeOf(output);
      },
    };
    found.set(operation.name, operation);
  }
  return found;
}

const isHttp = (value: unknown): value is readonly [string, string, number] =>
  Array.isArray(value) && value.length === 3;

const UNIT: Shape = { kind: 'structure', members: [], name: 'Unit', traits: {} };
const known = new Map<unknown, Shape>();

function shapeOf(schema: unknown): Shape {
  if (schema === 'unit') return UNIT;
  if (typeof schema === 'function') {
    const given: unknown = schema();
    return shapeOf(given);
  }
  const already = known.get(schema);
  if (already !== undefined) return already;
  const shape = typeof schema === 'number' ? ofNumber(schema) : ofArray(schema);
  known.set(schema, shape);
  return shape;
}

function ofNumber(type: number): Shape {
  const traits = {};
  if (type >= MAP_OF)
    return {
      kind: 'map',
      key: memberOf('key', STRING),
      value: memberOf('value', type - MAP_OF),
      name: 'Map',
      traits,
    };
  if (type >= LIST_OF)
    return { kind: 'list', item: memberOf('member', type - LIST_OF), name: 'List', traits };
  const simple = SIMPLE.get(type);
  if (simple === undefined) throw new Error(`the model has a type ${type} that is not read here`);
  return { kind: 'simple', type: simple, name: simple, traits };
}

function ofArray(schema: unknown): Shape {
  if (!Array.isArray(schema)) throw new Error('not a schema of the model');
  const parts: readonly unknown[] = schema;
  const [form, , called, given, first, second] = parts;
  const name = String(called);
  const traits = traitsOf(given);
  if (form === 0) return { ...shapeOf(first), name, traits };
  if (form === 1) return { kind: 'list', item: memberOf('member', first), name, traits };
  if (form === 2)
    return { kind: 'map', key: memberOf('key', first), value: memberOf('value', second), name, traits };
  if (form !== 3 && form !== 4 && form !== -3)
    throw new Error(`the model has a form ${String(form)} that is not read here`);
  const names: readonly unknown[] = Array.isArray(first) ? first : [];
  const types: readonly unknown[] = Array.isArray(second) ? second : [];
  const required = Number(parts[6] ?? 0);
  let members: readonly Member[] | undefined;
  return {
    kind: 'structure',
    // Read when first asked for: a structure may hold itself.
    get members() {
      members ??= names.map((member, index) => memberOf(String(member), types[index], index < required));
      return members;
    },
    name,
    traits,
  };
}

function memberOf(name: string, type: unknown, required = false): Member {
  const [schema, traits]: readonly unknown[] =
    Array.isArray(type) && type.length === 2 ? type : [type, undefined];
  let shape: Shape | undefined;
  return {
    name,
    get shape() {
      shape ??= shapeOf(schema);
      return shape;
    },
    traits: traitsOf(traits),
    required,
  };
}

/** The members of an answer's structure with their values. Throws at one that the model doesn't know, and at a required one that is missing. */
export function membersOf(
  shape: Shape,
  value: unknown,
  at: string,
): readonly { readonly member: Member; readonly value: unknown; readonly at: string }[] {
  if (shape.kind !== 'structure') throw new Error(`${at}: not a structure of the model`);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${at}: expected an object`);
  const given = new Map<string, unknown>(Object.entries(value));
  for (const name of given.keys())
    if (!shape.members.some((member) => member.name === name))
      throw new Error(`${at}: the model has no ${name}`);
  return shape.members.flatMap((member) => {
    const here = given.get(member.name);
    if (here !== undefined) return [{ member, value: here, at: `${at}.${member.name}` }];
    if (member.required) throw new Error(`${at}: ${member.name} is required`);
    return [];
  });
}

export function listOf(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${at}: expected a list`);
  return value;
}

export function entriesOf(value: unknown, at: string): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${at}: expected a map`);
  return Object.entries(value);
}

/** A simple value as text. `plain` is the form of a timestamp without one of its own. Throws when it has another type. */
export function textOf(
  type: SimpleType,
  value: unknown,
  at: string,
  plain: 'date-time' | 'http-date' | 'epoch',
): string {
  const form = type === 'timestamp' ? plain : type;
  if (value instanceof Date) {
    if (form === 'date-time') return value.toISOString().replace('.000Z', 'Z');
    if (form === 'http-date') return value.toUTCString();
    if (form === 'epoch') return String(value.getTime() / 1000);
  }
  if (form === 'blob' && value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (form === typeof value && (typeof value === 'string' || typeof value === 'boolean'))
    return String(value);
  if (form === 'number' && (typeof value === 'number' || typeof value === 'bigint')) return String(value);
  throw new Error(`${at}: expected the model's type ${type}, got ${typeof value}`);
}

/** The reverse of `textOf`, for what the SDK itself wrote. */
export function simpleOf(type: SimpleType, text: string): unknown {
  switch (type) {
    case 'number':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'blob':
      return Buffer.from(text, 'base64');
    case 'timestamp':
    case 'date-time':
    case 'http-date':
    case 'epoch':
      return new Date(/^[\d.]+$/.test(text) ? Number(text) * 1000 : text);
    default:
      return text;
  }
}
