import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signCheckpoint } from '../../src/evidence/checkpoint.ts';
import { pae, signEnvelope, verifyEnvelope } from '../../src/evidence/dsse.ts';
import { kmsSigner } from '../../src/evidence/kms.ts';
import type { KeyUse, Signer } from '../../src/evidence/keys.ts';
import { createLog } from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { draft, temporaryDirectory, testClock, testKeys } from './helpers.ts';
import { type KmsStub, signDigest, startKms, type StubKey, withOtherS } from './kms-stub.ts';

const p256: StubKey = {
  privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  KeySpec: 'ECC_NIST_P256',
  SigningAlgorithms: ['ECDSA_SHA_256'],
};
const ed25519: StubKey = {
  privateKey: generateKeyPairSync('ed25519').privateKey,
  KeySpec: 'ECC_NIST_EDWARDS25519',
  SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
};
const p384: StubKey = {
  privateKey: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  KeySpec: 'ECC_NIST_P384',
  SigningAlgorithms: ['ECDSA_SHA_384'],
};
const keys = {
  envelope: p256,
  checkpoint: ed25519,
  p384,
  exchange: { ...p256, KeyUsage: 'KEY_AGREEMENT', SigningAlgorithms: [] },
  mislabelled: { ...p384, KeySpec: 'ECC_NIST_P256', SigningAlgorithms: ['ECDSA_SHA_256'] },
};

let stub: KmsStub;

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  stub = await startKms(keys);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await stub[Symbol.asyncDispose]();
});

const signer = (kms: string, use: KeyUse, attempts = 1): Promise<Signer> =>
  kmsSigner({ kms, endpoint: stub.endpoint }, use, { request: 5000, attempts });

describe('a key of KMS', () => {
  test('signs envelopes by their digest, by the ARN of the key whose public half was given', async () => {
    const envelope = await signEnvelope(Buffer.from('payload'), await signer('envelope', 'envelope'));
    const [asked, signed] = stub.requests;
    expect(asked).toMatchObject({ operation: 'TrentService.GetPublicKey', body: { KeyId: 'envelope' } });
    expect(asked?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/kms\/aws4_request, SignedHeaders=/,
    );
    const digest = createHash('sha256').update(pae(envelope.payload)).digest('base64');
    expect(signed).toMatchObject({
      operation: 'TrentService.Sign',
      body: {
        KeyId: 'arn:aws:kms:eu-central-1:111122223333:key/envelope',
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      },
    });
  });

  test('signs checkpoints as they are', async () => {
    const key = await signer('checkpoint', 'checkpoint');
    const { note } = await signCheckpoint('acme.example', 1, Buffer.alloc(32), [key]);
    expect(stub.requests[1]?.body).toMatchObject({
      Message: Buffer.from(note.slice(0, note.indexOf('\n\n') + 1)).toString('base64'),
      MessageType: 'RAW',
      SigningAlgorithm: 'ED25519_SHA_512',
    });
  });

  test('seals a whole log, which verifies', async () => {
    const base = await temporaryDirectory();
    const log = await createLog({
      directory: `${base}/store`,
      keys: {
        ...testKeys(),
        envelope: await signer('envelope', 'envelope'),
        checkpoint: await signer('checkpoint', 'checkpoint'),
      },
      now: testClock(),
      agent: { version: '0.0.0', build: 'test' },
      domain: 'acme.example',
      sample: false,
    });
    await log.append([draft('one'), draft('two')]);
    await log[Symbol.asyncDispose]();
    expect((await verifyDirectory(`${base}/store`)).problems).toEqual([]);
  });

  test('may give either of the two values of s', async () => {
    const key = await signer('envelope', 'envelope');
    const payload = Buffer.from('payload');
    for (const lie of [(one: Buffer) => one, withOtherS]) {
      stub.lie = lie;
      expect(verifyEnvelope(await signEnvelope(payload, key), key.spki)).toBe(true);
    }
  });

  const changed = (one: Buffer) => Buffer.concat([one.subarray(0, -1), Buffer.of(one.at(-1)! ^ 1)]);
  test.each<[string, (signature: Buffer, message: Buffer) => Buffer]>([
    [
      'by another key',
      (_, digest) => signDigest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, digest),
    ],
    ['over a digest that was hashed again', (_, digest) => sign('sha256', digest, p256.privateKey)],
    ['with a bit changed', changed],
    ['not at all', () => Buffer.of()],
  ])('that signed %s is not believed', async (_, lie) => {
    const key = await signer('envelope', 'envelope');
    stub.lie = lie;
    await expect(key.sign(Buffer.from('x'))).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining("KMS key envelope: what it signed doesn't verify with its public key"),
    });
  });

  test.each<[string, string, KeyUse, string]>([
    [
      'a curve that envelopes can not be signed with',
      'p384',
      'envelope',
      'it is ECC_NIST_P384 for SIGN_VERIFY; the envelope key has to be ECC_NIST_P256 for SIGN_VERIFY with ECDSA_SHA_256',
    ],
    [
      'a key for envelopes in the place of one for checkpoints',
      'envelope',
      'checkpoint',
      'has to be ECC_NIST_EDWARDS25519',
    ],
    ['a key that is not for signing', 'exchange', 'envelope', 'it is ECC_NIST_P256 for KEY_AGREEMENT'],
    [
      'a public key that is not what its spec says',
      'mislabelled',
      'envelope',
      'KMS key mislabelled: its public key is not what ECC_NIST_P256 says',
    ],
  ])('is refused: %s', async (_, name, use, message) => {
    await expect(signer(name, use)).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ['AccessDeniedException', 'the credentials may not do this'],
    ['NotFoundException', 'there is no such key in this account and region'],
    ['DisabledException', 'the key is disabled'],
  ])('that KMS refuses (%s) is named, with what to do', async (type, message) => {
    stub.failures.push({ status: 400, type });
    await expect(signer('envelope', 'envelope')).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining(`KMS key envelope: kms:GetPublicKey: ${message}`),
    });
  });

  test('is asked again when it is throttled or fails for a moment, and then it may be tried later', async () => {
    const patient = await signer('envelope', 'envelope', 3);
    stub.failures.push(
      { status: 400, type: 'ThrottlingException' },
      { status: 500, type: 'KMSInternalException' },
    );
    await expect(patient.sign(Buffer.from('x'))).resolves.toBeDefined();
    const hasty = await signer('envelope', 'envelope', 1);
    stub.failures.push({ status: 400, type: 'ThrottlingException' });
    await expect(hasty.sign(Buffer.from('x'))).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('KMS key envelope: kms:Sign: ThrottlingException'),
    });
  });

  test('is in the region of its ARN', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    const arn = 'arn:aws:kms:ap-south-1:111122223333:key/none';
    stub.failures.push({ status: 400, type: 'NotFoundException' });
    await expect(signer(arn, 'envelope')).rejects.toMatchObject({ code: 'key' });
    expect(stub.requests[0]?.authorization).toContain('/ap-south-1/kms/');
  });

  test('without credentials is told', async () => {
    vi.unstubAllEnvs();
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
    const key = kmsSigner({ kms: 'envelope', region: 'eu-central-1', endpoint: stub.endpoint }, 'envelope');
    await expect(key).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining('no credentials were found'),
    });
  });
});
