import { isUtf8 } from 'node:buffer';
import canonicalize from 'canonicalize';
import { EvidenceError } from './error.ts';

const MAX_DEPTH = 64;

/**
 * The RFC 8785 (JCS) text of a plain JSON value. `where` begins the message of the `invalid` EvidenceError that anything
 * else throws: undefined, NaN, Infinity, a lone surrogate, an integer beyond 2^53-1, an object that isn't plain.
 */
export function jcs(value: unknown, where: string): string {
  assertJson(value, where, 0);
  const text = canonicalize(value);
  if (text === undefined) refuse(where, 'not a JSON value');
  return text;
}

/** The value of a text that `jcs` wrote. Throws `corrupt` for any other text. */
export function parseJcs(bytes: Uint8Array, where: string): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isUtf8(bytes) && jcs(value, where) === text) return value;
  } catch (cause) {
    throw new EvidenceError('corrupt', `${where}: not canonical JSON (RFC 8785)`, { cause });
  }
  throw new EvidenceError('corrupt', `${where}: not canonical JSON (RFC 8785)`);
}

// canonicalize drops undefined, calls toJSON and writes large integers rounded, so these are refused before it.
function assertJson(value: unknown, where: string, depth: number): void {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) refuse(where, 'a string with a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(where, `${value} is not a JSON number`);
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        refuse(where, `the integer ${value} is beyond 2^53-1; write it as a string`);
      }
      return;
    case 'boolean':
      return;
    case 'object':
      if (value !== null) assertMembers(value, where, depth);
      return;
    default:
      refuse(where, `${typeof value} is not a JSON value`);
  }
}

function assertMembers(value: object, where: string, depth: number): void {
  if (depth === MAX_DEPTH) refuse(where, `nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) assertJson(value[i], `${where}[${i}]`, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) {
    refuse(where, 'not a plain object');
  }
  for (const [key, member] of Object.entries(value)) {
    if (!key.isWellFormed()) refuse(where, 'a field name with a lone surrogate');
    assertJson(member, `${where}.${key}`, depth + 1);
  }
}

function refuse(where: string, why: string): never {
  throw new EvidenceError('invalid', `${where}: ${why}`);
}
