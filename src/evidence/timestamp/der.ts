import { EvidenceError } from '../error.ts';

/** One DER value: `tag` is the identifier octet, `raw` all of its bytes, `body` those after the length. */
export interface Der {
  readonly tag: number;
  readonly raw: Uint8Array;
  readonly body: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The context-specific tag `[n]` of a constructed value. */
export function context(n: number): number {
  return 0xa0 + n;
}

const CONSTRUCTED = 0x20;
const DEEPEST = 40;

/** The one value that the bytes are, all of it checked to be DER (X.690, clause 10 and 11). Throws `corrupt`. */
export function readDer(bytes: Uint8Array): Der {
  const [value, end] = readAt(bytes, 0);
  if (end !== bytes.length) throw malformed(`${bytes.length - end} bytes after its end`);
  assertDer(value, 0);
  return value;
}

/** What is in a constructed value of that tag. Throws `corrupt` naming it when it has another tag. */
export function children(value: Der | undefined, tag: number, what: string): readonly Der[] {
  return list(body(value, tag, what));
}

/** The bytes of a value of that tag. Throws `corrupt` naming it when it has another tag. */
export function body(value: Der | undefined, tag: number, what: string): Uint8Array {
  if (value?.tag !== tag) throw malformed(`${what} is missing or of another type`);
  return value.body;
}

/** An object identifier in dots. */
export function oid(value: Der | undefined, what: string): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of body(value, TAG.oid, what)) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(...(arc < 80n ? [arc / 40n, arc % 40n] : [2n, arc - 80n]));
    arc = 0n;
  }
  return arcs.join('.');
}

/** An INTEGER that is not negative and fits a number. */
export function smallInteger(value: Der | undefined, what: string): number {
  const bytes = body(value, TAG.integer, what);
  if (bytes.length > 6 || (bytes[0] ?? 0) >= 0x80) throw malformed(`${what} is out of range`);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** DER of a value, given its body in pieces. */
export function encodeDer(tag: number, ...pieces: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(pieces);
  const octets: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  const length = content.length < 0x80 ? [content.length] : [0x80 + octets.length, ...octets];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
}

/** DER of the INTEGER whose value the bytes are, most significant first, never negative. */
export function encodeUnsigned(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0);
  const digits = from === -1 ? Uint8Array.of(0) : bytes.subarray(from);
  return encodeDer(TAG.integer, ...((digits[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : []), digits);
}

function malformed(detail: string): EvidenceError {
  return new EvidenceError('corrupt', `not DER as expected: ${detail}`);
}

function list(bytes: Uint8Array): Der[] {
  const values: Der[] = [];
  for (let at = 0; at < bytes.length;) {
    const [value, end] = readAt(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

function readAt(bytes: Uint8Array, at: number): readonly [value: Der, end: number] {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw malformed('it ends early');
  if ((tag & 0x1f) === 0x1f) throw malformed('a tag of several bytes');
  const octets = first < 0x80 ? 0 : first - 0x80;
  if (octets > 4 || first === 0x80) throw malformed('a length that is indefinite or too long');
  const from = at + 2 + octets;
  const length =
    octets === 0 ? first : bytes.subarray(at + 2, from).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = from + length;
  if (end > bytes.length) throw malformed('it ends early');
  if (octets > 0 && (length < 0x80 || length < 256 ** (octets - 1)))
    throw malformed('a length in more bytes than it needs');
  return [{ tag, raw: bytes.subarray(at, end), body: bytes.subarray(from, end) }, end];
}

function assertDer({ tag, body }: Der, depth: number): void {
  if (depth > DEEPEST) throw malformed('nested too deep');
  if ((tag & CONSTRUCTED) !== 0) {
    if (tag < 0x40 && tag !== TAG.sequence && tag !== TAG.set) throw malformed('a string in pieces');
    for (const child of list(body)) assertDer(child, depth + 1);
    return;
  }
  const [first = 0, second = 0] = body;
  const wrong =
    (tag === TAG.boolean && (body.length !== 1 || (first !== 0 && first !== 0xff))) ||
    (tag === TAG.null && body.length > 0) ||
    (tag === TAG.integer &&
      (body.length === 0 ||
        (body.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))))) ||
    (tag === TAG.oid && !isOid(body)) ||
    (tag === TAG.bitString && !isBitString(body)) ||
    tag === TAG.sequence - CONSTRUCTED ||
    tag === TAG.set - CONSTRUCTED;
  if (wrong) throw malformed(`a value of type ${tag} that is not the one way to write it`);
}

function isOid(body: Uint8Array): boolean {
  if (body.length === 0 || (body.at(-1) ?? 0x80) >= 0x80) return false;
  return body.every((byte, at) => byte !== 0x80 || (at > 0 && (body[at - 1] ?? 0) >= 0x80));
}

/** The bits that the last byte leaves unused are zero. */
function isBitString(body: Uint8Array): boolean {
  const unused = body[0] ?? 8;
  if (unused > 7 || (body.length === 1 && unused > 0)) return false;
  return ((body.at(-1) ?? 0) & ((1 << unused) - 1)) === 0 || body.length === 1;
}
