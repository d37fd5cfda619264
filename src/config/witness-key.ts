import { createHash } from 'node:crypto';

/** Algorithm byte of the keys that cosign with Ed25519 (https://c2sp.org/tlog-cosignature). */
const COSIGNATURE_V1 = 0x04;
const KEY_BYTES = 33;

/** What is wrong with the verifier key of a witness, `<name>+<key id>+<base64>`; undefined when nothing is. */
export function witnessKeyProblem(text: string): string | undefined {
  const [, name = '', keyId = '', encoded = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== encoded || bytes[0] !== COSIGNATURE_V1)
    return 'expected the verifier key of a witness, <name>+<key id>+<base64>, for Ed25519 cosignatures (type 0x04)';
  const id = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
  return keyId === id ? undefined : `expected the key id ${id}: a part of the key is missing or changed`;
}
