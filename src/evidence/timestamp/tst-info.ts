import { EvidenceError } from '../error.ts';
import { body, children, context, type Der, oid, readDer, smallInteger, TAG } from './der.ts';

/** What an authority signs (RFC 3161, 2.4.2). */
export interface TstInfo {
  readonly policy: string;
  /** SHA-256 of what was stamped. */
  readonly imprint: Uint8Array;
  /** Hex. */
  readonly serial: string;
  /** Unix seconds, fractions cut off. */
  readonly genTime: number;
  /** Seconds; 0 when not said. */
  readonly accuracy: number;
  /** DER of the INTEGER. */
  readonly nonce: Uint8Array | undefined;
}

export const SHA256 = '2.16.840.1.101.3.4.2.1';

/** Throws `corrupt`. */
export function readTstInfo(der: Uint8Array): TstInfo {
  const [version, policy, imprint, serial, genTime, ...optional] = children(
    readDer(der),
    TAG.sequence,
    'TSTInfo',
  );
  if (smallInteger(version, 'version') !== 1) throw corrupt('its version is not 1');
  const take = (tag: number) => (optional[0]?.tag === tag ? optional.shift() : undefined);
  const accuracy = take(TAG.sequence);
  take(TAG.boolean);
  const nonce = take(TAG.integer);
  take(context(0));
  assertNoCritical(take(context(1)));
  if (optional.length > 0) throw corrupt('it has a field that RFC 3161 does not know, or in another order');
  return {
    policy: oid(policy, 'policy'),
    imprint: readImprint(imprint),
    serial: Buffer.from(body(serial, TAG.integer, 'serial number')).toString('hex'),
    genTime: readTime(genTime),
    accuracy: accuracy === undefined ? 0 : readAccuracy(accuracy),
    nonce: nonce?.raw,
  };
}

/** The algorithm of an AlgorithmIdentifier that takes no parameters: none, or NULL. Throws `corrupt`. */
export function plainAlgorithm(value: Der | undefined, what: string): string {
  const [algorithm, parameters, ...more] = children(value, TAG.sequence, what);
  if (more.length > 0 || (parameters !== undefined && parameters.tag !== TAG.null)) {
    throw new EvidenceError('corrupt', `${what} has parameters that are not accepted`);
  }
  return oid(algorithm, what);
}

function readImprint(value: Der | undefined): Uint8Array {
  const [algorithm, hash, ...more] = children(value, TAG.sequence, 'imprint');
  if (plainAlgorithm(algorithm, "the imprint's algorithm") !== SHA256)
    throw corrupt('its imprint is not of SHA-256');
  if (more.length > 0) throw corrupt('its imprint has more than a digest');
  return body(hash, TAG.octetString, 'imprint');
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d*[1-9])?Z$/;

function readTime(value: Der | undefined): number {
  const text = Buffer.from(body(value, TAG.generalizedTime, 'genTime')).toString('latin1');
  const [year = 0, month = 0, day = 0, ...clock] = (TIME.exec(text) ?? []).slice(1).map(Number);
  const [hour = 0, minute = 0, second = 0] = clock;
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const plain = time.toISOString().replaceAll(/[-:T]|\.000Z$/g, '');
  if (!TIME.test(text) || plain !== text.slice(0, 14)) throw corrupt('its genTime is no time in UTC');
  return time.getTime() / 1000;
}

function readAccuracy(value: Der): number {
  const parts = [...children(value, TAG.sequence, 'accuracy')];
  const take = (tag: number) => {
    const part = parts[0]?.tag === tag ? parts.shift() : undefined;
    return part === undefined ? 0 : smallInteger({ ...part, tag: TAG.integer }, 'accuracy');
  };
  const [seconds, millis, micros] = [take(TAG.integer), take(0x80), take(0x81)];
  if (parts.length > 0 || millis > 999 || micros > 999) throw corrupt('its accuracy is not one of RFC 3161');
  return seconds + millis / 1e3 + micros / 1e6;
}

function assertNoCritical(extensions: Der | undefined): void {
  if (extensions === undefined) return;
  for (const extension of children(extensions, context(1), 'extensions')) {
    const [id, critical] = children(extension, TAG.sequence, 'extension');
    if (critical?.tag === TAG.boolean && critical.body[0] === 0xff) {
      throw corrupt(`it has the critical extension ${oid(id, 'extension')}, which is not supported`);
    }
  }
}

function corrupt(detail: string): EvidenceError {
  return new EvidenceError('corrupt', `the token can't be used: ${detail}`);
}
