import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';

import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { openLog } from '../../src/evidence/log.ts';
import type { Statement } from '../../src/evidence/statement.ts';
import { verifyDirectory, verifyStore } from '../../src/evidence/verify.ts';
import type { VerifyOptions } from '../../src/evidence/verify.ts';
import { directorySource } from '../../src/evidence/verify/source.ts';
import { makeSampleStore } from '../torture/sample-store.ts';
import { forge } from './forge.ts';
import { draft, temporaryDirectory, testKeys } from './helpers.ts';

const keys = testKeys();
const trusted = [keys.envelope.spki, keys.checkpoint.spki].map(fingerprint);
let base: string;
let store: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  await makeSampleStore({
    directory: join(base, 'made'),
    keys,
    start: 1_762_000_000,
    rounds: 2,
    datasets: 2,
  });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  store = join(base, 'store');
  await rm(store, { recursive: true, force: true });
  await cp(join(base, 'made'), store, { recursive: true });
});

/** Code and place of every problem. */
async function problems(options: VerifyOptions = {}): Promise<string[]> {
  const report = await verifyDirectory(store, { trusted, ...options });
  expect(report.ok).toBe(report.problems.length === 0);
  return report.problems.map(({ code, where }) => `${code} ${where}`);
}

async function notes(): Promise<readonly string[]> {
  return (await verifyDirectory(store, { trusted })).notes;
}

const path = (key: string): string => join(store, key);
const drop = (...files: readonly string[]): Promise<void[]> =>
  Promise.all(files.map((key) => rm(path(key), { recursive: true })));

async function sizes(): Promise<number[]> {
  const names = await readdir(path('log/checkpoints'));
  return names.map(Number).sort((a, b) => a - b);
}

/** The sizes before and after the last commit. */
async function lastCommit(): Promise<{ from: number; to: number }> {
  const [to = 0, from = 0] = (await sizes()).toReversed();
  return { from, to };
}

async function goOn(work: (log: Awaited<ReturnType<typeof openLog>>) => Promise<unknown>): Promise<void> {
  const agent = { version: '0', build: 'test' };
  await using log = await openLog({ directory: store, keys, now: () => 1_790_000_000, agent });
  await work(log);
}

describe('an untouched store', () => {
  test('verifies, and says what the verdict rests on', async () => {
    const report = await verifyDirectory(store);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.entries).toBe(report.checkpoint?.size);
    expect(report.bodies).toBe((await readdir(path('content'))).length);
    expect(report.trust).toEqual([
      { fingerprint: trusted[0], use: 'envelope', name: '', from: 'store' },
      { fingerprint: trusted[1], use: 'checkpoint', name: '', from: 'store' },
    ]);
    expect(report.notes).toEqual([
      expect.stringContaining('known from this store alone'),
      expect.stringContaining('split view not excluded'),
    ]);
  });

  test('verifies by keys and a checkpoint that came another way, with nothing left to note', async () => {
    const since = await readFile(path(`log/checkpoints/${(await lastCommit()).from}`));
    const report = await verifyDirectory(store, { trusted, since });
    expect(report).toMatchObject({ ok: true, notes: [] });
    expect(report.trust.map(({ from }) => from)).toEqual(['given', 'given']);
  });

  test('tells how far it got', async () => {
    const seen = new Map<string, number>();
    const { entries, bodies } = await verifyDirectory(store, {
      progress: ({ stage, done }) => seen.set(stage, done),
    });
    expect(Object.fromEntries(seen)).toEqual({ entries, bodies });
  });

  test('verifies while a writer goes on', async () => {
    await goOn(async (log) => {
      const writing = (async () => {
        for (let i = 0; i < 20; i += 1) await log.append([draft(`live-${i}`)]);
      })();
      for (let i = 0; i < 5; i += 1) expect(await problems()).toEqual([]);
      await writing;
    });
    expect(await problems()).toEqual([]);
  });
});

describe('keys', () => {
  test('that are not among the trusted ones are a problem', async () => {
    const found = await problems({ trusted: [trusted[0] ?? ''] });
    expect(found).toEqual([`foreign-key keys/${trusted[1]}.pem`]);
  });

  test('in the folder that are not in force are a problem', async () => {
    const pem = await readFile(path(`keys/${trusted[0]}.pem`));
    await writeFile(path(`keys/${'0'.repeat(64)}.pem`), pem);
    expect(await problems()).toEqual([`unknown-file keys/${'0'.repeat(64)}.pem`]);
  });
});

describe('a checkpoint that was kept', () => {
  test('is missed when the log was rolled back behind it', async () => {
    const { from, to } = await lastCommit();
    const since = await readFile(path(`log/checkpoints/${to}`));
    await rename(path(`log/checkpoints/${to}`), path('log/gone'));
    await cp(path(`log/checkpoints/${from}`), path('log/checkpoint'));
    await drop('log/gone', 'state');
    expect(await problems({ since })).toContain('rolled-back log/checkpoint');
  });

  test('of another log of the same keys is no checkpoint of this one', async () => {
    const other = join(base, 'other');
    await makeSampleStore({ directory: other, keys, start: 1_762_000_000, rounds: 1, datasets: 1 });
    const since = await readFile(join(other, 'log/checkpoint'));
    expect(await problems({ since })).toEqual(['foreign-key the checkpoint given']);
    await rm(other, { recursive: true });
  });

  test('with another root than the log has there is a fork', async () => {
    const highWater = { size: 3, root: 'ab'.repeat(32) };
    const report = await verifyStore(directorySource(store), { trusted, highWater });
    expect(report.problems.map(({ code }) => code)).toEqual(['forked']);
  });
});

describe('an interrupted commit', () => {
  test('before its checkpoint was published is no problem, and is told', async () => {
    const { from, to } = await lastCommit();
    const made = join(base, 'made');
    await rolledBackState(from);
    await cp(path(`log/checkpoints/${from}`), path('log/checkpoint'));
    expect(await problems()).toEqual([]);
    expect(await notes()).toContainEqual(expect.stringContaining(`${from} to ${to} was interrupted`));

    await drop(`log/checkpoints/${to}`);
    expect(await problems()).toEqual([]);
    expect(await notes()).toContainEqual(expect.stringContaining('the next writer finishes it'));

    await drop(`log/tile/0/000.p/${to}`, `log/tile/entries/000.p/${to}`);
    expect(await problems()).toEqual([]);

    await drop(`log/intents/${from}`);
    expect(await problems()).toEqual([]);
    expect(await notes()).toContainEqual(expect.stringContaining('not appended before a stop'));
    await cp(join(made, 'log/checkpoint'), path('log/checkpoint'));
  });

  test('leaves no tile that its intent does not give', async () => {
    const { from, to } = await lastCommit();
    await rolledBackState(from);
    await cp(path(`log/checkpoints/${from}`), path('log/checkpoint'));
    await drop(`log/checkpoints/${to}`);
    const tile = path(`log/tile/0/000.p/${to}`);
    await writeFile(tile, Buffer.alloc((await readFile(tile)).length));
    expect(await problems()).toEqual([`altered log/tile/0/000.p/${to}`]);
  });

  test('that was acknowledged is a roll-back', async () => {
    const { from } = await lastCommit();
    await cp(path(`log/checkpoints/${from}`), path('log/checkpoint'));
    expect(await problems()).toEqual(['rolled-back log/checkpoint']);
  });

  test('leaves bodies that nothing refers to, which have to be bodies', async () => {
    await goOn((log) => log.storeBody([{ id: 'a' }, { id: 'b' }]));
    expect(await problems()).toEqual([]);
    expect(await notes()).toContainEqual(expect.stringContaining('1 bodies that no entry refers to'));
    const key = `content/${'a'.repeat(64)}.zst`;
    await writeFile(path(key), zstdCompressSync(Buffer.from('{"id":"a"}\n')));
    expect(await problems()).toEqual([`malformed ${key}`]);
  });
});

/** The high-water mark of a commit before the last. */
async function rolledBackState(size: number): Promise<void> {
  const { DatabaseSync } = await import('node:sqlite');
  using state = new DatabaseSync(path('state/log.sqlite'));
  const [, , root = ''] = (await readFile(path(`log/checkpoints/${size}`), 'utf8')).split('\n');
  const hex = Buffer.from(root, 'base64').toString('hex');
  state.prepare('UPDATE high_water SET size = ?, root = ?').run(size, hex);
}

describe('signed statements that contradict the log', () => {
  const wrong: readonly [string, (honest: Statement) => Statement, RegExp][] = [
    ['a gap in a stream', (s) => ({ ...s, seq: 1 }), /number 1 of run\/forged/],
    [
      'an earlier sealing time',
      (s) => ({ ...s, startedAt: 1, finishedAt: 1, sealedAt: 1 }),
      /before the entry/,
    ],
    ['an end before the start', (s) => ({ ...s, startedAt: s.finishedAt + 1 }), /started at/],
    ['an end after the sealing', (s) => ({ ...s, finishedAt: s.sealedAt + 301 }), /finished at/],
    ['the name of another log', (s) => ({ ...s, log: `${'0'.repeat(32)}.acme.example` }), /belongs to/],
    ['another sample mark', (s) => ({ ...s, sample: false }), /sample/],
    ['a configuration never sealed', (s) => ({ ...s, config: 'e'.repeat(64) }), /configuration/],
    ['a false anchor', (s) => ({ ...s, anchor: { ...s.anchor, root: 'e'.repeat(64) } }), /anchored/],
    ['an anchor of no checkpoint', (s) => ({ ...s, anchor: { ...s.anchor, size: 7 } }), /anchored/],
    ['an anchor after itself', (s) => ({ ...s, anchor: { ...s.anchor, size: 900 } }), /anchored/],
  ];
  test.each(wrong)('%s', async (_, make, message) => {
    await forge(store, keys, make);
    const { problems } = await verifyDirectory(store, { trusted });
    expect(problems).toEqual([
      {
        code: 'sequence',
        where: expect.stringMatching(/^entry \d+$/),
        message: expect.stringMatching(message),
      },
    ]);
  });

  test('an honest one is fine', async () => {
    await forge(store, keys, (honest) => honest);
    expect(await problems()).toEqual([]);
  });

  test('a body that is not there', async () => {
    const sha256 = 'e'.repeat(64);
    await forge(store, keys, (s) => ({ ...s, subjects: [{ name: 'requests', sha256 }] }));
    expect(await problems()).toEqual([`missing content/${sha256}.zst`]);
  });

  test('an object of the store that is another', async () => {
    await forge(store, keys, (s) => ({
      ...s,
      subjects: [{ name: 'log/checkpoints/1', sha256: 'e'.repeat(64) }],
    }));
    expect(await problems()).toEqual(['altered log/checkpoints/1']);
  });

  test('records that its body does not hold', async () => {
    const body = Buffer.from(`{"id":"a","salt":"${'0'.repeat(32)}"}\n`);
    const sha256 = await put(body);
    const root = hash('sha256', Buffer.concat([Buffer.alloc(1), body.subarray(0, -1)]), 'hex');
    const claim = (count: number): Promise<void> =>
      forge(store, keys, (s) => ({
        ...s,
        predicate: 'config',
        stream: `config/${count}`,
        subjects: [{ name: 'documents', sha256 }],
        fields: { before: null, after: 'e'.repeat(64), documents: { count, root } },
      }));
    await claim(1);
    expect(await problems()).toEqual([]);
    await claim(2);
    expect(await problems()).toEqual([expect.stringMatching(/^altered entry \d+$/)]);
  });

  test.each([
    ['unsorted', `{"id":"b","salt":"S"}\n{"id":"a","salt":"S"}\n`],
    ['the same id twice', `{"id":"a","salt":"S"}\n{"id":"a","salt":"S","x":1}\n`],
    ['sorted by UTF-16 units', `{"id":"\u{1f600}","salt":"S"}\n{"id":"\uffee","salt":"S"}\n`],
    ['not canonical', `{"salt":"S","id":"a"}\n`],
    ['without salt', `{"id":"a"}\n`],
    ['without its last LF', `{"id":"a","salt":"S"}`],
    ['with an empty line', `{"id":"a","salt":"S"}\n\n`],
    ['not JSON', 'a\n'],
  ])('a body that is %s', async (_, text) => {
    const sha256 = await put(Buffer.from(text.replaceAll('"S"', `"${'0'.repeat(32)}"`)));
    await forge(store, keys, (s) => ({ ...s, subjects: [{ name: 'requests', sha256 }] }));
    expect(await problems()).toEqual([`malformed content/${sha256}.zst`]);
  });
});

async function put(body: Buffer): Promise<string> {
  const sha256 = hash('sha256', body, 'hex');
  await writeFile(path(`content/${sha256}.zst`), zstdCompressSync(body));
  return sha256;
}

describe('the bodies of verdicts', () => {
  test('are missed when they are dropped', async () => {
    const { zstdDecompressSync } = await import('node:zlib');
    const nested: string[] = [];
    for (const name of await readdir(path('content'))) {
      const text = zstdDecompressSync(await readFile(path(`content/${name}`))).toString();
      nested.push(...[...text.matchAll(/"body":"([0-9a-f]{64})"/g)].map(([, digest]) => digest ?? ''));
    }
    const [one = ''] = nested;
    await drop(`content/${one}.zst`);
    expect(await problems()).toEqual([`missing content/${one}.zst`]);
  });
});

describe('what is no store', () => {
  test('is reported, and never thrown', async () => {
    for (const folder of ['', 'log', 'content']) {
      await rm(store, { recursive: true, force: true });
      await mkdir(path(folder), { recursive: true });
      expect(await problems()).toEqual(['missing log']);
    }
    await rm(store, { recursive: true });
    expect(await problems()).toEqual(['missing log']);
    await writeFile(store, 'a file');
    expect((await problems()).length).toBeGreaterThan(0);
    await rm(store);
  });

  test('has a genesis whose envelope is gone', async () => {
    await drop('envelopes');
    expect(await problems()).toEqual(['malformed entry 0']);
  });

  test('has a pipe in the place of a file', async () => {
    for (const key of ['log/checkpoint', 'log/intents/0', `content/${'a'.repeat(64)}.zst`]) {
      await rm(path(key), { force: true });
      await promisify(execFile)('mkfifo', [path(key)]);
      expect(await problems()).toContain(`unknown-file ${key}`);
      await rm(path(key));
    }
  });

  test('has an object too large to be one', async () => {
    await truncate(path('log/checkpoint'), 2 ** 31);
    const report = await verifyDirectory(store);
    expect(report.problems[0]).toMatchObject({ code: 'io', where: 'log/checkpoint' });
  });

  test('has a folder in the place of a file', async () => {
    await drop('log/checkpoint');
    await mkdir(path('log/checkpoint'));
    expect(await problems()).toContain('io log/checkpoint');
  });
});

describe('the verifier', () => {
  test('shares no code with what holds keys and writes', async () => {
    const reached = new Set<string>();
    async function follow(file: string): Promise<void> {
      if (reached.has(file)) return;
      reached.add(file);
      const text = await readFile(file, 'utf8');
      const imports = text.matchAll(/^(?:import|\}) (?!type).*from '(\.[^']+)';$/gm);
      for (const [, target = ''] of imports) await follow(join(dirname(file), target));
    }
    await follow('src/evidence/verify.ts');
    expect(reached).toContain('src/evidence/verify/entries.ts');
    expect(reached).toContain('src/evidence/public-keys.ts');
    for (const name of ['keys', 'log', 'writer', 'opening', 'plan', 'genesis', 'body', 'sort', 'queue']) {
      expect(reached).not.toContain(`src/evidence/${name}.ts`);
    }
  });
});
