import type { JsonObject } from './contract.ts';
import { sha256 } from './merkle.ts';
import { ed25519Raw } from './note.ts';

/** An entry with what stock Sigstore clients need to verify it and its inclusion, offline. */
export interface Inclusion {
  readonly envelope: {
    readonly payloadType: string;
    readonly payload: Uint8Array;
    readonly signature: Uint8Array;
  };
  /** The entry's bytes, of encodeLeaf. */
  readonly leaf: Uint8Array;
  readonly index: number;
  /** From the leaf upwards. */
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: { readonly size: number; readonly root: Uint8Array; readonly note: string };
  readonly origin: string;
  /** DER of the Ed25519 key that signed the checkpoint. */
  readonly logSpki: Uint8Array;
}

/**
 * A Sigstore bundle v0.3 (`*.sigstore.json`): the envelope and its entry in our log. The key is not in it: clients get it by
 * `--key`, and rebuild the entry from it, the envelope's payload and its signature.
 * Source: protobuf-specs, sigstore_bundle.proto and sigstore_rekor.proto, in proto3 JSON (64-bit integers are strings).
 */
export function sigstoreBundle(inclusion: Inclusion): JsonObject {
  const { envelope, checkpoint } = inclusion;
  const logIndex = inclusion.index.toString();
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      publicKey: { hint: '' },
      tlogEntries: [
        {
          logIndex,
          logId: { keyId: base64(logId(inclusion.origin, inclusion.logSpki)) },
          kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
          inclusionProof: {
            logIndex,
            rootHash: base64(checkpoint.root),
            treeSize: checkpoint.size.toString(),
            hashes: inclusion.proof.map(base64),
            checkpoint: { envelope: checkpoint.note },
          },
          canonicalizedBody: base64(inclusion.leaf),
        },
      ],
    },
    dsseEnvelope: {
      payload: base64(envelope.payload),
      payloadType: envelope.payloadType,
      signatures: [{ sig: base64(envelope.signature) }],
    },
  };
}

/**
 * A Sigstore trusted root that knows our log alone, under the keys that sign its checkpoints. Clients take the log's name from
 * the host of `baseUrl`; nothing is fetched from there. It says which log is trusted: an auditor makes it from keys that
 * came another way.
 */
export function trustedRoot(origin: string, logSpkis: readonly Uint8Array[]): JsonObject {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logSpkis.map((spki) => ({
      baseUrl: `https://${origin}`,
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: base64(spki),
        keyDetails: 'PKIX_ED25519',
        // The field is required; which key is in force is decided by the log's own entries.
        validFor: { start: '1970-01-01T00:00:00Z' },
      },
      logId: { keyId: base64(logId(origin, spki)) },
    })),
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  };
}

/** The whole hash whose first 4 bytes are the note's key id (rekor-tiles, pkg/note). */
function logId(origin: string, spki: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(`${origin}\n\u0001`), ed25519Raw(spki)]));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
