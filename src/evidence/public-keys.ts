import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { EvidenceError } from './error.ts';
import type { StoreObject } from './store.ts';

/** SHA-256 of the SPKI, hex: what is compared over the telephone. */
export function fingerprint(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex');
}

/** The PEM text of a public key, as published under `publicKeyPath`. */
export function publicKeyPem(spki: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

export function publicKeyPath(spki: Uint8Array): string {
  return `keys/${fingerprint(spki)}.pem`;
}

const p256Keys = new WeakMap<Uint8Array, KeyObject>();

/** The file of a public key in the store. */
export function publicKeyObject(spki: Uint8Array): StoreObject {
  return { key: publicKeyPath(spki), bytes: Buffer.from(publicKeyPem(spki)) };
}

/** True when the P-256 key (SPKI, DER) made the DER signature over SHA-256 of the message. Throws `key` for another key. */
export function verifyP256(spki: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', message, p256Key(spki), signature);
}

/** Throws `key` unless it is the SPKI (DER) of a P-256 key, in its one spelling. */
export function assertP256(spki: Uint8Array): void {
  p256Key(spki);
}

function p256Key(spki: Uint8Array): KeyObject {
  const known = p256Keys.get(spki);
  if (known !== undefined) return known;
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new EvidenceError('key', 'not the SPKI of a P-256 key', { cause });
  }
  const canonical = key.export({ type: 'spki', format: 'der' });
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1' || Buffer.compare(canonical, spki) !== 0) {
    throw new EvidenceError('key', 'not the SPKI of a P-256 key');
  }
  p256Keys.set(spki, key);
  return key;
}
