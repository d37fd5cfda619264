import { createHash } from 'node:crypto';
import { EvidenceError } from '../error.ts';
import { type Certificate, sameBytes } from './certificate.ts';
import { body, children, context, type Der, oid, readDer, TAG } from './der.ts';
import { type SignedToken, TST_INFO } from './signed-data.ts';
import { plainAlgorithm, SHA256 } from './tst-info.ts';

const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The name of a digest by its identifier. Throws `corrupt` for one that is not accepted. */
export function digestName(algorithm: string): string {
  const name = DIGESTS[algorithm];
  if (name === undefined)
    throw corrupt(`the digest ${algorithm} is not accepted: expected SHA-256, SHA-384 or SHA-512`);
  return name;
}

/**
 * Throws `corrupt` unless the signed attributes say what the content is and have its digest (RFC 5652, 11), and name the signer's
 * certificate by its hash (RFC 2634 and RFC 5816: by SHA-1, or by another one, or by both).
 */
export function assertAttributes({ attributes, content, digestAlgorithm, signer }: SignedToken): void {
  const all = readAttributes(attributes);
  if (oid(all.get(CONTENT_TYPE), 'content type') !== TST_INFO)
    throw corrupt('the signed content type is no TSTInfo');
  const digest = body(all.get(MESSAGE_DIGEST), TAG.octetString, 'message digest');
  if (!sameBytes(digest, hash(digestName(digestAlgorithm), content))) {
    throw corrupt('the signed digest is not that of the content');
  }
  const [first, second] = [all.get(SIGNING_CERTIFICATE), all.get(SIGNING_CERTIFICATE_V2)];
  if (first === undefined && second === undefined)
    throw corrupt("the signer's certificate is not named in what is signed");
  if (first !== undefined) assertNames(first, signer, 'sha1');
  if (second !== undefined) assertNames(second, signer, undefined);
}

function readAttributes(der: Uint8Array): ReadonlyMap<string, Der> {
  const found = new Map<string, Der>();
  for (const attribute of children(readDer(der), TAG.set, 'signed attributes')) {
    const [type, values] = children(attribute, TAG.sequence, 'attribute');
    const id = oid(type, 'attribute');
    const [value, ...more] = children(values, TAG.set, `attribute ${id}`);
    if (value === undefined || more.length > 0 || found.has(id))
      throw corrupt(`the attribute ${id} is there not just once`);
    found.set(id, value);
  }
  return found;
}

/** The first of the certificates that the attribute names is the signer's. */
function assertNames(attribute: Der, signer: Certificate, fixed: string | undefined): void {
  const [ids] = children(attribute, TAG.sequence, 'signing certificate');
  const parts = [
    ...children(children(ids, TAG.sequence, 'signing certificate')[0], TAG.sequence, 'signing certificate'),
  ];
  const named = fixed === undefined && parts[0]?.tag === TAG.sequence ? parts.shift() : undefined;
  const algorithm =
    named === undefined ? 'sha256' : digestName(plainAlgorithm(named, "the certificate's digest"));
  const [digest, issuerSerial, ...more] = parts;
  const matches = sameBytes(
    body(digest, TAG.octetString, 'digest of the signing certificate'),
    hash(fixed ?? algorithm, signer.raw),
  );
  if (!matches || more.length > 0)
    throw corrupt("what is signed names another certificate than the signer's");
  if (issuerSerial !== undefined) assertIssuerSerial(issuerSerial, signer);
}

/** IssuerSerial: one directoryName, and a serial number. */
function assertIssuerSerial(value: Der, signer: Certificate): void {
  const [names, serial] = children(value, TAG.sequence, "the signing certificate's issuer");
  const [name] = children(names, TAG.sequence, "the signing certificate's issuer");
  const [issuer] = children(name, context(4), "the signing certificate's issuer");
  const matches =
    issuer !== undefined &&
    sameBytes(issuer.raw, signer.issuer) &&
    sameBytes(body(serial, TAG.integer, "the signing certificate's serial number"), signer.serial);
  if (!matches) throw corrupt("what is signed names another issuer or serial number than the signer's");
}

function hash(algorithm: string, bytes: Uint8Array): Uint8Array {
  return createHash(algorithm).update(bytes).digest();
}

function corrupt(detail: string): EvidenceError {
  return new EvidenceError('corrupt', detail);
}
