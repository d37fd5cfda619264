import { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../error.ts';
import { body, children, context, type Der, oid, readDer, smallInteger, TAG } from './der.ts';

/** An X.509 certificate (RFC 5280), taken apart as far as a path of a time stamping authority needs it. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** DER of the whole, of the issuer's and the subject's Name, of the serial number. */
  readonly raw: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly serial: Uint8Array;
  /** The subject on one line. */
  readonly name: string;
  /** Unix seconds, both included. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly ca: boolean;
  /** How many CA certificates may follow below; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Numbers of the bits that are set, 0 being digitalSignature; undefined without the extension. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  readonly extendedKeyUsage: { readonly critical: boolean; readonly purposes: readonly string[] } | undefined;
  /** Subject key identifier. */
  readonly keyId: Uint8Array | undefined;
  readonly signatureAlgorithm: string;
  /** Critical extensions that nothing here knows how to honour. */
  readonly unknownCritical: readonly string[];
}

export const KEY_USAGE = { digitalSignature: 0, nonRepudiation: 1 } as const;

const EXTENSION = {
  keyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Policies restrict nothing here: no set of acceptable ones is configured (RFC 5280, 6.1.1 c). */
const HONOURED: readonly string[] = [
  EXTENSION.keyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.certificatePolicies,
  EXTENSION.extendedKeyUsage,
];

interface Extension {
  readonly critical: boolean;
  readonly value: Der;
}

/** Throws `corrupt`. */
export function readCertificate(der: Uint8Array): Certificate {
  const x509 = open(der);
  const whole = children(readDer(der), TAG.sequence, 'certificate');
  const fields = children(whole[0], TAG.sequence, 'certificate').filter(({ tag }) => tag !== context(0));
  const [serial, , issuer, , subject] = fields;
  const extensions = readExtensions(fields.find(({ tag }) => tag === context(3)));
  const constraints = children(
    extensions.get(EXTENSION.basicConstraints)?.value ?? EMPTY,
    TAG.sequence,
    'basicConstraints',
  );
  const usage = extensions.get(EXTENSION.keyUsage);
  const purposes = extensions.get(EXTENSION.extendedKeyUsage);
  const keyId = extensions.get(EXTENSION.keyId);
  const ca = constraints[0]?.tag === TAG.boolean && constraints[0].body[0] === 0xff;
  return {
    x509,
    raw: der,
    issuer: issuer?.raw ?? der,
    subject: subject?.raw ?? der,
    serial: body(serial, TAG.integer, 'serial number'),
    name: x509.subject.split('\n').join(', '),
    notBefore: Math.floor(x509.validFromDate.getTime() / 1000),
    notAfter: Math.floor(x509.validToDate.getTime() / 1000),
    ca,
    pathLength: constraints.length > 1 ? smallInteger(constraints[1], 'path length') : undefined,
    keyUsage: usage === undefined ? undefined : bits(body(usage.value, TAG.bitString, 'key usage')),
    extendedKeyUsage:
      purposes === undefined
        ? undefined
        : {
            critical: purposes.critical,
            purposes: children(purposes.value, TAG.sequence, 'extended key usage').map((purpose) =>
              oid(purpose, 'extended key usage'),
            ),
          },
    keyId: keyId === undefined ? undefined : body(keyId.value, TAG.octetString, 'subject key identifier'),
    signatureAlgorithm: oid(
      children(whole[1], TAG.sequence, 'signature algorithm')[0],
      'signature algorithm',
    ),
    unknownCritical: [...extensions]
      .filter(
        ([id, { critical }]) => id === EXTENSION.nameConstraints || (critical && !HONOURED.includes(id)),
      )
      .map(([id]) => id),
  };
}

export function validAt(certificate: Certificate, time: number): boolean {
  return certificate.notBefore <= time && time <= certificate.notAfter;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const EMPTY = readDer(Uint8Array.of(TAG.sequence, 0));

function open(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new EvidenceError('corrupt', 'not an X.509 certificate', { cause });
  }
}

function readExtensions(field: Der | undefined): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  if (field === undefined) return found;
  const [list] = children(field, context(3), 'extensions');
  for (const one of children(list, TAG.sequence, 'extensions')) {
    const parts = children(one, TAG.sequence, 'extension');
    const id = oid(parts[0], 'extension');
    if (found.has(id)) throw new EvidenceError('corrupt', `a certificate has the extension ${id} twice`);
    const critical = parts[1]?.tag === TAG.boolean && parts[1].body[0] === 0xff;
    found.set(id, { critical, value: readDer(body(parts.at(-1), TAG.octetString, `extension ${id}`)) });
  }
  return found;
}

function bits(string: Uint8Array): ReadonlySet<number> {
  const set = new Set<number>();
  string.subarray(1).forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) if ((byte & (0x80 >> bit)) !== 0) set.add(at * 8 + bit);
  });
  return set;
}
