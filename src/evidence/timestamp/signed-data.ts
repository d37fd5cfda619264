import { EvidenceError } from '../error.ts';
import { type Certificate, readCertificate, sameBytes } from './certificate.ts';
import { body, children, context, type Der, encodeDer, oid, readDer, smallInteger, TAG } from './der.ts';
import { plainAlgorithm } from './tst-info.ts';

/** A token's CMS (RFC 5652), read and its structure checked; nothing is verified yet. */
export interface SignedToken {
  /** DER of the ContentInfo. */
  readonly raw: Uint8Array;
  /** DER of the TSTInfo. */
  readonly content: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: Certificate;
  readonly digestAlgorithm: string;
  readonly signatureAlgorithm: string;
  /** DER of the signed attributes, as they are signed. */
  readonly attributes: Uint8Array;
  readonly signature: Uint8Array;
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
export const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const MOST_CERTIFICATES = 16;
const KEY_ID = 0x80;

/** Of a TimeStampResp (RFC 3161, 2.4.2) that was granted. Throws `corrupt`. */
export function readResponse(der: Uint8Array): SignedToken {
  const [status, token, ...more] = children(readDer(der), TAG.sequence, 'TimeStampResp');
  assertGranted(status);
  if (token === undefined || more.length > 0) throw corrupt('the answer has no token, or more than one');
  const [type, content] = children(token, TAG.sequence, 'token');
  if (oid(type, 'type of the token') !== SIGNED_DATA) throw corrupt('the token is not signed data');
  const [signed] = children(content, context(0), 'signed data');
  return readSignedData(token.raw, signed);
}

const STATUS = [
  'granted',
  'grantedWithMods',
  'rejection',
  'waiting',
  'revocationWarning',
  'revocationNotification',
];

function assertGranted(value: Der | undefined): void {
  const [status, ...details] = children(value, TAG.sequence, 'status');
  const code = smallInteger(status, 'status');
  const text = details.find(({ tag }) => tag === TAG.sequence);
  const failure = details.find(({ tag }) => tag === TAG.bitString);
  if (code <= 1 && failure === undefined) return;
  const said = text === undefined ? '' : `: ${words(text)}`;
  throw corrupt(`the authority granted no token (${STATUS[code] ?? `status ${code}`})${said}`);
}

/** What the authority says, on one line and not too long. */
function words(text: Der): string {
  const all = children(text, TAG.sequence, 'status').map((part) => Buffer.from(part.body).toString('utf8'));
  return JSON.stringify(all.join(' ').slice(0, 200));
}

function readSignedData(raw: Uint8Array, value: Der | undefined): SignedToken {
  const [version, digests, encapsulated, certificates, ...rest] = children(
    value,
    TAG.sequence,
    'signed data',
  );
  if (smallInteger(version, 'version') !== 3) throw corrupt("the signed data's version is not 3");
  const [type, content] = children(encapsulated, TAG.sequence, 'content');
  if (oid(type, 'type of the content') !== TST_INFO) throw corrupt('the signed content is no TSTInfo');
  const [octets] = children(content, context(0), 'content');
  const found = children(certificates, context(0), 'certificates');
  const signers = children(rest[0], TAG.set, 'signers');
  if (rest.length > 1) throw corrupt('the signed data has a field that is not expected');
  if (signers.length !== 1) throw corrupt(`the token has ${signers.length} signers: expected one`);
  if (found.length > MOST_CERTIFICATES)
    throw corrupt(`the token has more than ${MOST_CERTIFICATES} certificates`);
  const all = found.map((one) => readCertificate(one.raw));
  const [digest, ...others] = children(digests, TAG.set, 'digest algorithms');
  const [signerVersion, id, digestAlgorithm, attributes, signatureAlgorithm, signature, ...unsigned] =
    children(signers[0], TAG.sequence, 'signer');
  if (unsigned.length > 0) throw corrupt('the token has attributes that nobody signed');
  const own = digestAlgorithm === undefined ? undefined : digestAlgorithm.raw;
  if (digest === undefined || own === undefined || others.length > 0 || !sameBytes(digest.raw, own)) {
    throw corrupt("the digest algorithm is not the signer's");
  }
  return {
    raw,
    content: body(octets, TAG.octetString, 'content'),
    certificates: all,
    signer: findSigner(smallInteger(signerVersion, 'version'), id, all),
    digestAlgorithm: plainAlgorithm(digestAlgorithm, 'the digest algorithm'),
    signatureAlgorithm: plainAlgorithm(signatureAlgorithm, 'the signature algorithm'),
    attributes: encodeDer(TAG.set, body(attributes, context(0), 'signed attributes')),
    signature: body(signature, TAG.octetString, 'signature'),
  };
}

function findSigner(version: number, id: Der | undefined, certificates: readonly Certificate[]): Certificate {
  const found = certificates.filter((certificate) => {
    if (version === 3)
      return certificate.keyId !== undefined && sameBytes(body(id, KEY_ID, 'signer'), certificate.keyId);
    if (version !== 1) throw corrupt("the signer's version is neither 1 nor 3");
    const [issuer, serial] = children(id, TAG.sequence, 'signer');
    return (
      issuer !== undefined &&
      sameBytes(issuer.raw, certificate.issuer) &&
      sameBytes(body(serial, TAG.integer, 'serial number'), certificate.serial)
    );
  });
  const [signer] = found;
  if (signer === undefined || found.length > 1)
    throw corrupt("the signer's certificate is not in the token, or not once");
  return signer;
}

function corrupt(detail: string): EvidenceError {
  return new EvidenceError('corrupt', detail);
}
