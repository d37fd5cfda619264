import { EvidenceError } from './error.ts';
import { jcs } from './jcs.ts';
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

/** What encodeEnvelope writes. */
const SPELLING =
  /^\{"payload":"([A-Za-z0-9+/]*={0,2})","payloadType":"application\/vnd\.in-toto\+json","signatures":\[\{"keyid":"","sig":"([A-Za-z0-9+/]+={0,2})"\}\]\}$/;

/** Parses strictly what encodeEnvelope wrote, without verifying the signature. Throws `corrupt`, beginning with `where`. */
export function parseEnvelope(bytes: Uint8Array, where: string): Envelope {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const [whole, encoded = '', sig = ''] = SPELLING.exec(text) ?? [];
  if (whole === undefined) {
    throw new EvidenceError('corrupt', `${where}: not a DSSE envelope of one signature, as canonical JSON`);
  }
  const payload = Buffer.from(encoded, 'base64');
  const signature = Buffer.from(sig, 'base64');
  // Base64 has more than one spelling of the same bytes (its last bits): only ours is accepted.
  if (payload.toString('base64') !== encoded || signature.toString('base64') !== sig) {
    throw new EvidenceError('corrupt', `${where}: base64 with stray bits`);
  }
  return { payload, signature };
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
