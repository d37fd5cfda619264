/**
 * Answers of the AWS Query protocol, written by the SDK's own model: a member that the model doesn't know, a value of another type or a required
 * member that is missing throws. So no stub can answer what the service could not.
 *
 * The model's arrays (`@aws-sdk/client-*`, schemas): `[3, namespace, name, traits, members, types, required]` is a structure, the first
 * `required` of whose members must be there; `[1, namespace, name, traits, item]` a list,
 * `[0, namespace, name, traits, type]` a name for a type. Types are numbers (0 string, 1 number, 2 boolean,
 * 4 timestamp, 21 blob; 64 + x a list and 128 + x a map of those), functions that give a schema, or either in an array with traits.
 */
export function writeAnswer(operation: string, schema: unknown, answer: object, requestId: string): string {
  const result = writeStructure(schema, answer, operation);
  return (
    `<${operation}Response><${operation}Result>${result}</${operation}Result>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`
  );
}

const SIMPLE = 0;
const STRUCTURE = 3;
const LIST = 1;
const LIST_OF = 64;
const MAP_OF = 128;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A type without the indirection and the traits that may be around it. */
function resolve(type: unknown): unknown {
  if (typeof type === 'function') {
    const given: unknown = type();
    return resolve(given);
  }
  if (!Array.isArray(type)) return type;
  if (typeof type[0] === 'function' || Array.isArray(type[0])) return resolve(type[0]);
  return type[0] === SIMPLE ? resolve(type[4]) : type;
}

function writeStructure(schema: unknown, value: unknown, at: string): string {
  if (!Array.isArray(schema) || schema[0] !== STRUCTURE)
    throw new Error(`${at}: not a structure of the model`);
  if (typeof value !== 'object' || value === null) throw new Error(`${at}: expected an object`);
  const names: readonly string[] = schema[4];
  const types: readonly unknown[] = schema[5];
  const required: number = schema[6] ?? 0;
  const members = new Map<string, unknown>(Object.entries(value));
  for (const name of members.keys())
    if (!names.includes(name)) throw new Error(`${at}: the model has no ${name}`);
  return names
    .map((name, index) => {
      const member = members.get(name);
      if (member !== undefined)
        return `<${name}>${writeValue(types[index], member, `${at}.${name}`)}</${name}>`;
      if (index < required) throw new Error(`${at}: ${name} is required`);
      return '';
    })
    .join('');
}

function writeValue(type: unknown, value: unknown, at: string): string {
  const resolved = resolve(type);
  if (Array.isArray(resolved)) {
    if (resolved[0] !== LIST) return writeStructure(resolved, value, at);
    return writeList(resolved[4], value, at);
  }
  if (typeof resolved !== 'number') throw new Error(`${at}: a type that is not read here`);
  if (resolved >= MAP_OF) return writeMap(resolved - MAP_OF, value, at);
  if (resolved >= LIST_OF) return writeList(resolved - LIST_OF, value, at);
  return writeSimple(resolved, value, at);
}

function writeList(item: unknown, value: unknown, at: string): string {
  if (!Array.isArray(value)) throw new Error(`${at}: expected a list`);
  return value
    .map((entry, index) => `<member>${writeValue(item, entry, `${at}[${index}]`)}</member>`)
    .join('');
}

function writeMap(item: unknown, value: unknown, at: string): string {
  if (typeof value !== 'object' || value === null) throw new Error(`${at}: expected a map`);
  return Object.entries(value)
    .map(
      ([key, entry]) =>
        `<entry><key>${escape(key)}</key><value>${writeValue(item, entry, `${at}.${key}`)}</value></entry>`,
    )
    .join('');
}

function writeSimple(type: number, value: unknown, at: string): string {
  if (type === 0 && typeof value === 'string') return escape(value);
  if (type === 1 && typeof value === 'number') return String(value);
  if (type === 2 && typeof value === 'boolean') return String(value);
  if (type === 4 && value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  if (type === 21 && value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  throw new Error(`${at}: expected the model's type ${type}, got ${typeof value}`);
}
