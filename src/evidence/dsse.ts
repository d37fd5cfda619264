import { z } from 'zod';
import { EvidenceError } from './error.ts';
import { jcs, parseJcs } from './jcs.ts';
import type { Signer } from './keys.ts';
import { verifyP256 } from './public-keys.ts';
import { encodeLeaf } from './leaf.ts';
import { leafHash, sha256 } from './merkle.ts';

/** A DSSE envelope (secure-systems-lab/dsse v1) of an in-toto statement: exactly one signature, an empty keyid. */
export interface Envelope {
  readonly payload: Uint8Array;
  /** ECDSA P-256 with SHA-256, DER. */
  readonly signature: Uint8Array;
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const base64 = z.base64();
const envelopeSchema = z.strictObject({
  payload: base64,
  payloadType: z.literal(PAYLOAD_TYPE),
  signatures: z.tuple([z.strictObject({ keyid: z.literal(''), sig: base64.min(1) })]),
});

/** What is signed: `DSSEv1 <length> <type> <length> <payload>`. */
export function pae(payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Signs, and checks what the signer gave before anyone may store it. Throws `key` when it doesn't verify. */
export async function signEnvelope(payload: Uint8Array, signer: Signer): Promise<Envelope> {
  const signature = await signer.sign(pae(payload));
  const envelope = { payload, signature };
  if (!verifyEnvelope(envelope, signer.spki)) {
    throw new EvidenceError('key', "the envelope signer's signature doesn't verify with its public key");
  }
  return envelope;
}

/** True when the P-256 key (SPKI, DER) signed the envelope. */
export function verifyEnvelope(envelope: Envelope, spki: Uint8Array): boolean {
  return verifyP256(spki, pae(envelope.payload), envelope.signature);
}

/** The one spelling of an envelope: JCS, so that a changed byte anywhere shows. */
export function encodeEnvelope({ payload, signature }: Envelope): Uint8Array {
  const encoded = {
    payload: Buffer.from(payload).toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: '', sig: Buffer.from(signature).toString('base64') }],
  };
  return Buffer.from(jcs(encoded, 'envelope'));
}

/** Parses strictly what encodeEnvelope wrote, without verifying the signature. Throws `corrupt`, beginning with `where`. */
export function parseEnvelope(bytes: Uint8Array, where: string): Envelope {
  const parsed = envelopeSchema.safeParse(parseJcs(bytes, where));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EvidenceError('corrupt', `${where}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const [{ sig }] = parsed.data.signatures;
  const envelope = {
    payload: Buffer.from(parsed.data.payload, 'base64'),
    signature: Buffer.from(sig, 'base64'),
  };
  // Base64 has more than one spelling of the same bytes (its last bits): only ours is accepted.
  if (Buffer.compare(encodeEnvelope(envelope), bytes) !== 0) {
    throw new EvidenceError('corrupt', `${where}: base64 with stray bits`);
  }
  return envelope;
}

/** The log's entry for an envelope that the P-256 key (SPKI, DER) signed, and its leaf hash in hex. */
export function envelopeLeaf(
  envelope: Envelope,
  spki: Uint8Array,
): { readonly leaf: Uint8Array; readonly hash: string } {
  const leaf = encodeLeaf({ paeDigest: sha256(pae(envelope.payload)), signature: envelope.signature, spki });
  return { leaf, hash: Buffer.from(leafHash(leaf)).toString('hex') };
}

/** Where the store keeps the envelope of a leaf hash (hex). */
export function envelopeKey(leafHash: string): string {
  return `envelopes/${leafHash.slice(0, 2)}/${leafHash}.dsse.json`;
}
