/** What an entry of the log is made of, all of it in the envelope but the key. */
export interface LeafParts {
  /** SHA-256 of the envelope's pre-authentication encoding. */
  readonly paeDigest: Uint8Array;
  /** ECDSA, DER: the envelope's one signature. */
  readonly signature: Uint8Array;
  /** The P-256 public key that verifies it, DER. */
  readonly spki: Uint8Array;
}

/**
 * The entry of the log for an envelope: the canonical body (RFC 8785) of a Rekor v2 `hashedrekord` 0.0.2, which stock
 * Sigstore clients rebuild from a bundle and the key. Its leaf hash is leafHash of these bytes.
 * Source: rekor-tiles, pkg/types/hashedrekord; protobuf-specs, PublicKeyDetails and HashAlgorithm.
 */
export function encodeLeaf(parts: LeafParts): Uint8Array {
  // The names are in their canonical order, and neither they nor base64 need an escape: JSON.stringify writes RFC 8785.
  const body = {
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: base64(parts.paeDigest) },
        signature: {
          content: base64(parts.signature),
          verifier: {
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            publicKey: { rawBytes: base64(parts.spki) },
          },
        },
      },
    },
  };
  return Buffer.from(JSON.stringify(body));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
