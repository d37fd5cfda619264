import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { createLog, openLog } from '../../src/evidence/log.ts';
import { draft, temporaryDirectory, testKeys, testLog, type TestLog } from './helpers.ts';

type Change = (path: (key: string) => string, earlier: (key: string) => string) => Promise<unknown>;

/** Opens a closed log of 4 entries, in 4 commits, after a change; `earlier` is a copy taken at 3 entries. */
async function openChanged(t: TestLog, change: Change): Promise<void> {
  const earlier = join(t.directory, '..', 'earlier');
  await t.log.append([draft('a')]);
  await t.log.append([draft('b')]);
  await t.log[Symbol.asyncDispose]();
  await cp(t.directory, earlier, { recursive: true });
  await t.reopen();
  await t.log.append([draft('c')]);
  await t.log[Symbol.asyncDispose]();
  const path = (key: string) => join(t.directory, key);
  await change(path, (key) => join(earlier, key));
  await t.reopen();
}

const refusals: readonly (readonly [string, string, string, Change])[] = [
  [
    'an older checkpoint put back',
    'rolled-back',
    '4 entries were published',
    (path, earlier) => cp(earlier('log/checkpoint'), path('log/checkpoint')),
  ],
  [
    'the whole log put back',
    'rolled-back',
    '4 entries were published',
    async (path, earlier) => {
      await rm(path('log'), { recursive: true });
      await cp(earlier('log'), path('log'), { recursive: true });
    },
  ],
  [
    'an older high-water mark, and a checkpoint removed',
    'corrupt',
    'log/checkpoints/4 is missing',
    async (path, earlier) => {
      await cp(earlier('state'), path('state'), { recursive: true });
      await rm(path('log/checkpoints/4'));
    },
  ],
  [
    'the checkpoint deleted',
    'rolled-back',
    'log/checkpoint is missing',
    (path) => rm(path('log/checkpoint')),
  ],
  [
    'the checkpoint deleted and the state lost',
    'rolled-back',
    'log/checkpoint nor',
    async (path) => {
      await rm(path('log/checkpoint'));
      await rm(path('log/intents/0'));
      await rm(path('state'), { recursive: true });
    },
  ],
  [
    'the state lost',
    'rolled-back',
    'the high-water mark in state/ is lost',
    (path) => rm(path('state'), { recursive: true }),
  ],
  [
    'a state that is no database',
    'corrupt',
    'log.sqlite',
    async (path) => {
      await rm(path('state'), { recursive: true });
      await mkdir(path('state'));
      await writeFile(path('state/log.sqlite'), 'x'.repeat(5000));
    },
  ],
  ['the checkpoint emptied', 'corrupt', 'log/checkpoint', (path) => writeFile(path('log/checkpoint'), '')],
  [
    'a signature changed',
    'corrupt',
    'log/checkpoint',
    async (path) => {
      const note = await readFile(path('log/checkpoint'), 'utf8');
      await writeFile(path('log/checkpoint'), note.replace(/.{8}\n$/, 'AAAAAAA=\n'));
    },
  ],
  [
    'a hash tile changed',
    'corrupt',
    'is not what the last hash tile says',
    (path) => writeFile(path('log/tile/0/000.p/4'), Buffer.alloc(128)),
  ],
  [
    'an entry bundle changed',
    'corrupt',
    'entry bundle',
    (path, earlier) => cp(earlier('log/tile/entries/000.p/3'), path('log/tile/entries/000.p/4')),
  ],
  ['a tile removed', 'corrupt', 'tile/0/000.p/4 is missing', (path) => rm(path('log/tile/0/000.p/4'))],
  [
    'the genesis removed',
    'corrupt',
    'genesis is missing',
    (path) => rm(path('envelopes'), { recursive: true }),
  ],
  [
    'a checkpoint beyond the newest',
    'rolled-back',
    'log/checkpoints/9',
    (path) => cp(path('log/checkpoints/4'), path('log/checkpoints/9')),
  ],
  [
    'an intent beyond the newest',
    'rolled-back',
    'log/intents/9',
    (path) => cp(path('log/intents/3'), path('log/intents/9')),
  ],
  [
    'an intent of before put at the end',
    'corrupt',
    'log/intents/4',
    (path) => cp(path('log/intents/3'), path('log/intents/4')),
  ],
];

describe('a log is not opened with', () => {
  test.each(refusals)('%s (%s)', async (_, code, message, change) => {
    await using t = await testLog();
    await expect(openChanged(t, change)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('other keys, and those that are expected are named', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    const [ours, others] = [testKeys(), testKeys(2)];
    for (const use of ['envelope', 'checkpoint'] as const) {
      const keys = { ...ours, [use]: others[use] };
      const message = new RegExp(
        `${use} key is ${fingerprint(ours[use].spki)}; the one given is ${fingerprint(others[use].spki)}`,
      );
      await expect(openLog({ ...t.options, keys })).rejects.toMatchObject({
        code: 'foreign-key',
        message: expect.stringMatching(message),
      });
    }
  });

  test('the history of another log, signed by the same keys', async () => {
    await using t = await testLog();
    await using other = await testLog();
    for (const log of [t, other]) {
      await log.log.append([draft('a')]);
      await log.log[Symbol.asyncDispose]();
    }
    for (const part of ['log', 'envelopes']) {
      await rm(join(t.directory, part), { recursive: true });
      await cp(join(other.directory, part), join(t.directory, part), { recursive: true });
    }
    await expect(openLog(t.options)).rejects.toMatchObject({
      code: 'rolled-back',
      message: expect.stringContaining('forked'),
    });
  });
});

describe('where there is no log', () => {
  test('a directory that is empty, or missing, has none yet', async () => {
    await using t = await testLog();
    const empty = await temporaryDirectory();
    for (const directory of [empty, join(empty, 'missing')]) {
      await expect(openLog({ ...t.options, directory })).rejects.toMatchObject({ code: 'no-store' });
    }
    await rm(empty, { recursive: true });
  });

  test.each(['README.md', 'photos/cat.jpg'])(
    'a directory with other files (%s) is refused, never taken over',
    async (name) => {
      await using t = await testLog();
      const directory = await temporaryDirectory();
      await mkdir(join(directory, name, '..'), { recursive: true });
      await writeFile(join(directory, name), 'x');
      await expect(openLog({ ...t.options, directory })).rejects.toMatchObject({
        code: 'not-a-store',
        message: expect.stringContaining(name),
      });
      const creation = { ...t.options, directory, domain: 'acme.example', sample: false };
      await expect(createLog(creation)).rejects.toMatchObject({ code: 'not-a-store' });
      await rm(directory, { recursive: true });
    },
  );

  test('the remains of a log are refused, never started anew', async () => {
    await using t = await testLog();
    await t.log[Symbol.asyncDispose]();
    await rename(join(t.directory, 'log'), join(t.directory, '..', 'log'));
    await rm(join(t.directory, 'state'), { recursive: true });
    const creation = { ...t.options, domain: 'acme.example', sample: false };
    await expect(createLog(creation)).rejects.toMatchObject({ code: 'rolled-back' });
    await expect(openLog(t.options)).rejects.toMatchObject({ code: 'rolled-back' });
  });
});

test('a log whose state was lost is opened when that is accepted, and goes on', async () => {
  await using t = await testLog();
  const [a] = await t.log.append([draft('a')]);
  await t.log[Symbol.asyncDispose]();
  await rm(join(t.directory, 'state'), { recursive: true });
  const log = await t.reopen({ lostState: 'accept' });
  expect(await log.append([draft('a')])).toEqual([a]);
  expect((await log.append([draft('b')]))[0]).toMatchObject({ index: 2, seq: 1 });
  await t.reopen();
  expect(t.log.checkpoint().size).toBe(3);
});

test('a failed opening gives the lock back', async () => {
  await using t = await testLog();
  await t.log[Symbol.asyncDispose]();
  await expect(openLog({ ...t.options, keys: testKeys(2) })).rejects.toMatchObject({ code: 'foreign-key' });
  const log = await t.reopen();
  expect(log.checkpoint().size).toBe(1);
});
