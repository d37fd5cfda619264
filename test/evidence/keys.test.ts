import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateKeys, keyFiles, type KeyFiles, loadKeys } from '../../src/evidence/keys.ts';
import { fingerprint, verifyP256 } from '../../src/evidence/public-keys.ts';
import { ed25519Key } from '../../src/evidence/note.ts';
import { temporaryDirectory } from './helpers.ts';

let base: string;
let files: KeyFiles;

beforeEach(async () => {
  base = await temporaryDirectory();
  files = keyFiles(join(base, 'keys'));
});

afterEach(() => rm(base, { recursive: true }));

const pem = { type: 'pkcs8', format: 'pem' } as const;

describe('generated keys', () => {
  test('are readable by their owner alone, and loaded again', async () => {
    const made = await generateKeys(join(base, 'keys'));
    for (const path of Object.values<string>({ ...files }))
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    const loaded = await loadKeys(files);
    expect(fingerprint(loaded.envelope.spki)).toBe(fingerprint(made.envelope.spki));
    expect(fingerprint(loaded.checkpoint.spki)).toBe(fingerprint(made.checkpoint.spki));
    expect(loaded.body).toEqual(made.body);
  });

  test('never take the place of others', async () => {
    await generateKeys(join(base, 'keys'));
    await rm(files.envelope);
    const before = await readFile(files.body, 'utf8');
    await expect(generateKeys(join(base, 'keys'))).rejects.toMatchObject({
      code: 'key',
      message: expect.stringContaining('there is something already (body.key)'),
    });
    expect(await readFile(files.body, 'utf8')).toBe(before);
    await expect(stat(files.envelope)).rejects.toThrow('ENOENT');
  });

  test('sign what verifies with their public keys', async () => {
    const { envelope, checkpoint } = await generateKeys(join(base, 'keys'));
    const message = Buffer.from('message');
    expect(verifyP256(envelope.spki, message, await envelope.sign(message))).toBe(true);
    expect(verifyP256(envelope.spki, Buffer.from('other'), await envelope.sign(message))).toBe(false);
    expect(ed25519Key('log', checkpoint.spki).verify(message, await checkpoint.sign(message))).toBe(true);
  });
});

describe('a key file', () => {
  beforeEach(() => generateKeys(join(base, 'keys')));

  const naming = (path: string, ...parts: readonly string[]) => ({
    code: 'key',
    message: expect.stringMatching([path, ...parts].join('.*')),
  });

  test.each([0o640, 0o604, 0o660])('that others may use (mode %o) is refused', async (mode) => {
    await chmod(files.checkpoint, mode);
    await expect(loadKeys(files)).rejects.toMatchObject(
      naming(files.checkpoint, 'others may use this key', '0600'),
    );
  });

  test('that is missing is named, with what was expected', async () => {
    await rm(files.envelope);
    await expect(loadKeys(files)).rejects.toMatchObject(naming(files.envelope, 'ENOENT', 'ECDSA P-256'));
  });

  test('that holds no key is named', async () => {
    await writeFile(files.checkpoint, 'hello\n');
    await expect(loadKeys(files)).rejects.toMatchObject(
      naming(files.checkpoint, 'a PEM private key, Ed25519'),
    );
  });

  test('of another type is named, with both types', async () => {
    await writeFile(
      files.envelope,
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export(pem),
    );
    await expect(loadKeys(files)).rejects.toMatchObject(
      naming(files.envelope, 'ec secp384r1', 'ECDSA P-256'),
    );
    await writeFile(files.envelope, await readFile(files.checkpoint));
    await expect(loadKeys(files)).rejects.toMatchObject(naming(files.envelope, 'ed25519', 'ECDSA P-256'));
  });

  test('with a public key in the place of a private one is refused', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    await writeFile(files.checkpoint, publicKey.export({ type: 'spki', format: 'pem' }));
    await expect(loadKeys(files)).rejects.toMatchObject(
      naming(files.checkpoint, 'a PEM private key, Ed25519'),
    );
  });

  test.each([
    '',
    'AAAA',
    `${Buffer.alloc(33).toString('base64')}\n`,
    `${Buffer.alloc(32).toString('hex')}\n`,
  ])('with a body key other than 32 bytes in base64 is refused: %j', async (text) => {
    await writeFile(files.body, text);
    await expect(loadKeys(files)).rejects.toMatchObject(naming(files.body, 'expected 32 bytes in base64'));
  });
});
