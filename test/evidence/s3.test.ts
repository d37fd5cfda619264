import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Patience, Retention, S3Place } from '../../src/evidence/s3/client.ts';
import { openS3, readableS3 } from '../../src/evidence/s3/open.ts';
import { s3Source } from '../../src/evidence/s3/source.ts';
import type { ObjectStore } from '../../src/evidence/store.ts';
import { faultsProxy } from './faults-proxy.ts';
import { temporaryDirectory } from './helpers.ts';
import { BUCKET, memoryS3, type MemoryS3, type Traits } from './s3-memory.ts';

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);
const bytes = (text: string) => Buffer.from(text);
const text = (found: Uint8Array | undefined) => found && Buffer.from(found).toString();
const patience: Patience = { connect: 1000, request: 20_000, attempts: 2 };

let base: string;
let server: MemoryS3;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-of-the-test');
  base = await temporaryDirectory();
  stack = new AsyncDisposableStack();
  server = stack.use(await memoryS3({ objectLock: true }));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await stack.disposeAsync();
  await rm(base, { recursive: true });
});

function place(endpoint = server.endpoint, bucket = BUCKET): S3Place {
  return { bucket, prefix: 'annexa/', region: 'eu-central-1', endpoint, forcePathStyle: true };
}

async function open(retention?: Retention): Promise<ObjectStore> {
  const { store } = await openS3({ ...place(), retention }, now, patience);
  server.requests.length = 0;
  return store;
}

async function other(traits: Traits): Promise<S3Place> {
  const { endpoint } = stack.use(await memoryS3(traits));
  return place(endpoint);
}

describe('an object store in a bucket', () => {
  test('creates objects below the prefix and tells which were there already', async () => {
    const store = await open();
    expect(await store.create([{ key: 'a/b', bytes: bytes('1') }])).toEqual(['created']);
    const again = [
      { key: 'a/b', bytes: bytes('1') },
      { key: 'a/c', bytes: bytes('2') },
      { key: 'a/b', bytes: bytes('other') },
    ];
    expect(await store.create(again)).toEqual(['same', 'created', 'differs']);
    expect([...server.objects.keys()]).toEqual(['annexa/a/b', 'annexa/a/c']);
    expect(text(await store.get('a/b'))).toBe('1');
  });

  test('lets one of many win that create the same object at once', async () => {
    const store = await open();
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, i) => store.create([{ key: 'log/intents/7', bytes: bytes(String(i)) }])),
    );
    const winner = all.findIndex(([outcome]) => outcome === 'created');
    expect(all.flat().toSorted()).toEqual(['created', ...Array.from({ length: 29 }, () => 'differs')]);
    expect(text(await store.get('log/intents/7'))).toBe(String(winner));
  });

  test.each([200_000, 20_000_000])(
    'creates from a file of %i bytes, and compares with one that is there',
    async (size) => {
      const store = await open();
      const source = join(base, 'source');
      await writeFile(source, Buffer.alloc(size, 'x'));
      expect(await store.createFromFile('content/a', source)).toBe('created');
      const written = server.requests.filter((request) => request.startsWith('PUT')).length;
      expect(await store.createFromFile('content/a', source)).toBe('same');
      expect(server.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(written);
      for (const changed of [
        Buffer.alloc(size, 'y'),
        Buffer.alloc(size - 1, 'x'),
        Buffer.alloc(size + 1, 'x'),
      ]) {
        await writeFile(source, changed);
        expect(await store.createFromFile('content/a', source)).toBe('differs');
      }
      expect(server.objects.get('annexa/content/a')).toHaveLength(1);
      expect((await store.get('content/a'))?.length).toBe(size);
    },
  );

  test('takes the parts of a large file back when it fails', async () => {
    await open();
    const proxy = stack.use(await faultsProxy(server.endpoint));
    const { store } = await openS3(place(proxy.endpoint), now, { ...patience, attempts: 1 });
    const source = join(base, 'source');
    await writeFile(source, Buffer.alloc(20_000_000, 'x'));
    // Looking, beginning, three parts: the third fails.
    proxy.plan('unavailable', 5);
    await expect(store.createFromFile('content/a', source)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining(`s3://${BUCKET}/annexa/content/a: SlowDown 503`),
    });
    expect(server.uploads.size).toBe(0);
    expect(server.objects.size).toBe(0);
    proxy.heal();
    expect(await store.createFromFile('content/a', source)).toBe('created');
  });

  test('replaces the checkpoint by what supersedes it, and by nothing else', async () => {
    const store = await open();
    const put = (value: number) =>
      store.replace('log/checkpoint', bytes(String(value)), (current) => Number(text(current)) < value);
    await put(1);
    await put(3);
    await put(2);
    expect(text(await store.get('log/checkpoint'))).toBe('3');
    await Promise.all(Array.from({ length: 8 }, (_, i) => put(10 - i)));
    expect(text(await store.get('log/checkpoint'))).toBe('10');
    const written = (server.objects.get('annexa/log/checkpoint') ?? []).map(({ bytes }) =>
      Number(text(bytes)),
    );
    expect(written).toEqual(written.toSorted((a, b) => b - a));
  });

  test('lists keys at any depth, page by page, and never what was tried', async () => {
    const store = readableS3(await other({ page: 2 }), patience);
    const keys = ['keys/a.pem', 'log/intents/0', 'log/tile/0/000.p/1', 'log/tile/0/000.p/2', 'probe/1'];
    await store.create(keys.map((key) => ({ key, bytes: bytes('') })));
    expect(await store.list('')).toEqual(keys.slice(0, -1));
    expect(await store.list('log/tile/')).toEqual(keys.slice(2, 4));
    expect(await store.list('nothing/')).toEqual([]);
  });

  test('knows nothing of what is not there', async () => {
    const store = await open();
    expect(await store.get('a/b')).toBeUndefined();
    expect(await store.stream('a/b')).toBeUndefined();
    expect(await store.has('a/b')).toBe(false);
    await store.delete('a/b');
    expect(server.objects.size).toBe(0);
  });

  test('deletes every version of an object, and leaves no delete marker', async () => {
    const store = await open();
    const put = (value: string) => store.replace('log/tile/0/000.p/1', bytes(value), () => true);
    await put('1');
    await put('2');
    await store.create([{ key: 'log/tile/0/000.p/12', bytes: bytes('beside it') }]);
    await store.delete('log/tile/0/000.p/1');
    expect([...server.objects.keys()]).toEqual(['annexa/log/tile/0/000.p/12']);
  });

  test.each(['../outside', '/etc/passwd', 'a//b', '.hidden', ''])(
    'refuses %j, which is no key',
    async (key) => {
      const store = readableS3(place());
      await expect(store.get(key)).rejects.toMatchObject({ code: 'io' });
      await expect(store.create([{ key, bytes: bytes('x') }])).rejects.toMatchObject({ code: 'io' });
    },
  );

  test('reads an object to its end although the connection breaks', async () => {
    const whole = Buffer.alloc(3_000_000, 'abcdefg');
    await (await open()).create([{ key: 'content/a', bytes: whole }]);
    const proxy = stack.use(await faultsProxy(server.endpoint, { cutAt: 1_000_000 }));
    const store = readableS3(place(proxy.endpoint), { ...patience, attempts: 5 });
    const pieces: Uint8Array[] = [];
    for await (const piece of (await store.stream('content/a')) ?? []) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });

  test('refuses bytes that are not those that were stored', async () => {
    const store = await open();
    await store.create([{ key: 'content/a', bytes: bytes('right') }]);
    const proxy = stack.use(await faultsProxy(server.endpoint, { falsify: true }));
    await expect(readableS3(place(proxy.endpoint), patience).get('content/a')).rejects.toMatchObject({
      code: 'io',
    });
  });
});

describe('Object Lock', () => {
  const retention = { mode: 'COMPLIANCE', days: 30 } as const;
  const lockOf = (key: string) => {
    const [newest] = server.objects.get(`annexa/${key}`) ?? [];
    return newest?.until === undefined
      ? undefined
      : { mode: newest.mode, days: (Date.parse(newest.until) / 1000 - now()) / DAY };
  };

  test('retains what never changes, and neither partial tiles nor the newest checkpoint', async () => {
    const store = await open(retention);
    const source = join(base, 'source');
    await writeFile(source, Buffer.alloc(10_000_000));
    await store.createFromFile('content/large.zst', source);
    const lasting = [
      'content/a.zst',
      'envelopes/ab/c.dsse.json',
      'log/intents/0',
      'log/checkpoints/1',
      'log/checkpoints/1.authority.tsr',
      'log/checkpoints/1.sigs',
      'log/tile/0/000',
      'log/tile/entries/x001/002',
      'keys/a.pem',
      'tsa/a.pem',
    ];
    const passing = ['log/tile/0/000.p/1', 'log/tile/entries/x001/002.p/255'];
    await store.create([...lasting, ...passing].map((key) => ({ key, bytes: bytes(key) })));
    await store.replace('log/checkpoint', bytes('1'), () => true);
    for (const key of ['content/large.zst', ...lasting]) {
      expect(lockOf(key)?.mode, key).toBe('COMPLIANCE');
      expect(lockOf(key)?.days, key).toBeCloseTo(30, 2);
    }
    for (const key of ['log/checkpoint', ...passing]) expect(lockOf(key), key).toBeUndefined();
  });

  test('retains a body anew that is referred to again, at most once a day', async () => {
    const source = join(base, 'source');
    await writeFile(source, 'body');
    await (await open({ mode: 'COMPLIANCE', days: 10 })).createFromFile('content/a.zst', source);
    const refer = [
      (store: ObjectStore) => store.createFromFile('content/a.zst', source),
      (store: ObjectStore) => store.has('content/a.zst'),
    ];
    for (const [days, again] of [
      [12, refer[0]],
      [14, refer[1]],
      // Within a day of what it has.
      [14.5, refer[0]],
      // A shorter one than it has.
      [3, refer[1]],
    ] as const) {
      const before = lockOf('content/a.zst')?.days ?? 0;
      const store = await open({ mode: 'GOVERNANCE', days });
      await again?.(store);
      expect(lockOf('content/a.zst')?.days).toBeCloseTo(days - before > 1 ? days : before, 2);
      expect(lockOf('content/a.zst')?.mode).toBe('COMPLIANCE');
    }
  });

  test('keeps an object from being deleted, and says until when', async () => {
    const store = await open(retention);
    await store.create([{ key: 'content/a.zst', bytes: bytes('1') }]);
    const day = new Date((now() + 30 * DAY) * 1000).toISOString().slice(0, 10);
    await expect(store.delete('content/a.zst')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining(
        `can't delete s3://${BUCKET}/annexa/content/a.zst: it is locked (COMPLIANCE) until ${day}`,
      ),
    });
    expect(text(await store.get('content/a.zst'))).toBe('1');
  });
});

describe('opening a store in a bucket', () => {
  test('leaves nothing behind', async () => {
    const { warnings } = await openS3(place(), now, patience);
    expect(warnings).toEqual([]);
    expect(server.objects.size).toBe(0);
  });

  test.each(['if-none-match', 'if-match'] as const)(
    'refuses a server that does not mind %s',
    async (header) => {
      const lax = await other({ ignores: [header] });
      await expect(openS3(lax, now, patience)).rejects.toMatchObject({
        code: 'io',
        message: expect.stringMatching(
          header === 'if-match'
            ? /s3:\/\/evidence: it overwrote an object in spite of If-Match: an older checkpoint/
            : /s3:\/\/evidence: it overwrote an object in spite of If-None-Match: the log could fork there/,
        ),
      });
    },
  );

  test('refuses a retention on a bucket without Object Lock', async () => {
    const plain = await other({ objectLock: false });
    const options = { ...plain, retention: { mode: 'GOVERNANCE', days: 7 } } as const;
    await expect(openS3(options, now, patience)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('has no Object Lock'),
    });
    expect((await openS3(plain, now, patience)).warnings).toEqual([]);
  });

  test('warns of a bucket without versions', async () => {
    const { warnings } = await openS3(await other({ versioning: false }), now, patience);
    expect(warnings).toEqual([expect.stringContaining('versioning is not enabled')]);
  });

  test.each([
    [
      'a bucket that is not there',
      () => place(server.endpoint, 'elsewhere'),
      /s3:\/\/elsewhere\/annexa\/: there is no such bucket/,
    ],
    [
      'a server that is not there',
      () => place('http://127.0.0.1:1'),
      /s3:\/\/evidence\/annexa\/: .*ECONNREFUSED/,
    ],
  ])('names %s', async (_, where, message) => {
    await expect(openS3(where(), now, patience)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(message),
    });
  });

  test('tells no secret', async () => {
    const error: unknown = await openS3(place('http://127.0.0.1:1'), now, patience).catch(
      (cause: unknown) => cause,
    );
    expect(JSON.stringify([String(error), error])).not.toContain('secret-of-the-test');
  });
});

describe('a bucket as verify walks it', () => {
  async function walked(where: S3Place): Promise<string[]> {
    const found: string[] = [];
    for await (const { key, regular, tampered } of s3Source(where, patience).walk('')) {
      expect(regular).toBe(true);
      found.push(tampered === undefined ? key : `${key}: ${tampered}`);
    }
    return found.toSorted();
  }

  test.each([1000, 1, 2, 3])('names what was deleted or written over, in pages of %i', async (page) => {
    const where = await other({ page });
    const store = readableS3(where, patience);
    const keys = ['content/a', 'content/b', 'content/c', 'log/tile/0/000.p/1', 'log/tile/0/000', 'probe/1'];
    await store.create(keys.map((key) => ({ key, bytes: bytes('1') })));
    for (const key of ['content/b', 'log/checkpoint', 'log/tile/0/000.p/1']) {
      await store.replace(key, bytes('2'), () => true);
      await store.replace(key, bytes('3'), () => true);
    }
    await fetch(`${where.endpoint}/${BUCKET}/annexa/content/c`, { method: 'DELETE' });
    await fetch(`${where.endpoint}/${BUCKET}/beside/content/c`, { method: 'PUT', body: 'not ours' });
    expect(await walked(where)).toEqual([
      'content/a',
      expect.stringMatching(/^content\/b: it was written over: .* 3 versions/),
      expect.stringMatching(/^content\/c: it was deleted: .* delete marker/),
      'log/checkpoint',
      'log/tile/0/000',
      'log/tile/0/000.p/1',
    ]);
  });

  test('takes no version for two when a server begins a page with the one that ended the page before', async () => {
    const where = await other({ page: 2, repeats: true });
    const keys = ['content/a', 'content/b', 'content/c', 'content/d', 'content/e'];
    await readableS3(where, patience).create(keys.map((key) => ({ key, bytes: bytes('1') })));
    expect(await walked(where)).toEqual(keys);
  });
});
