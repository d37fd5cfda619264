import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  context,
  encodeDer,
  encodeUnsigned,
  readDer,
  children,
  TAG,
} from '../../src/evidence/timestamp/der.ts';

const folder = join(import.meta.dirname, '../fixtures/timestamps');

export function fixture(name: string): Buffer {
  return readFileSync(join(folder, name));
}

export function pem(...names: readonly string[]): string {
  return names.map((name) => fixture(`${name}.pem`).toString()).join('');
}

/** What a token is made of; everything but the data is as it should be unless given. */
export interface Forgery {
  readonly data?: Uint8Array;
  /** Instead of the data: its digest. */
  readonly imprint?: Uint8Array;
  readonly nonce?: Uint8Array;
  /** Of the TSTInfo. */
  readonly version?: number;
  /** The attribute with the digest is there twice. */
  readonly repeated?: boolean;
  /** GeneralizedTime. */
  readonly genTime?: string;
  /** DER of Accuracy. */
  readonly accuracy?: Uint8Array;
  /** DER that follows the nonce in the TSTInfo. */
  readonly more?: Uint8Array;
  readonly imprintAlgorithm?: string;
  /** A fixture's name. */
  readonly signer?: string;
  readonly key?: string;
  /** In the token, beside the signer's. */
  readonly certificates?: readonly string[];
  readonly digest?: 'sha256' | 'sha384' | 'sha1';
  /** How the signature names the signer's certificate; `other`: it names another one. */
  readonly named?: 'v1' | 'v2' | 'both' | 'other' | 'other-v1' | 'none';
  /** Whose issuer and serial number the name has, a fixture's name; none unless given. */
  readonly issuerSerial?: string;
  readonly contentType?: string;
  readonly messageDigest?: Uint8Array;
  /** How many SignerInfos. */
  readonly signers?: number;
  /** Attributes that nobody signs. */
  readonly unsigned?: boolean;
  /** Certificates left out altogether. */
  readonly bare?: boolean;
  readonly status?: number;
}

const OIDS: Readonly<Record<string, string>> = {
  sha1: '06052b0e03021a',
  sha256: '0609608648016503040201',
  sha384: '0609608648016503040202',
  'ecdsa-sha1': '06072a8648ce3d0401',
  'ecdsa-sha256': '06082a8648ce3d040302',
  'ecdsa-sha384': '06082a8648ce3d040303',
  rsa: '06092a864886f70d010101',
  signedData: '06092a864886f70d010702',
  data: '06092a864886f70d010701',
  tstInfo: '060b2a864886f70d0109100104',
  contentType: '06092a864886f70d010903',
  messageDigest: '06092a864886f70d010904',
  signingCertificate: '060b2a864886f70d010910020c',
  signingCertificateV2: '060b2a864886f70d010910022f',
  policy: '06042a030405',
};

const sequence = (...pieces: readonly Uint8Array[]) => encodeDer(TAG.sequence, ...pieces);
const set = (...pieces: readonly Uint8Array[]) => encodeDer(TAG.set, ...pieces);
const integer = (value: number) => encodeUnsigned(Uint8Array.of(value));
const octets = (bytes: Uint8Array) => encodeDer(TAG.octetString, bytes);
const named = (name: string) => Buffer.from(OIDS[name] ?? '', 'hex');
const algorithm = (name: string) => sequence(named(name));
const hash = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest();
const attribute = (name: string, value: Uint8Array) => sequence(named(name), set(value));

/** A TimeStampResp. */
export function forgeToken(forgery: Forgery): Buffer {
  const { signer = 'good', certificates = [], digest = 'sha256', signers = 1 } = forgery;
  const content = tstInfo(forgery);
  const own = certificateOf(signer);
  const info = signerInfo(forgery, content, own);
  const signed = sequence(
    integer(3),
    set(algorithm(digest)),
    sequence(named('tstInfo'), encodeDer(context(0), octets(content))),
    ...(forgery.bare === true
      ? []
      : [encodeDer(context(0), own, ...certificates.map((name) => certificateOf(name)))]),
    set(...Array.from({ length: signers }, () => info)),
  );
  const token = sequence(named('signedData'), encodeDer(context(0), signed));
  return Buffer.from(sequence(sequence(integer(forgery.status ?? 0)), token));
}

export function certificateOf(name: string): Uint8Array {
  return new X509Certificate(fixture(`${name}.pem`)).raw;
}

function tstInfo({ data = Buffer.of(), nonce, genTime = '20260304050607Z', ...rest }: Forgery): Uint8Array {
  const { imprintAlgorithm = 'sha256', accuracy, more } = rest;
  return sequence(
    integer(rest.version ?? 1),
    named('policy'),
    sequence(algorithm(imprintAlgorithm), octets(rest.imprint ?? hash(imprintAlgorithm, data))),
    integer(7),
    encodeDer(TAG.generalizedTime, Buffer.from(genTime)),
    ...(accuracy === undefined ? [] : [accuracy]),
    ...(nonce === undefined ? [] : [encodeUnsigned(nonce)]),
    ...(more === undefined ? [] : [more]),
  );
}

function signerInfo(forgery: Forgery, content: Uint8Array, certificate: Uint8Array): Uint8Array {
  const { digest = 'sha256', key = 'tsa', contentType = 'tstInfo' } = forgery;
  const attributes = [
    attribute('contentType', named(contentType)),
    ...Array.from({ length: forgery.repeated === true ? 2 : 1 }, () =>
      attribute('messageDigest', octets(forgery.messageDigest ?? hash(digest, content))),
    ),
    ...naming(forgery.named ?? 'v2', certificate, forgery.issuerSerial),
  ];
  const fields = children(readDer(certificate), TAG.sequence, 'certificate');
  const [, serial, , issuer] = children(fields[0], TAG.sequence, 'certificate');
  const privateKey = createPrivateKey(fixture(`${key}.key`));
  const algorithmName = privateKey.asymmetricKeyType === 'rsa' ? 'rsa' : `ecdsa-${digest}`;
  return sequence(
    integer(1),
    sequence(issuer?.raw ?? certificate, serial?.raw ?? certificate),
    algorithm(digest),
    encodeDer(context(0), ...attributes),
    algorithm(algorithmName),
    octets(sign(digest, set(...attributes), privateKey)),
    ...(forgery.unsigned === true
      ? [encodeDer(context(1), attribute('messageDigest', octets(content)))]
      : []),
  );
}

/** IssuerSerial: one directoryName, and a serial number. */
function issuerSerialOf(name: string): Uint8Array {
  const fields = children(readDer(certificateOf(name)), TAG.sequence, 'certificate');
  const [, serial, , issuer] = children(fields[0], TAG.sequence, 'certificate');
  return sequence(sequence(encodeDer(context(4), issuer!.raw)), serial!.raw);
}

function naming(
  how: NonNullable<Forgery['named']>,
  certificate: Uint8Array,
  issuerSerial: string | undefined,
): readonly Uint8Array[] {
  const other = certificateOf('rsa');
  const more = issuerSerial === undefined ? [] : [issuerSerialOf(issuerSerial)];
  const id = (digest: string, of: Uint8Array) =>
    sequence(sequence(sequence(octets(hash(digest, of)), ...more)));
  const [v1, v2] = [
    (of: Uint8Array) => attribute('signingCertificate', id('sha1', of)),
    (of: Uint8Array) => attribute('signingCertificateV2', id('sha256', of)),
  ];
  return {
    v1: [v1(certificate)],
    v2: [v2(certificate)],
    both: [v1(certificate), v2(certificate)],
    other: [v2(other)],
    'other-v1': [v1(other), v2(certificate)],
    none: [],
  }[how];
}
