import { isUtf8 } from 'node:buffer';
import canonicalize from 'canonicalize';
import { EvidenceError } from './error.ts';

const MAX_DEPTH = 64;

/**
 * The RFC 8785 (JCS) text of a plain JSON value. `where` begins the message of the `invalid` EvidenceError that anything
 * else throws: undefined, NaN, Infinity, a lone surrogate, an integer beyond 2^53-1, an object that isn't plain.
 */
export function jcs(value: unknown, where: string): string {
  const fault = faultOf(value, 0);
  const text = fault === undefined ? canonicalize(value) : undefined;
  if (text === undefined) throw new EvidenceError('invalid', `${where}${fault ?? ': not a JSON value'}`);
  return text;
}

/** The value of a text that `jcs` wrote. Throws `corrupt` for any other text. */
export function parseJcs(bytes: Uint8Array, where: string): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isUtf8(bytes) && canonical(value) === text) return value;
  } catch (cause) {
    throw new EvidenceError('corrupt', `${where}: not canonical JSON (RFC 8785)`, { cause });
  }
  throw new EvidenceError('corrupt', `${where}: not canonical JSON (RFC 8785)`);
}

/**
 * The RFC 8785 text of what JSON.parse gave; undefined when `jcs` would refuse it. RFC 8785 writes strings and numbers as JSON.stringify does: where the
 * members are in their order, so is the whole.
 */
function canonical(value: unknown): string | undefined {
  if (isOrdered(value, 0)) return JSON.stringify(value);
  return faultOf(value, 0) === undefined ? canonicalize(value) : undefined;
}

/** Whether it is without a fault, and all objects in it have their members in the order of UTF-16 units. */
function isOrdered(value: unknown, depth: number): boolean {
  if (!isNested(value)) return faultOf(value, depth) === undefined;
  if (depth === MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isOrdered(item, depth + 1));
  let last: string | undefined;
  for (const key of Object.keys(value)) {
    if ((last !== undefined && key <= last) || key === 'toJSON' || !key.isWellFormed()) return false;
    if (!isOrdered(value[key], depth + 1)) return false;
    last = key;
  }
  return true;
}

function isNested(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

// canonicalize drops undefined, calls toJSON and writes large integers rounded, so these are refused before it.
/** Why the value is not JSON, after the path to the place; undefined when it is. */
function faultOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : ': a string with a lone surrogate';
    case 'number':
      if (!Number.isFinite(value)) return `: ${value} is not a JSON number`;
      if (Number.isSafeInteger(value) || !Number.isInteger(value)) return undefined;
      return `: the integer ${value} is beyond 2^53-1; write it as a string`;
    case 'boolean':
      return undefined;
    case 'object':
      return value === null ? undefined : memberFault(value, depth);
    default:
      return `: ${typeof value} is not a JSON value`;
  }
}

function memberFault(value: object, depth: number): string | undefined {
  if (depth === MAX_DEPTH) return `: nested deeper than ${MAX_DEPTH}`;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const fault = faultOf(value[i], depth + 1);
      if (fault !== undefined) return `[${i}]${fault}`;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value)
    return ': not a plain object';
  for (const [key, member] of Object.entries(value)) {
    if (!key.isWellFormed()) return ': a field name with a lone surrogate';
    const fault = faultOf(member, depth + 1);
    if (fault !== undefined) return `.${key}${fault}`;
  }
  return undefined;
}
