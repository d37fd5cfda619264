import { createPublicKey, verify } from 'node:crypto';
import { EvidenceError } from './error.ts';
import { HASH_BYTES, equalBytes, sha256 } from './merkle.ts';

/** A signature line of a note: https://c2sp.org/signed-note. */
export interface NoteSignature {
  readonly name: string;
  /** Hex, 4 bytes. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export interface Note {
  /** What is signed, its last LF included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A key that is known under a name. */
export interface NoteKey {
  readonly name: string;
  /** Hex, 4 bytes. */
  readonly keyId: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Signs for a name with Ed25519. */
export interface NoteSigner {
  readonly name: string;
  /** DER of the Ed25519 public key. */
  readonly spki: Uint8Array;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** The text of a checkpoint: https://c2sp.org/tlog-checkpoint. */
export interface CheckpointText {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Lines after the root. Ours have none. */
  readonly extensions: readonly string[];
}

const ED25519 = 0x01;
const ED25519_KEY_BYTES = 32;
const ED25519_SIGNATURE_BYTES = 64;
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;
// oxlint-disable-next-line no-control-regex -- finding them is its purpose
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** SHA-256(name || LF || algorithm || key), its first 4 bytes in hex. */
function noteKeyId(name: string, algorithm: number, key: Uint8Array): string {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(algorithm), key]);
  return Buffer.from(sha256(input)).toString('hex', 0, 4);
}

/** The known key for an Ed25519 SPKI (DER). Throws `key` for any other SPKI or for a name that notes can't carry. */
export function ed25519Key(name: string, spki: Uint8Array): NoteKey {
  assertName(name);
  const raw = ed25519Raw(spki);
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return {
    name,
    keyId: noteKeyId(name, ED25519, raw),
    verify: (message, signature) =>
      signature.length === ED25519_SIGNATURE_BYTES && verify(null, message, key, signature),
  };
}

/** The key as others configure it: `<name>+<key id>+<base64 of algorithm and key>`. */
export function formatVerifierKey(name: string, spki: Uint8Array): string {
  assertName(name);
  const raw = ed25519Raw(spki);
  const encoded = Buffer.concat([Uint8Array.of(ED25519), raw]).toString('base64');
  return `${name}+${noteKeyId(name, ED25519, raw)}+${encoded}`;
}

/** The known key for a text of formatVerifierKey. Throws `key` when the parts don't fit or it isn't Ed25519. */
export function parseVerifierKey(text: string): NoteKey {
  const [name = '', keyId = '', ...rest] = text.split('+');
  const bytes = decodeBase64(rest.join('+'));
  if (bytes?.[0] !== ED25519) throw new EvidenceError('key', `${text} is not an Ed25519 verifier key`);
  const key = ed25519Key(name, Buffer.concat([ED25519_SPKI_PREFIX, bytes.subarray(1)]));
  if (key.keyId !== keyId) throw new EvidenceError('key', `the key id of ${text} should be ${key.keyId}`);
  return key;
}

/** The note, a signature line a signer. Throws `invalid` unless the text is printable lines, each ended by LF. */
export async function signNote(text: string, signers: readonly NoteSigner[]): Promise<string> {
  if (!isText(text)) throw new EvidenceError('invalid', 'a note is printable lines, each ended by LF');
  const lines: string[] = [];
  for (const signer of signers) {
    const key = ed25519Key(signer.name, signer.spki);
    const message = Buffer.from(text);
    const signature = await signer.sign(message);
    if (!key.verify(message, signature)) {
      throw new EvidenceError('key', `what ${signer.name} signed doesn't verify with its key`);
    }
    const encoded = Buffer.concat([Buffer.from(key.keyId, 'hex'), signature]).toString('base64');
    lines.push(`\u2014 ${signer.name} ${encoded}\n`);
  }
  return `${text}\n${lines.join('')}`;
}

/** Splits a note strictly, without verifying it. Throws `corrupt`. */
export function parseNote(bytes: Uint8Array): Note {
  const whole = decodeText(bytes);
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw new EvidenceError('corrupt', 'a note without the empty line before its signatures');
  const text = whole.slice(0, split + 1);
  const lines = whole.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) {
    throw new EvidenceError('corrupt', `a note with more than ${MAX_SIGNATURES} signatures`);
  }
  return { text, signatures: lines.map(parseSignature) };
}

/**
 * The note, signed by at least one of the known keys, and the known keys that signed it. Lines of unknown keys are ignored.
 * Throws `corrupt` when it doesn't parse or a known key's signature is wrong, `foreign-key` when no known key signed it.
 */
export function openNote(
  bytes: Uint8Array,
  keys: readonly NoteKey[],
): { readonly text: string; readonly signedBy: readonly NoteKey[]; readonly unknown: number } {
  const note = parseNote(bytes);
  const message = Buffer.from(note.text);
  const signedBy = new Set<NoteKey>();
  let unknown = 0;
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.keyId === keyId);
    if (key === undefined) {
      unknown += 1;
    } else if (signedBy.has(key) || !key.verify(message, signature)) {
      throw new EvidenceError('corrupt', `the signature of ${name} (key ${keyId}) is wrong or repeated`);
    } else {
      signedBy.add(key);
    }
  }
  if (signedBy.size === 0) throw new EvidenceError('foreign-key', 'no known key signed the note');
  return { text: note.text, signedBy: [...signedBy], unknown };
}

/** `<origin>LF<size>LF<base64 of the root>LF`: what a log signs. */
export function formatCheckpoint(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** Throws `corrupt` for anything that formatCheckpoint (with extension lines after it) could not have written. */
export function parseCheckpoint(text: string): CheckpointText {
  const [origin = '', digits = '', encoded = '', ...rest] = text.split('\n');
  const size = Number(digits);
  const root = decodeBase64(encoded);
  const ended = rest.pop() === '';
  if (!ended || origin === '' || rest.includes('')) {
    throw new EvidenceError('corrupt', 'a checkpoint is an origin, a size and a root, a line each');
  }
  if (!/^(0|[1-9]\d*)$/.test(digits) || !Number.isSafeInteger(size)) {
    throw new EvidenceError('corrupt', `a checkpoint's size is a decimal number, not ${digits}`);
  }
  if (root?.length !== HASH_BYTES) {
    throw new EvidenceError('corrupt', `a checkpoint's root is ${HASH_BYTES} bytes in base64`);
  }
  return { origin, size, root, extensions: rest };
}

function parseSignature(line: string): NoteSignature {
  const match = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line);
  const bytes = decodeBase64(match?.[2] ?? '');
  if (match?.[1] === undefined || bytes === undefined || bytes.length < 5) {
    throw new EvidenceError('corrupt', 'a signature line is a dash, a name, and a key id with a signature');
  }
  return { name: match[1], keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) };
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length > MAX_NOTE_BYTES) {
    throw new EvidenceError('corrupt', `a note of ${bytes.length} bytes is over ${MAX_NOTE_BYTES}`);
  }
  const text = Buffer.from(bytes).toString('utf8');
  if (!equalBytes(Buffer.from(text), bytes) || !isText(text)) {
    throw new EvidenceError('corrupt', 'a note is UTF-8 without control characters, and ends with LF');
  }
  return text;
}

/** Lines ended by LF, without any other ASCII control character. */
function isText(text: string): boolean {
  return text.endsWith('\n') && !CONTROL.test(text);
}

function assertName(name: string): void {
  if (!/^[^\s+]+$/u.test(name))
    throw new EvidenceError('key', `a key's name can't be ${JSON.stringify(name)}`);
}

/** The 32 bytes of an Ed25519 SPKI (DER). Throws `key` for any other SPKI. */
export function ed25519Raw(spki: Uint8Array): Uint8Array {
  const prefix = spki.subarray(0, ED25519_SPKI_PREFIX.length);
  const raw = spki.subarray(ED25519_SPKI_PREFIX.length);
  if (!equalBytes(prefix, ED25519_SPKI_PREFIX) || raw.length !== ED25519_KEY_BYTES) {
    throw new EvidenceError('key', 'not the SPKI of an Ed25519 key');
  }
  return raw;
}

/** Standard base64 with padding, in the one spelling that encoding gives; undefined for any other text. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
