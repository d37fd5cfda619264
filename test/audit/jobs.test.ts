import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import type { Bundles } from '../../src/audit/jobs/contract.ts';
import { saveJob, withdrawBundles } from '../../src/audit/jobs/folder.ts';
import { type BundlesOptions, openBundles } from '../../src/audit/jobs/jobs.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { temporaryDirectory, testKeys } from '../evidence/helpers.ts';
import { DAY, type History, makeHistory, START } from './history.ts';

const KEEP = 7 * DAY;
const agent = { version: '0.0.0', build: 'test' };
const odd = fileURLToPath(new URL('./odd-child.ts', import.meta.url));

let directory: string;
let clock: { now: number; doubted: boolean };
let logged: string[];
let opened: Bundles[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  clock = { now: START, doubted: false };
  logged = [];
  opened = [];
  return async () => {
    for (const bundles of opened) await bundles[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
});

async function open(changed: Partial<BundlesOptions> = {}): Promise<Bundles> {
  const log = (fields: object): void => void logged.push(JSON.stringify(fields));
  const bundles = await openBundles({
    directory,
    place: { directory: '/nowhere' },
    checkpoint: () => Promise.resolve({ origin: 'test.example/log', size: 5 }),
    erasure: -1,
    signer: () => Promise.resolve(testKeys(1).checkpoint),
    agent,
    env: {},
    logger: { info: log, warn: log, error: log },
    now: () => clock.now,
    doubted: () => clock.doubted,
    keep: KEEP,
    memory: 512,
    entry: odd,
    ...changed,
  });
  opened.push(bundles);
  return bundles;
}

const about = (behaviour: string) => ({
  from: START,
  to: START + DAY,
  controls: null,
  collectors: [behaviour],
});

const ended = async (bundles: Bundles, id: string) => {
  await expect.poll(() => bundles.find(id)?.state, { timeout: 20_000 }).toMatch(/done|failed/);
  return bundles.find(id);
};

/** The pid of the process that makes it, once it has begun. */
async function begun(bundles: Bundles, id: string): Promise<number> {
  await expect.poll(() => bundles.find(id)?.progress, { timeout: 20_000 }).not.toBeNull();
  return Number(await readFile(join(directory, id, 'pid'), 'utf8'));
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`);

/** As a bundle that was made leaves it. */
async function keep(id: string, at: number, bytes = 3): Promise<void> {
  const sha256 = 'ab'.repeat(32);
  await saveJob(directory, {
    id,
    state: 'done',
    why: null,
    question: { from: START, to: START + DAY, controls: null, collectors: null, at },
    made: { bytes, sha256, manifest: sha256, entries: 1, bodies: 1 },
    by: 'token:kim',
    createdAt: START,
    expiresAt: START + KEEP,
    links: [],
  });
  await writeFile(join(directory, id, 'bundle.zip'), 'x'.repeat(bytes));
}

const idOf = (digit: string): string => digit.repeat(32);

describe('a bundle that is asked for', () => {
  let history: History;
  beforeAll(async () => {
    history = await makeHistory({ stamped: true });
    await history.day([2]);
  });
  afterAll(() => history[Symbol.asyncDispose]());

  test('is answered at the checkpoint of then, has the bytes of the command line, and expires', async () => {
    const { origin, size } = (await history.reader()).checkpoint();
    const bundles = await open({
      place: { directory: history.store },
      checkpoint: () => Promise.resolve({ origin, size }),
      signer: () => Promise.resolve(history.keys.checkpoint),
      entry: undefined,
    });
    const period = { from: START, to: START + 2 * DAY, controls: null, collectors: null };
    const asked = await bundles.ask(period, 'token:kim');
    expect(asked).toMatchObject({
      state: 'queued',
      by: 'token:kim',
      expiresAt: START + KEEP,
      question: { at: size },
    });
    // Later than it was asked for.
    await history.day([]);
    const made = (await ended(bundles, asked.id))?.made;
    const content = bundles.content(asked.id);
    const bytes = await readFile(content?.file ?? '');
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(made?.sha256);
    expect(content).toMatchObject({ bytes: bytes.length, sha256: made?.sha256 });
    expect((await verifyBundle(content?.file ?? '')).problems).toEqual([]);
    await using sandbox = createSandbox();
    const file = join(directory, 'by-hand.zip');
    const kindsOf = (check: Parameters<typeof kindsRead>[1]) => kindsRead(sandbox, check);
    const signer = history.keys.checkpoint;
    const written = await writeBundle(await history.reader(size), {
      question: period,
      signer,
      kindsOf,
      derive,
      agent,
      file,
    });
    expect(written).toMatchObject({ manifest: made?.manifest, entries: made?.entries, bodies: made?.bodies });
    expect(bytes.equals(await readFile(file))).toBe(true);
    expect(await readdir(join(directory, asked.id))).toEqual(['bundle.zip', 'job.json']);
    clock = { now: START + KEEP, doubted: true };
    expect(bundles.find(asked.id)?.state).toBe('done');
    clock.doubted = false;
    expect(bundles.find(asked.id)).toBeUndefined();
    await expect.poll(() => existsSync(join(directory, asked.id))).toBe(false);
  }, 60_000);

  test('that has no answer has failed, in words, and leaves nothing', async () => {
    const checkpoint = () => Promise.resolve({ origin: 'x', size: 4 });
    const bundles = await open({ place: { directory: history.store }, checkpoint, entry: undefined });
    const { id } = await bundles.ask({ ...about('nobody'), to: START + DAY }, 'token:kim');
    expect(await ended(bundles, id)).toMatchObject({ state: 'failed', made: null });
    expect(bundles.find(id)?.why).toMatch(/checkpoint|nobody/);
    expect(await readdir(join(directory, id))).toEqual(['job.json']);
    expect(bundles.content(id)).toBeUndefined();
  }, 30_000);
});

describe('the process that makes it', () => {
  test.for<[string, RegExp, Partial<BundlesOptions>]>([
    ['crash', /ended with code 7$/, {}],
    ['mumble', /made/, {}],
    ['lie', /what was signed is not what it made/, {}],
    ['forge', /asked for a signature on what is no manifest/, {}],
    ['greedy', /MB of memory; 160 are allowed/, { memory: 160 }],
    ['hang', /longer than 0.3 s/, { deadline: 0.3 }],
  ])(
    'may %s: the bundle has failed, the next one is made',
    { timeout: 40_000 },
    async ([behaviour, why, options]) => {
      const bundles = await open(options);
      const [first, second] = [
        await bundles.ask(about(behaviour), 'a'),
        await bundles.ask(about('crash'), 'a'),
      ];
      expect(await ended(bundles, first.id)).toMatchObject({
        state: 'failed',
        why: expect.stringMatching(why),
      });
      expect(await readdir(join(directory, first.id))).toEqual(['job.json']);
      expect(await ended(bundles, second.id)).toMatchObject({ state: 'failed' });
    },
  );

  test('sees of the environment what a bucket needs, and nothing else', async () => {
    const env = {
      AWS_REGION: 'x',
      https_proxy: 'y',
      ANNEXA_KEY: 'secret',
      GITHUB_TOKEN: 'secret',
      PATH: 'p',
    };
    const s3 = { bucket: 'b', prefix: '', forcePathStyle: false };
    const seen = async (changed: Partial<BundlesOptions>) => {
      const bundles = await open({ env, ...changed });
      const { id } = await bundles.ask(about('environment'), 'a');
      return (await ended(bundles, id))?.why;
    };
    expect(await seen({})).toBe('MALLOC_ARENA_MAX');
    expect(await seen({ place: { s3 } })).toBe('AWS_REGION MALLOC_ARENA_MAX PATH https_proxy');
  }, 30_000);

  test('is killed when its bundle is removed, and nothing of it stays', async () => {
    const bundles = await open();
    const { id } = await bundles.ask(about('hang'), 'a');
    const pid = await begun(bundles, id);
    expect(bundles.find(id)).toMatchObject({
      state: 'running',
      progress: { stage: 'proofs', done: 1, total: 4 },
    });
    expect(isAlive(pid)).toBe(true);
    expect(await bundles.remove(id)).toBe(true);
    expect([isAlive(pid), bundles.find(id), existsSync(join(directory, id))]).toEqual([
      false,
      undefined,
      false,
    ]);
    expect(await bundles.remove(id)).toBe(false);
  }, 30_000);
});

describe('a restart', () => {
  test('keeps what is done; what was under way or waited has failed', async () => {
    await keep(idOf('a'), 5);
    const before = await open();
    const running = await before.ask(about('hang'), 'a');
    const waiting = await before.ask(about('hang'), 'a');
    const pid = await begun(before, running.id);
    await before[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
    const after = await open();
    for (const { id } of [running, waiting])
      expect(after.find(id)).toMatchObject({ state: 'failed', why: expect.stringContaining('was stopped') });
    expect(after.find(idOf('a'))?.state).toBe('done');
    expect(await readdir(join(directory, running.id))).toEqual(['job.json']);
  }, 30_000);

  test('finds what was changed meanwhile, and touches nothing else', async () => {
    for (const [digit, at] of [
      ['a', 5],
      ['b', 5],
      ['c', 5],
      ['d', 9],
    ] as const)
      await keep(idOf(digit), at);
    await writeFile(join(directory, idOf('a'), 'bundle.zip'), 'x');
    await writeFile(join(directory, idOf('b'), 'job.json'), '{}');
    await mkdir(join(directory, 'mine'));
    const bundles = await open({ erasure: 7 });
    expect(bundles.find(idOf('a'))?.why).toContain('another size');
    expect(bundles.find(idOf('b'))).toBeUndefined();
    expect(logged[0]).toContain('"event":"bundle_unreadable"');
    expect(bundles.find(idOf('c'))?.why).toContain('were erased');
    expect(existsSync(join(directory, idOf('c'), 'bundle.zip'))).toBe(false);
    expect(bundles.content(idOf('d'))?.name).toMatch(/^annexa-[\d-]+-at-9\.zip$/);
    expect(await readdir(directory)).toEqual([idOf('a'), idOf('c'), idOf('d'), 'mine']);
    await withdrawBundles(directory, 9);
    expect(existsSync(join(directory, idOf('d'), 'bundle.zip'))).toBe(false);
  });
});

describe('limits', () => {
  test('eight wait for one; a ninth is refused until one goes', async () => {
    const bundles = await open();
    const first = await bundles.ask(about('hang'), 'a');
    await begun(bundles, first.id);
    const asked = await Promise.allSettled(Array.from({ length: 9 }, () => bundles.ask(about('hang'), 'a')));
    expect(asked.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected']);
    expect(asked.at(-1)).toMatchObject({ reason: { code: 'busy' } });
    expect(new Set(bundles.list().map(({ id }) => id)).size).toBe(9);
  }, 30_000);

  test('fifty are kept; those that failed give way', async () => {
    for (let at = 0; at < 49; at += 1) await keep(String(at).padStart(32, '0'), 5);
    const bundles = await open();
    const failed = await bundles.ask(about('crash'), 'a');
    await ended(bundles, failed.id);
    const another = await bundles.ask(about('hang'), 'a');
    expect(bundles.find(failed.id)).toBeUndefined();
    expect(bundles.list()).toHaveLength(50);
    await expect(bundles.ask(about('hang'), 'a')).rejects.toMatchObject({ code: 'conflict' });
    await bundles.remove(another.id);
    await bundles.ask(about('crash'), 'a');
  }, 30_000);
});
