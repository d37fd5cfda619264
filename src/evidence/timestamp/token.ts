import { createHash, verify } from 'node:crypto';
import { EvidenceError } from '../error.ts';
import { assertAttributes, digestName } from './attributes.ts';
import { assertSigner, type Authorities, pathTo } from './authorities.ts';
import { sameBytes } from './certificate.ts';
import { encodeUnsigned } from './der.ts';
import { readResponse, type SignedToken } from './signed-data.ts';
import { readTstInfo } from './tst-info.ts';

export { type Authorities, parseAuthorities } from './authorities.ts';

/** What a verified token says. */
export interface TokenInfo {
  /** Unix seconds, fractions cut off. */
  readonly genTime: number;
  /** Seconds, to either side; 0 when not said. */
  readonly accuracy: number;
  readonly policy: string;
  /** Hex. */
  readonly serial: string;
  /** Subject of the signer's certificate. */
  readonly signer: string;
}

/** The largest answer of an authority that is looked at, in bytes. */
export const MOST_TOKEN_BYTES = 64 * 1024;

/**
 * Verifies the answer of an RFC 3161 authority (TimeStampResp, DER) over the SHA-256 of the data: granted, signed by one signer
 * whose certificate the signature names (ESSCertID) and that is for time stamping alone, leading up to a trusted CA, each certificate valid at the token's own time;
 * so it holds for ever after they expired. Nothing in the token is trusted for being there. Revocation is not asked for.
 * `expected`: the nonce (big-endian) that was sent. Throws `corrupt`.
 */
export async function openToken(
  response: Uint8Array,
  data: Uint8Array,
  trusted: Authorities,
  expected?: { readonly nonce: Uint8Array },
): Promise<TokenInfo> {
  try {
    return open(response, data, trusted, expected);
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    // Such as a certificate's key of a kind that is not known here.
    throw new EvidenceError('corrupt', "the token can't be read", { cause });
  }
}

function open(
  response: Uint8Array,
  data: Uint8Array,
  trusted: Authorities,
  expected: { readonly nonce: Uint8Array } | undefined,
): TokenInfo {
  if (response.length > MOST_TOKEN_BYTES) throw corrupt(`the token has more than ${MOST_TOKEN_BYTES} bytes`);
  const token = readResponse(response);
  const { policy, imprint, serial, genTime, accuracy, nonce } = readTstInfo(token.content);
  if (!sameBytes(imprint, createHash('sha256').update(data).digest()))
    throw corrupt('the token is for other data');
  if (expected !== undefined && (nonce === undefined || !sameBytes(nonce, encodeUnsigned(expected.nonce)))) {
    throw corrupt('the token does not have the nonce that was sent: it may be an old one');
  }
  assertSigner(token.signer);
  assertAttributes(token);
  assertSignature(token);
  pathTo(trusted, token.signer, token.certificates, genTime);
  return { genTime, accuracy, policy, serial, signer: token.signer.name };
}

/** RSA with PKCS #1 v1.5 (its own identifier, or with the digest's) and ECDSA; by identifier, the digest it goes with. */
const SIGNATURES: Readonly<Record<string, readonly [key: string, digest: string | undefined]>> = {
  '1.2.840.113549.1.1.1': ['rsa', undefined],
  '1.2.840.113549.1.1.11': ['rsa', 'sha256'],
  '1.2.840.113549.1.1.12': ['rsa', 'sha384'],
  '1.2.840.113549.1.1.13': ['rsa', 'sha512'],
  '1.2.840.10045.4.3.2': ['ec', 'sha256'],
  '1.2.840.10045.4.3.3': ['ec', 'sha384'],
  '1.2.840.10045.4.3.4': ['ec', 'sha512'],
};
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const LEAST_RSA_BITS = 2048;

function assertSignature({ signer, attributes, signature, ...token }: SignedToken): void {
  const digest = digestName(token.digestAlgorithm);
  const key = signer.x509.publicKey;
  const [type, own] = SIGNATURES[token.signatureAlgorithm] ?? [];
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const strong = type === 'rsa' ? modulusLength >= LEAST_RSA_BITS : CURVES.includes(namedCurve);
  if (key.asymmetricKeyType !== type || (own ?? digest) !== digest || !strong) {
    throw corrupt(
      `the signature's algorithm is not accepted: expected RSA of ${LEAST_RSA_BITS} bits or more, or ECDSA`,
    );
  }
  if (!verify(digest, attributes, key, signature)) throw corrupt("the authority's signature does not hold");
}

function corrupt(detail: string): EvidenceError {
  return new EvidenceError('corrupt', detail);
}
