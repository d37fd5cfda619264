import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { evidenceKeys } from '../../src/engine/evidence-keys.ts';
import { generateKeys } from '../../src/evidence/keys.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { examineKeys } from '../../src/cli/examine-keys.ts';
import { type KmsStub, startKms } from '../evidence/kms-stub.ts';
import { makeWorld, type World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: {} });
  for (const name of ['a', 'b']) await generateKeys(join(world.directory, name));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world[Symbol.asyncDispose]();
});

const file = (set: string, name: string) => ({ file: join(world.directory, set, name) });
const files = (set: string) => ({
  envelope: file(set, 'envelope.pem'),
  checkpoint: file(set, 'checkpoint.pem'),
  body: file(set, 'body.key'),
});

async function configure(keys: object): Promise<void> {
  const spec = {
    organisation: 'Test',
    domain: 'test.example',
    data: join(world.directory, 'data'),
    commitWindow: '1s',
    keys,
  };
  const manifest = { apiVersion: 'annexa.dev/v1alpha1', kind: 'Agent', metadata: { name: 'test' }, spec };
  await world.write('agent.yaml', JSON.stringify(manifest));
}

async function load(env: Readonly<Record<string, string>> = {}) {
  return evidenceKeys(await world.config(), join(world.directory, 'made'), env, () => {});
}

describe('the configured keys', () => {
  test('are read with those that they replace, as far as these are named', async () => {
    await configure({ ...files('b'), previous: { envelope: files('a').envelope } });
    const { previous } = await load();
    expect(Object.keys(previous ?? {})).toEqual(['envelope']);
    await configure({ ...files('b'), previous: files('a') });
    const all = await load();
    expect(fingerprint(all.previous!.checkpoint!.spki)).not.toBe(fingerprint(all.checkpoint.spki));
    expect(all.previous!.body).toHaveLength(32);
    await configure(files('b'));
    expect(await load()).not.toHaveProperty('previous');
  });

  test.each(['envelope', 'checkpoint', 'body'] as const)(
    'are refused while others may read the %s key that is being replaced',
    async (use) => {
      const path = files('a')[use].file;
      await chmod(path, 0o644);
      await configure({ ...files('b'), previous: { [use]: { file: path } } });
      await expect(load()).rejects.toMatchObject({
        code: 'key',
        message: expect.stringContaining(`${path}: others may use this key`),
      });
    },
  );

  test('are refused when a variable is not set, or holds a key of another kind', async () => {
    await configure({ ...files('b'), previous: { checkpoint: { env: 'OLD' } } });
    await expect(load()).rejects.toThrow('the environment variable OLD is not set');
    const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const OLD = pem.export({ type: 'pkcs8', format: 'pem' }).toString();
    await expect(load({ OLD })).rejects.toThrow(
      'environment variable OLD: holds a key of type ec prime256v1, expected',
    );
  });

  test('rotate the log at the next start, and doctor says so before', async () => {
    const read = async () => (await readStore(join(world.directory, 'data/evidence'))).identity.keys;
    const doctor = async () => (await examineKeys(await world.config(), {})).at(-1);
    await configure(files('a'));
    expect(await doctor()).toMatchObject({ state: 'ok', detail: 'there is no log yet' });
    await (await world.open())[Symbol.asyncDispose]();
    const [envelope, checkpoint] = (await read()).list();
    await configure(files('b'));
    expect(await doctor()).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining(`envelope key is ${envelope!.fingerprint}; the one given is`),
    });
    await expect(world.open()).rejects.toMatchObject({ code: 'foreign-key' });
    await configure({ ...files('b'), previous: files('a') });
    expect(await doctor()).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('the next start rotates: envelope replace, checkpoint begin'),
    });
    await (await world.open())[Symbol.asyncDispose]();
    await configure(files('b'));
    await (await world.open())[Symbol.asyncDispose]();
    expect((await read()).history()).toMatchObject([
      { fingerprint: envelope!.fingerprint, until: {} },
      { fingerprint: checkpoint!.fingerprint, until: {} },
      { use: 'envelope', until: null },
      { use: 'checkpoint', until: null, retiring: false },
    ]);
  });
});

describe('keys of KMS', () => {
  let stub: KmsStub;

  beforeEach(async () => {
    stub = await startKms({
      'alias/envelope': {
        privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        KeySpec: 'ECC_NIST_P256',
        SigningAlgorithms: ['ECDSA_SHA_256'],
      },
    });
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', stub.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  });
  afterEach(() => stub[Symbol.asyncDispose]());

  test('seal beside keys of files, in the region that is named', async () => {
    await configure({ ...files('a'), envelope: { kms: 'alias/envelope', region: 'eu-west-1' } });
    await (await world.open())[Symbol.asyncDispose]();
    const { identity } = await readStore(join(world.directory, 'data/evidence'));
    const { envelope } = await load();
    expect(identity.keys.envelopeKey(0)).toEqual(Buffer.from(envelope.spki));
    expect(stub.requests.some(({ operation }) => operation === 'TrentService.Sign')).toBe(true);
    expect(stub.requests.every(({ authorization }) => authorization.includes('/eu-west-1/kms/'))).toBe(true);
  });

  test('that lie are found by doctor', async () => {
    await configure({ ...files('a'), envelope: { kms: 'alias/envelope', region: 'eu-west-1' } });
    stub.lie = () => Buffer.of(1);
    const [finding] = await examineKeys(await world.config(), {});
    expect(finding).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('KMS key alias/envelope'),
    });
  });
});
