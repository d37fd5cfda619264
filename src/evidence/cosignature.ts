import { createPublicKey, verify } from 'node:crypto';
import { EvidenceError } from './error.ts';
import { sha256 } from './merkle.ts';
import { parseNote } from './note.ts';

/** The key of a witness that cosigns checkpoints with Ed25519 and its time: https://c2sp.org/tlog-cosignature. */
export interface WitnessKey {
  readonly name: string;
  /** Hex, 4 bytes. */
  readonly keyId: string;
  /** The verifier key that it was parsed from. */
  readonly text: string;
  /** True when the signature is the key's over the message. Never throws. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export interface Cosignature {
  readonly witness: WitnessKey;
  /** When the witness says that it saw the checkpoint, Unix seconds. */
  readonly time: number;
}

export interface Cosignatures {
  readonly verified: readonly Cosignature[];
  /** Names in the lines of other keys: nothing is known of these. */
  readonly unknown: readonly string[];
}

/** The algorithm byte of `cosignature/v1` keys. */
const COSIGNATURE_V1 = 0x04;
const KEY_BYTES = 32;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** The key that `<name>+<key id>+<base64 of 0x04 and 32 bytes>` says. Throws `key` when the parts don't fit or it is of another type. */
export function parseWitnessKey(text: string): WitnessKey {
  const [name = '', keyId = '', ...rest] = text.split('+');
  const encoded = rest.join('+');
  const bytes = Buffer.from(encoded, 'base64');
  const fits = bytes.length === 1 + KEY_BYTES && bytes.toString('base64') === encoded;
  if (!/^[^\s+]+$/u.test(name) || !fits || bytes[0] !== COSIGNATURE_V1) {
    throw new EvidenceError('key', `${text} is not the Ed25519 verifier key of a witness (its type is 0x04)`);
  }
  const expected = Buffer.from(sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes]))).toString(
    'hex',
    0,
    4,
  );
  if (keyId !== expected) throw new EvidenceError('key', `the key id of ${text} should be ${expected}`);
  const key = publicKey(bytes.subarray(1), text);
  return {
    name,
    keyId,
    text,
    verify: (message, signature) =>
      signature.length === SIGNATURE_BYTES && verify(null, message, key, signature),
  };
}

function publicKey(raw: Buffer, text: string): ReturnType<typeof createPublicKey> {
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new EvidenceError('key', `${text} holds no Ed25519 key`, { cause });
  }
}

/**
 * The cosignatures over a checkpoint's text (its last LF included) in lines that are each ended by LF. Lines of other keys are
 * left alone. Throws `corrupt` when the lines don't parse, or when the signature of a known key is wrong or repeated.
 */
export function openCosignatures(noteText: string, lines: string, keys: readonly WitnessKey[]): Cosignatures {
  const { text, signatures } = parseNote(Buffer.from(`${noteText}\n${lines}`));
  if (text !== noteText) throw new EvidenceError('corrupt', 'an empty line among cosignatures');
  const verified: Cosignature[] = [];
  const unknown: string[] = [];
  for (const { name, keyId, signature } of signatures) {
    const witness = keys.find((key) => key.name === name && key.keyId === keyId);
    if (witness === undefined) {
      unknown.push(name);
      continue;
    }
    const time = timeOf(signature);
    const message = Buffer.from(`cosignature/v1\ntime ${time}\n${noteText}`);
    const repeated = verified.some((other) => other.witness === witness);
    if (time === 0 || repeated || !witness.verify(message, signature.subarray(TIME_BYTES))) {
      throw new EvidenceError('corrupt', `the cosignature of ${name} (key ${keyId}) is wrong or repeated`);
    }
    verified.push({ witness, time });
  }
  return { verified, unknown };
}

/** The first eight bytes, big-endian; 0, which no witness writes, when there are fewer or the number is out of range. */
function timeOf(signature: Uint8Array): number {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return 0;
  const time = Number(Buffer.from(signature).readBigUInt64BE(0));
  return Number.isSafeInteger(time) ? time : 0;
}
