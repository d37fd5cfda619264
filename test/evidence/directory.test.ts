import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { directoryStore } from '../../src/evidence/directory.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';
import { temporaryDirectory } from './helpers.ts';

let base: string;
let root: string;
let store: ObjectStore;

beforeEach(async () => {
  base = await temporaryDirectory();
  root = join(base, 'store');
  await mkdir(join(root, 'state/tmp'), { recursive: true });
  store = directoryStore(root, join(root, 'state/tmp'));
});

afterEach(() => rm(base, { recursive: true }));

const bytes = (text: string) => Buffer.from(text);

describe('an object store in a directory', () => {
  test('creates objects and tells which were there already', async () => {
    expect(await store.create([{ key: 'a/b', bytes: bytes('1') }])).toEqual(['created']);
    const again = [
      { key: 'a/b', bytes: bytes('1') },
      { key: 'a/c', bytes: bytes('2') },
    ];
    expect(await store.create(again)).toEqual(['same', 'created']);
    expect(await store.create([{ key: 'a/b', bytes: bytes('other') }])).toEqual(['differs']);
    expect(await readFile(join(root, 'a/b'), 'utf8')).toBe('1');
  });

  test('lets one of many win that create the same object at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) => store.create([{ key: 'log/intents/7', bytes: bytes(String(i)) }])),
    );
    const winner = all.findIndex(([outcome]) => outcome === 'created');
    expect(all.flat().toSorted()).toEqual(['created', ...Array.from({ length: 29 }, () => 'differs')]);
    expect(Buffer.from((await store.get('log/intents/7')) ?? []).toString()).toBe(String(winner));
  });

  test('creates from a file, and compares with one that is there', async () => {
    const source = join(base, 'source');
    await writeFile(source, 'x'.repeat(200_000));
    expect(await store.createFromFile('content/a', source)).toBe('created');
    expect(await store.createFromFile('content/a', source)).toBe('same');
    await writeFile(source, `${'x'.repeat(199_999)}y`);
    expect(await store.createFromFile('content/a', source)).toBe('differs');
    await writeFile(source, 'x'.repeat(100_000));
    expect(await store.createFromFile('content/a', source)).toBe('differs');
    expect((await stat(join(root, 'content/a'))).size).toBe(200_000);
  });

  test('replaces the checkpoint by what supersedes it, and by nothing else', async () => {
    const seen: string[] = [];
    const put = (text: string, supersedes: boolean) =>
      store.replace('log/checkpoint', bytes(text), (current) => {
        seen.push(Buffer.from(current).toString());
        return supersedes;
      });
    await put('1', false);
    await put('2', true);
    await put('1', false);
    expect(seen).toEqual(['1', '2']);
    expect(Buffer.from((await store.get('log/checkpoint')) ?? []).toString()).toBe('2');
  });

  test('leaves nothing temporary behind', async () => {
    await store.create([{ key: 'a', bytes: bytes('1') }]);
    await store.create([{ key: 'a', bytes: bytes('2') }]);
    await store.replace('b', bytes('2'), () => true);
    expect(await readdir(join(root, 'state/tmp'))).toEqual([]);
  });

  test('lists keys at any depth, and never the state', async () => {
    await store.create(
      ['log/intents/0', 'log/tile/0/000.p/1', 'keys/a.pem'].map((key) => ({ key, bytes: bytes('') })),
    );
    expect((await store.list('')).toSorted()).toEqual(['keys/a.pem', 'log/intents/0', 'log/tile/0/000.p/1']);
    expect(await store.list('log/tile/')).toEqual(['log/tile/0/000.p/1']);
    expect(await store.list('nothing/')).toEqual([]);
  });

  test('knows nothing of what is not there', async () => {
    expect(await store.get('a/b')).toBeUndefined();
    expect(await store.stream('a/b')).toBeUndefined();
    expect(await store.has('a/b')).toBe(false);
    await store.delete('a/b');
  });

  test('takes the folder of partial tiles away with the last of them', async () => {
    await store.create([
      { key: 'log/tile/0/000.p/1', bytes: bytes('1') },
      { key: 'log/tile/0/000.p/2', bytes: bytes('2') },
    ]);
    await store.delete('log/tile/0/000.p/1');
    expect(await readdir(join(root, 'log/tile/0'))).toEqual(['000.p']);
    await store.delete('log/tile/0/000.p/2');
    expect(await readdir(join(root, 'log/tile/0'))).toEqual([]);
    expect(await store.create([{ key: 'log/tile/0/000.p/3', bytes: bytes('3') }])).toEqual(['created']);
  });

  test.each(['../outside', '/etc/passwd', 'a/../../b', 'a//b', '.hidden', ''])(
    'refuses %j, which is no key',
    async (key) => {
      await expect(store.get(key)).rejects.toMatchObject({ code: 'io' });
      await expect(store.create([{ key, bytes: bytes('x') }])).rejects.toMatchObject({ code: 'io' });
    },
  );

  test('says what it could not do, and why', async () => {
    await mkdir(join(root, 'a'));
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'io',
      message: "can't read a: not a file",
    });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(store.get('pipe')).rejects.toMatchObject({
      code: 'io',
      message: "can't read pipe: not a file",
    });
    await expect(store.stream('pipe')).rejects.toMatchObject({ code: 'io' });
    await expect(store.create([{ key: 'pipe', bytes: bytes('1') }])).rejects.toMatchObject({ code: 'io' });
    await symlink('loop', join(root, 'loop'));
    await expect(store.get('loop')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('ELOOP'),
    });
  });
});
