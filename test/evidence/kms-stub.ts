import { createECDH, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** A key of the stub, as KMS describes it. */
export interface StubKey {
  readonly privateKey: KeyObject;
  readonly KeySpec: string;
  readonly KeyUsage?: string;
  readonly SigningAlgorithms: readonly string[];
}

/** A request as it came, its authorization not checked but shown. */
export interface StubRequest {
  readonly operation: string;
  readonly authorization: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface KmsStub extends AsyncDisposable {
  readonly endpoint: string;
  readonly requests: readonly StubRequest[];
  /** What the next answers are instead: HTTP status and error type, one each. */
  readonly failures: { readonly status: number; readonly type: string }[];
  /** Makes of a signature what is answered. */
  lie: (signature: Buffer, message: Buffer) => Buffer;
}

const signRequest = z.strictObject({
  KeyId: z.string(),
  Message: z.base64(),
  MessageType: z.enum(['RAW', 'DIGEST']),
  SigningAlgorithm: z.string(),
});

/**
 * AWS KMS on loopback, for two operations: keys by alias, answered with their ARN, which alone signs. It signs as KMS does: of a DIGEST the digest is
 * signed as it is. (moto hashes it again.)
 */
export async function startKms(keys: Readonly<Record<string, StubKey>>): Promise<KmsStub> {
  const requests: StubRequest[] = [];
  const failures: { status: number; type: string }[] = [];
  const arn = (name: string) => `arn:aws:kms:eu-central-1:111122223333:key/${name}`;
  const answer = (operation: string, body: Record<string, unknown>): object => {
    if (operation === 'TrentService.GetPublicKey') {
      const name = String(body['KeyId']);
      const { privateKey, ...key } = keys[name]!;
      const PublicKey = createPublicKey(privateKey)
        .export({ type: 'spki', format: 'der' })
        .toString('base64');
      return { KeyUsage: 'SIGN_VERIFY', ...key, KeyId: arn(name), PublicKey };
    }
    const { KeyId, Message, MessageType, SigningAlgorithm } = signRequest.parse(body);
    const [, key] = Object.entries(keys).find(([name]) => arn(name) === KeyId)!;
    const message = Buffer.from(Message, 'base64');
    const Signature = stub.lie(signWith(key.privateKey, SigningAlgorithm, MessageType, message), message);
    return { KeyId, SigningAlgorithm, Signature: Signature.toString('base64') };
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']);
    const body = z.record(z.string(), z.unknown()).parse(JSON.parse(await text(request)));
    requests.push({ operation, authorization: request.headers.authorization ?? '', body });
    const failure = failures.shift();
    const said =
      failure === undefined ? answer(operation, body) : { __type: failure.type, message: 'as asked' };
    response.writeHead(failure?.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(said));
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const stub: KmsStub = {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    failures,
    lie: (signature) => signature,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return stub;
}

function signWith(key: KeyObject, algorithm: string, type: 'RAW' | 'DIGEST', message: Buffer): Buffer {
  if (algorithm === 'ED25519_SHA_512' && type === 'RAW') return sign(null, message, key);
  if (algorithm !== 'ECDSA_SHA_256') throw new Error(`${algorithm} of ${type}: not in the stub`);
  return type === 'RAW' ? sign('sha256', message, key) : signDigest(key, message);
}

/** The order of P-256: FIPS 186-5, and SEC 2. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA (FIPS 186-5, 6.4.1) over a digest as it is, which node:crypto doesn't offer. */
export function signDigest(key: KeyObject, digest: Buffer): Buffer {
  const ephemeral = createECDH('prime256v1');
  const point = ephemeral.generateKeys();
  const k = toNumber(ephemeral.getPrivateKey());
  const d = toNumber(Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url'));
  const r = toNumber(point.subarray(1, 33)) % ORDER;
  const s = (inverse(k) * (toNumber(digest) + r * d)) % ORDER;
  return encodeSignature(r, s);
}

/** The same signature with the other of its two valid values of s. */
export function withOtherS(der: Buffer): Buffer {
  const r = der.subarray(4, 4 + der[3]!);
  return encodeSignature(toNumber(r), ORDER - toNumber(der.subarray(6 + der[3]!)));
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** By Fermat: the order is a prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let power = value % ORDER;
  for (let rest = ORDER - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * power) % ORDER;
    power = (power * power) % ORDER;
  }
  return result;
}

/** DER: a sequence of two integers. */
function encodeSignature(...values: readonly [bigint, bigint]): Buffer {
  const integers = values.map((value) => {
    const hex = value.toString(16);
    const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
    const positive = bytes[0]! < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
    return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
  });
  const body = Buffer.concat(integers);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}
