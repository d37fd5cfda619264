import { EvidenceError } from '../error.ts';
import { type Certificate, KEY_USAGE, readCertificate, sameBytes, validAt } from './certificate.ts';

/** Whom to trust: self-signed CA certificates, and CA certificates that help to get there. */
export interface Authorities {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
}

const MOST_TEXT = 256 * 1024;
/** Of one path, signer and root included. */
const LONGEST_PATH = 8;
/** Signatures checked while looking for a path. */
const MOST_STEPS = 64;

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const ANY_PURPOSE = '2.5.29.37.0';

/** RSA (PKCS #1 v1.5) and ECDSA, with SHA-256, SHA-384 or SHA-512. */
const STRONG = new Set([
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
]);

/**
 * The trust store of a PEM text: CA certificates, at least one of them self-signed, in any order, with any words between. Validity is judged
 * when a token is, at its time. Throws `invalid`, naming the certificate by its place, from 1.
 */
export function parseAuthorities(pem: string): Authorities {
  if (pem.length > MOST_TEXT)
    throw new EvidenceError('invalid', `more than ${MOST_TEXT} characters of certificates`);
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)];
  if (blocks.length !== pem.split('-----BEGIN ').length - 1 || blocks.length === 0) {
    throw new EvidenceError(
      'invalid',
      'expected certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE',
    );
  }
  const certificates = blocks.map(([, label, text], at) => readAuthority(label ?? '', text ?? '', at + 1));
  const roots = certificates.filter(isSelfSigned);
  if (roots.length === 0) {
    throw new EvidenceError(
      'invalid',
      'none of the certificates is self-signed: the root that the others lead up to is missing',
    );
  }
  return { roots, intermediates: certificates.filter((certificate) => !roots.includes(certificate)) };
}

function readAuthority(label: string, text: string, place: number): Certificate {
  const fail = (detail: string, cause?: unknown) =>
    new EvidenceError('invalid', `certificate ${place}: ${detail}`, { cause });
  if (label !== 'CERTIFICATE') throw fail(`expected a certificate, not a ${label}`);
  const base64 = text.replaceAll(/\s/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) throw fail('not base64');
  let certificate: Certificate;
  try {
    certificate = readCertificate(der);
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!certificate.ca) {
    throw fail(
      `${certificate.name} is not the certificate of a CA: leave out that of the authority's own signer`,
    );
  }
  return certificate;
}

function isSelfSigned({ x509 }: Certificate): boolean {
  try {
    return x509.checkIssued(x509) && x509.verify(x509.publicKey);
  } catch {
    return false;
  }
}

/**
 * The path from a signer to a trusted root, both included, each certificate valid at the time (Unix seconds). Others than the trusted ones only
 * help to find it. Throws `corrupt`, saying what stood in the way.
 */
export function pathTo(
  { roots, intermediates }: Authorities,
  signer: Certificate,
  others: readonly Certificate[],
  time: number,
): readonly Certificate[] {
  if (!validAt(signer, time)) throw outOfDate(signer, time);
  const pool = [...roots, ...intermediates, ...others];
  let obstacle = new EvidenceError('corrupt', `no trusted CA issued the certificate of ${signer.name}`);
  let steps = 0;

  function extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const last = path.at(-1) ?? signer;
    if (roots.some((root) => root === last)) return path;
    if (path.length === LONGEST_PATH) return undefined;
    for (const issuer of pool) {
      if (path.some((one) => sameBytes(one.raw, issuer.raw)) || !sameBytes(issuer.subject, last.issuer))
        continue;
      if (++steps > MOST_STEPS) throw new EvidenceError('corrupt', 'too many certificates of the same name');
      // Names, key identifiers, and whether its key usage lets it sign certificates.
      if (!last.x509.checkIssued(issuer.x509) || !last.x509.verify(issuer.x509.publicKey)) continue;
      const problem = issuerProblem(issuer, path, roots.includes(issuer), time);
      if (problem !== undefined) obstacle = problem;
      else {
        const found = extend([...path, issuer]);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  const path = extend([signer]);
  if (path === undefined) throw obstacle;
  return path;
}

/** Why a certificate, which did sign the last of the path, may not stand above it (RFC 5280, 6.1.4). */
function issuerProblem(
  issuer: Certificate,
  path: readonly Certificate[],
  trusted: boolean,
  time: number,
): EvidenceError | undefined {
  const refuse = (detail: string) => new EvidenceError('corrupt', `${issuer.name} ${detail}`);
  const below = path.slice(1).filter((one) => !sameBytes(one.subject, one.issuer)).length;
  const signed = path.at(-1);
  if (!validAt(issuer, time)) return outOfDate(issuer, time);
  if (!issuer.ca) return refuse('is not a CA');
  if (issuer.pathLength !== undefined && below > issuer.pathLength)
    return refuse('allows no path as long as this');
  if (issuer.unknownCritical.length > 0)
    return refuse(`is bound to ${issuer.unknownCritical.join(', ')}, which is not supported`);
  if (signed !== undefined && !STRONG.has(signed.signatureAlgorithm))
    return refuse('signed by an algorithm that is not accepted');
  const purposes = trusted ? undefined : issuer.extendedKeyUsage?.purposes;
  if (purposes !== undefined && !purposes.includes(TIME_STAMPING) && !purposes.includes(ANY_PURPOSE)) {
    return refuse('may not issue for time stamping');
  }
  return undefined;
}

/** Throws `corrupt` unless the certificate is for signing timestamps and for nothing else (RFC 3161, 2.3). */
export function assertSigner(signer: Certificate): void {
  const refuse = (detail: string) =>
    new EvidenceError('corrupt', `the certificate of ${signer.name} ${detail}`);
  const { extendedKeyUsage, keyUsage } = signer;
  if (extendedKeyUsage === undefined) throw refuse('has no extended key usage: it is not for time stamping');
  if (extendedKeyUsage.purposes.length !== 1 || extendedKeyUsage.purposes[0] !== TIME_STAMPING) {
    throw refuse(`is not for time stamping alone: ${extendedKeyUsage.purposes.join(', ')}`);
  }
  if (!extendedKeyUsage.critical) throw refuse('has an extended key usage that is not critical');
  const usages = [...(keyUsage ?? [KEY_USAGE.digitalSignature])];
  const signs = ([use]: readonly number[]) =>
    use === KEY_USAGE.digitalSignature || use === KEY_USAGE.nonRepudiation;
  if (usages.length === 0 || !usages.every((use) => signs([use])))
    throw refuse('has a key usage other than signing');
  if (signer.ca) throw refuse('is one of a CA');
  if (signer.unknownCritical.length > 0) {
    throw refuse(`is bound to ${signer.unknownCritical.join(', ')}, which is not supported`);
  }
}

function outOfDate({ name, notBefore, notAfter }: Certificate, time: number): EvidenceError {
  const text = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
  return new EvidenceError(
    'corrupt',
    `the certificate of ${name} is valid from ${text(notBefore)} to ${text(notAfter)}, not at ${text(time)}`,
  );
}
