import { createHash, createHmac } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BodyStore, storeBody } from '../../src/evidence/body.ts';
import type { BodyRecord } from '../../src/evidence/contract.ts';
import { directoryStore } from '../../src/evidence/directory.ts';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { readBody } from '../../src/evidence/read-body.ts';
import { temporaryDirectory } from './helpers.ts';

const key = Buffer.alloc(32, 7);
let base: string;
let bodies: BodyStore;

beforeEach(async () => {
  base = await temporaryDirectory();
  const temporary = await temporaryDirectory();
  bodies = { store: directoryStore(base, temporary), temporary, key };
});

afterEach(async () => {
  await rm(base, { recursive: true });
  await rm(bodies.temporary, { recursive: true });
});

/** Fields that may be anything: what a source could yield against its types. */
function record(fields: object): BodyRecord {
  return { id: '', ...fields };
}

async function stored(sha256: string): Promise<string> {
  return zstdDecompressSync(await readFile(join(base, 'content', `${sha256}.zst`))).toString();
}

async function readAll(sha256: string): Promise<BodyRecord[]> {
  return Array.fromAsync(readBody(bodies.store, sha256));
}

describe('a stored body', () => {
  test('is canonical lines sorted by the UTF-8 bytes of their ids, each salted', async () => {
    // U+FF5E sorts after U+1F600 by UTF-16 units, before it by UTF-8 bytes.
    const { sha256, bytes, records } = await storeBody(bodies, [
      record({ id: '\u{1f600}', b: 1, a: 'x' }),
      { id: '\uff5e' },
      { id: 'a' },
    ]);
    const salt = (bare: string) => createHmac('sha256', key).update(bare).digest('hex').slice(0, 32);
    const lines = [
      `{"id":"a","salt":"${salt('{"id":"a"}')}"}`,
      `{"id":"\uff5e","salt":"${salt('{"id":"\uff5e"}')}"}`,
      `{"a":"x","b":1,"id":"\u{1f600}","salt":"${salt('{"a":"x","b":1,"id":"\u{1f600}"}')}"}`,
    ];
    const text = lines.map((line) => `${line}\n`).join('');
    expect(await stored(sha256)).toBe(text);
    expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
    expect(bytes).toBe(Buffer.byteLength(text));
    const tree = createFrontier();
    for (const line of lines) tree.append(leafHash(Buffer.from(line)));
    expect(records).toEqual({ count: 3, root: Buffer.from(tree.root()).toString('hex') });
  });

  test('has the salt at its canonical place among later names', async () => {
    const { sha256 } = await storeBody(bodies, [record({ id: 'a', tag: 1, säge: 2 })]);
    expect(await stored(sha256)).toMatch(/^\{"id":"a","salt":"[0-9a-f]{32}","säge":2,"tag":1\}\n$/);
  });

  test('is read back without its salts', async () => {
    const records = Array.from({ length: 2000 }, (_, i) => ({
      id: `r${String(i).padStart(5, '0')}`,
      raw: { n: i, list: [null, 'é'] },
    }));
    const { sha256 } = await storeBody(bodies, records.toReversed());
    expect(await readAll(sha256)).toEqual(records);
  });

  test('has the same bytes whatever the order and however the records come', async () => {
    async function* slowly() {
      yield { id: 'b' };
      await Promise.resolve();
      yield { id: 'a' };
    }
    expect(await storeBody(bodies, slowly())).toEqual(await storeBody(bodies, [{ id: 'a' }, { id: 'b' }]));
  });

  test('may be empty', async () => {
    const { sha256, records } = await storeBody(bodies, []);
    const empty = createHash('sha256').digest('hex');
    expect({ sha256, records }).toEqual({ sha256: empty, records: { count: 0, root: empty } });
    expect(await readAll(sha256)).toEqual([]);
  });

  test('is left as it is when another compression of the same bytes is there', async () => {
    const { sha256 } = await storeBody(bodies, [{ id: 'a' }]);
    const path = join(base, 'content', `${sha256}.zst`);
    const other = zstdCompressSync(await stored(sha256), { params: { 100: 19, 201: 1 } });
    await writeFile(path, other);
    expect((await storeBody(bodies, [{ id: 'a' }])).sha256).toBe(sha256);
    expect(await readFile(path)).toEqual(other);
  });

  test('leaves no temporary file behind, stored or not', async () => {
    await storeBody(bodies, [{ id: 'a' }]);
    await expect(storeBody(bodies, [{ id: 'a' }, { id: 'a' }])).rejects.toThrow('not unique');
    expect(await readdir(bodies.temporary)).toEqual([]);
  });
});

describe('a record that cannot be sealed', () => {
  test.each<[string, object, string]>([
    ['has the id of another', { id: 'a' }, 'record "a": its id is not unique'],
    ['has no id', { id: undefined }, 'record undefined: id: expected a text'],
    ['has an empty id', { id: '' }, 'record "": id: expected a text'],
    ['brings its own salt', { id: 'b', salt: 'x' }, 'record "b": salt: the store writes this field'],
    [
      'holds a lone surrogate',
      { id: 'b', raw: { x: ['\udc00'] } },
      'record "b".raw.x[0]: a string with a lone surrogate',
    ],
    ['has a lone surrogate as its id', { id: '\udc00' }, 'a string with a lone surrogate'],
    ['holds undefined', { id: 'b', x: undefined }, 'record "b".x: undefined is not a JSON value'],
    ['holds an integer beyond 2^53-1', { id: 'b', x: 2 ** 60 }, 'record "b".x: the integer'],
    ['is longer than a line may be', { id: 'b', x: 'x'.repeat(1 << 24) }, 'bytes, at most 16777216 expected'],
  ])('is refused by name when it %s, and nothing is stored', async (_, fields, message) => {
    const records = [{ id: 'a' }, record(fields)];
    await expect(storeBody(bodies, records)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(message),
    });
    expect(await readdir(base)).toEqual([]);
  });
});

test('a signal that fires ends the storing with its reason', async () => {
  const stop = new AbortController();
  async function* endless() {
    for (let i = 0; ; i += 1) {
      if (i === 100) stop.abort(new Error('deadline'));
      yield { id: String(i) };
    }
  }
  await expect(storeBody(bodies, endless(), stop.signal)).rejects.toThrow('deadline');
});

test('a source that fails fails the body, and nothing is stored', async () => {
  function* failing() {
    yield { id: 'a' };
    throw new Error('page 2');
  }
  await expect(storeBody(bodies, failing())).rejects.toThrow('page 2');
  expect(await readdir(base)).toEqual([]);
});

test('other work has its turn while a large body is stored', async () => {
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await storeBody(
    bodies,
    Array.from({ length: 20_000 }, (_, i) => ({ id: String(i), text: 'x'.repeat(100) })),
  );
  going = false;
  expect(turns).toBeGreaterThan(20);
});

describe('reading a body', () => {
  let sha256: string;
  let path: string;
  let good: Buffer;

  beforeEach(async () => {
    ({ sha256 } = await storeBody(bodies, [{ id: 'a' }, { id: 'b' }]));
    path = join(base, 'content', `${sha256}.zst`);
    good = await readFile(path);
  });

  async function readAs(bytes: Uint8Array): Promise<BodyRecord[]> {
    await writeFile(path, bytes);
    return readAll(sha256);
  }

  const corrupt = (message: string) => ({ code: 'corrupt', message: expect.stringContaining(message) });

  test('refuses other bytes, at the end', async () => {
    const text = (await stored(sha256)).replace('"id":"b"', '"id":"c"');
    await expect(readAs(zstdCompressSync(text))).rejects.toMatchObject(
      corrupt('its bytes have another digest'),
    );
  });

  test('refuses bytes after the frame, a second frame and a skippable one before it', async () => {
    const skippable = Buffer.from('502a4d180400000000000000', 'hex');
    await expect(readAs(Buffer.concat([good, Buffer.from('x')]))).rejects.toMatchObject(
      corrupt('after the zstd frame'),
    );
    await expect(readAs(Buffer.concat([good, zstdCompressSync('')]))).rejects.toMatchObject(
      corrupt('after the zstd frame'),
    );
    await expect(readAs(Buffer.concat([skippable, good]))).rejects.toMatchObject(corrupt('not a zstd frame'));
  });

  test('refuses a cut and an emptied file', async () => {
    await expect(readAs(good.subarray(0, -1))).rejects.toMatchObject(corrupt('zstd frame'));
    await expect(readAs(Buffer.alloc(0))).rejects.toMatchObject(corrupt('zstd frame'));
  });

  test('refuses lines that are no records', async () => {
    await expect(readAs(zstdCompressSync('{"id":"a"}\n'))).rejects.toMatchObject(
      corrupt('line 1 is not a record with an id and a salt'),
    );
    await expect(readAs(zstdCompressSync('{"id"\n'))).rejects.toMatchObject(corrupt('line 1 is not JSON'));
    await expect(
      readAs(zstdCompressSync(await stored(sha256).then((text) => text.slice(0, -1)))),
    ).rejects.toMatchObject(corrupt('its last line has no LF'));
  });

  test('refuses a line without end before it has filled the memory', async () => {
    await expect(readAs(zstdCompressSync(Buffer.alloc(1 << 25, 0x20)))).rejects.toMatchObject(
      corrupt('a line is longer than'),
    );
  });

  test('refuses what is not there', async () => {
    await rm(path);
    await expect(readAll(sha256)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('it is missing'),
    });
  });
});
