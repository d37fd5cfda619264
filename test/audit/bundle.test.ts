import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BundleOptions, type BundleProgress, writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { manifestSchema } from '../../src/audit/layout.ts';
import { parseQuestion } from '../../src/audit/question.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { openFiles } from '../../src/audit/verify/files.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { openLog } from '../../src/evidence/log.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import type { Sandbox } from '../../src/inventory/query-contract.ts';
import { temporaryDirectory, testKeys } from '../evidence/helpers.ts';
import { DAY, type History, makeHistory, START } from './history.ts';

let base: string;
let history: History;
let sandbox: Sandbox;
let counter = 0;
/** About everything, at the newest checkpoint. */
let whole: Awaited<ReturnType<typeof write>>;

beforeAll(async () => {
  base = await temporaryDirectory();
  sandbox = createSandbox();
  history = await makeHistory({ stamped: true });
  for (const left of [[2], [], [1, 2]]) await history.day(left);
  whole = await write(history);
});
afterAll(async () => {
  await history[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

/** The second and the third of the four days. */
const period = { from: START + DAY, to: START + 3 * DAY, controls: null, collectors: null };

async function write(of: History, changed: Partial<BundleOptions> = {}, size?: number) {
  counter += 1;
  const file = join(base, `bundle-${counter}.zip`);
  const written = await writeBundle(await of.reader(size), {
    question: period,
    signer: of.keys.checkpoint,
    kindsOf: (check) => kindsRead(sandbox, check),
    derive,
    agent: { version: '0.0.0', build: 'test' },
    file,
    ...changed,
  });
  return { file: changed.file ?? file, written };
}

async function manifestOf(file: string) {
  await using files = await openFiles(file);
  const pieces = await Array.fromAsync(files.stream('manifest.json'));
  return manifestSchema.parse(JSON.parse(Buffer.concat(pieces).toString()));
}

async function textOf(file: string, name: string): Promise<string> {
  await using files = await openFiles(file);
  return Buffer.concat(await Array.fromAsync(files.stream(name))).toString();
}

describe('a bundle', () => {
  test('verifies, and goes from the last token before the period to the first one after it', async () => {
    const { file, written } = whole;
    const report = await verifyBundle(file);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    const tokens = await tokenSizes(history);
    expect(written.range).toEqual({ first: tokens[0], end: tokens[3] });
    expect(written.question.at).toBe((await history.reader()).checkpoint().size);
  });

  test('is the same bytes when it is asked for again, whatever the time zone', async () => {
    const digests: string[] = [];
    const before = process.env['TZ'];
    for (const zone of ['Pacific/Kiritimati', 'America/Los_Angeles']) {
      process.env['TZ'] = zone;
      const { file } = await write(history);
      digests.push(
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      );
    }
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
    expect(digests[0]).toBe(digests[1]);
  });

  test('has at an earlier checkpoint what it had when that was the newest', async () => {
    const sizes = await tokenSizes(history);
    const { file, written } = await write(history, {}, sizes[2]);
    expect(written).toMatchObject({ question: { at: sizes[2] }, range: { first: sizes[0], end: sizes[2] } });
    expect((await verifyBundle(file)).problems).toEqual([]);
  });

  test('holds every envelope of the range, with those that it rests on', async () => {
    const { file, written } = whole;
    const lines = (await textOf(file, 'envelopes.jsonl')).trimEnd().split('\n');
    const indexes = lines.map((line) => Number(/^\{"index":(\d+)/.exec(line)?.[1]));
    const { first, end } = written.range;
    const range = Array.from({ length: end - first }, (_, at) => first + at);
    expect(indexes.filter((index) => index >= first)).toEqual(range);
    expect(indexes[0]).toBe(0);
    expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
    expect(written.entries).toBe(indexes.length);
  });

  test('holds only the bodies that the controls rest on', async () => {
    const all = await manifestOf(whole.file);
    const question = { ...period, controls: ['A.6.1'] };
    const { file } = await write(history, { question });
    const some = await manifestOf(file);
    const bodies = ({ files }: typeof all) => files.filter(({ name }) => name.endsWith('.ndjson')).length;
    // The records that failed another control's check.
    expect(bodies(some)).toBeLessThan(bodies(all));
    expect((await verifyBundle(file)).problems).toEqual([]);
    expect(await textOf(file, 'envelopes.jsonl')).toBe(await textOf(whole.file, 'envelopes.jsonl'));
  });

  test('tells how far it has come', async () => {
    const told: BundleProgress[] = [];
    await write(history, { progress: (progress) => void told.push(progress) });
    expect([...new Set(told.map(({ stage }) => stage))]).toEqual([
      'entries',
      'proofs',
      'bodies',
      'derived',
      'writing',
    ]);
    expect(told.every(({ done, total }) => done <= total)).toBe(true);
    expect(told.at(-1)).toMatchObject({ stage: 'writing', done: told.at(-1)?.total });
  });
});

describe('it is refused', () => {
  test('when nothing was sealed in the period', async () => {
    const question = parseQuestion({ from: '2031-01-01', to: '2031-01-31' });
    await expect(write(history, { question })).rejects.toMatchObject({ code: 'question' });
  });

  test('when no collector has the name', async () => {
    const question = { ...period, collectors: ['person'] };
    await expect(write(history, { question })).rejects.toThrow(
      'no collector person ran in the period; there are: people',
    );
  });

  test('when the key is not in force', async () => {
    await expect(write(history, { signer: testKeys(3).checkpoint })).rejects.toMatchObject({
      code: 'foreign-key',
    });
  });

  test('when the file is there, unless it may be replaced', async () => {
    const file = join(base, 'mine.zip');
    await writeFile(file, 'mine');
    await expect(write(history, { file })).rejects.toThrow('give --force');
    expect(await readFile(file, 'utf8')).toBe('mine');
    await write(history, { file, force: true });
    expect((await stat(file)).size).toBeGreaterThan(1000);
  });

  test('and leaves nothing behind', async () => {
    const question = { ...period, collectors: ['person'] };
    const before = await readdir(base);
    await expect(write(history, { question })).rejects.toThrow('no collector');
    const failing = () => Promise.reject(new Error('no room'));
    await expect(write(history, { derive: failing })).rejects.toThrow('no room');
    expect(await readdir(base)).toEqual(before);
  });
});

describe('a store that was altered', () => {
  async function altered(change: (store: string, body: string) => Promise<void>): Promise<Promise<unknown>> {
    await using other = await makeHistory();
    await other.day([1]);
    const reader = await other.reader();
    let body = '';
    for await (const { predicate, subjects } of reader.entries())
      if (predicate === 'snapshot') body = subjects[0]?.sha256 ?? '';
    await change(other.store, body);
    try {
      await write(other, { question: { ...period, from: START } });
      return 'written';
    } catch (error) {
      return { body, said: error instanceof Error ? error.message : '' };
    }
  }

  test('gives no bundle when a body is missing, and the body is named', async () => {
    const found = await altered((store, body) => unlink(join(store, `content/${body}.zst`)));
    expect(found).toMatchObject({ said: expect.stringMatching(/^body [0-9a-f]{64}: it is missing/) });
  });

  test('gives no bundle when a body is another, and the body is named', async () => {
    const found = await altered((store, body) =>
      writeFile(join(store, `content/${body}.zst`), zstdCompressSync(Buffer.from('{"id":"x"}\n'))),
    );
    expect(found).toMatchObject({
      said: expect.stringMatching(/^body [0-9a-f]{64}: its bytes have another digest/),
    });
  });
});

describe('what was erased', () => {
  test('is not in it: what remains is, and the erasure', async () => {
    await using other = await makeHistory({ stamped: true });
    await other.day([1]);
    const [person, records] = await firstPerson(other);
    const { world, keys, store } = other;
    await using log = await openLog({
      directory: store,
      keys,
      now: () => world.now,
      agent: { version: '0.0.0', build: 'test' },
      window: 0,
    });
    await log.erase({
      bodies: [{ sha256: records, records: [person] }],
      by: 'operator',
      reason: 'asked for',
      legalBasis: 'GDPR 17',
    });
    const { file } = await write(other, { question: { ...period, from: START, to: START + 9 * DAY } });
    const { files } = await manifestOf(file);
    const names = files.map(({ name }) => name);
    expect(names).not.toContain(`evidence/${records}.ndjson`);
    const texts = await Promise.all(
      names.filter((name) => name.endsWith('.ndjson')).map((name) => textOf(file, name)),
    );
    expect(texts.filter((text) => text.includes('{"erased":"'))).toHaveLength(1);
    expect((await verifyBundle(file)).problems).toEqual([]);
  });
});

/** The id of a record of the first snapshot, and the digest of that body. */
async function firstPerson(of: History): Promise<[string, string]> {
  const reader = await of.reader();
  for await (const { predicate, subjects } of reader.entries()) {
    if (predicate !== 'snapshot') continue;
    const sha256 = subjects.find(({ name }) => name === 'records')?.sha256 ?? '';
    for await (const { id } of reader.body(sha256)) return [id, sha256];
  }
  throw new Error('there is no snapshot');
}

async function tokenSizes({ store }: History): Promise<number[]> {
  const names = await readdir(join(store, 'log/checkpoints'));
  const sizes = names.filter((name) => name.endsWith('.tsr')).map((name) => Number(name.split('.')[0]));
  return sizes.toSorted((a, b) => a - b);
}
