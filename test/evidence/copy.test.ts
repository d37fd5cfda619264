import { cp, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyStore } from '../../src/evidence/copy.ts';
import { directoryStore } from '../../src/evidence/directory.ts';
import { openLog } from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { directorySource, type Source } from '../../src/evidence/verify/source.ts';
import { draft, type TestLog, temporaryDirectory, testLog } from './helpers.ts';

let kept: TestLog;
let base: string;

beforeEach(async () => {
  kept = await testLog();
  base = await temporaryDirectory();
});
afterEach(async () => {
  await kept[Symbol.asyncDispose]();
  await rm(base, { recursive: true });
});

async function copyTo(target: string, source: Source = directorySource(kept.directory)) {
  const temporary = join(base, 'temporary');
  await mkdir(temporary, { recursive: true });
  return copyStore(source, directoryStore(target, temporary), { temporary });
}

async function append(from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 1) {
    const body = await kept.log.storeBody([{ id: `aws:1:${at}` }]);
    const subjects = [{ name: 'datasets', sha256: body.sha256 }];
    await kept.log.append([draft(`run-${at}`, { subjects })], { hurry: true });
  }
}

/** Opens the copy as its writer, and goes on: nothing may lie in the way. */
async function goOn(target: string, entries: number): Promise<void> {
  const options = { ...kept.options, directory: target, lostState: 'accept' } as const;
  await using log = await openLog(options);
  for (let at = 0; at < entries; at += 1) await log.append([draft(`other-${at}`)], { hurry: true });
}

describe('a copy of a store', () => {
  test('verifies, and is completed when it is asked for again', async () => {
    await append(0, 3);
    const target = join(base, 'copy');
    const first = await copyTo(target);
    expect(first).toMatchObject({ size: 4, present: 0 });
    await append(3, 2);
    const second = await copyTo(target);
    expect(second.size).toBe(6);
    expect(second.present).toBe(first.created);
    const since = await readFile(join(kept.directory, 'log/checkpoint'));
    expect(await verifyDirectory(target, { since })).toMatchObject({ ok: true, entries: 6 });
    expect(await copyTo(target)).toMatchObject({ created: 0 });
  });

  test('that is made while the log grows, beyond full tiles too, is whole and can be gone on with', async () => {
    await kept.log.append(Array.from({ length: 250 }, (_, at) => draft(`run-${at}`)));
    const growth = new AbortController();
    const grow = (async () => {
      for (let at = 250; !growth.signal.aborted; at += 1) await append(at, 1);
    })();
    const sizes: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const target = join(base, `copy-${round}`);
      sizes.push((await copyTo(target)).size);
      expect((await verifyDirectory(target)).problems).toEqual([]);
      await goOn(target, 3);
      expect((await verifyDirectory(target)).problems).toEqual([]);
    }
    growth.abort();
    await grow;
    expect(new Set(sizes).size).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeGreaterThan(256);
  });

  test('leaves out what lies beyond its checkpoint, where a log that goes on would find other bytes', async () => {
    await append(0, 2);
    const published = await readFile(join(kept.directory, 'log/checkpoint'));
    await append(2, 2);
    const source = directorySource(kept.directory);
    const target = join(base, 'copy');
    const earlier: Source = {
      ...source,
      get: (key) => (key === 'log/checkpoint' ? Promise.resolve(published) : source.get(key)),
    };
    await copyTo(target, earlier);
    await goOn(target, 4);
    expect((await verifyDirectory(target)).problems).toEqual([]);
    // A plain copy has it.
    const plain = join(base, 'plain');
    await cp(kept.directory, plain, { recursive: true, filter: (path) => !path.includes('/state') });
    await writeFile(join(plain, 'log/checkpoint'), published);
    for (const from of [3, 4]) await rm(join(plain, `log/intents/${from}`));
    await expect(goOn(plain, 4)).rejects.toMatchObject({ code: 'rolled-back' });
  });
});

describe('a copy is refused', () => {
  test('onto another log, and onto this one gone another way, of which nothing is changed', async () => {
    await append(0, 2);
    const target = join(base, 'copy');
    await copyTo(target);
    await goOn(target, 2);
    await append(2, 5);
    const before = await readFile(join(target, 'log/checkpoint'), 'utf8');
    await expect(copyTo(target)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('the copy has other bytes'),
    });
    expect(await readFile(join(target, 'log/checkpoint'), 'utf8')).toBe(before);
    await using other = await testLog();
    const foreign = copyTo(target, directorySource(other.directory));
    await expect(foreign).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('of nothing', async () => {
    await expect(copyTo(join(base, 'copy'), directorySource(join(base, 'none')))).rejects.toMatchObject({
      code: 'no-store',
    });
  });

  test('of what is no file', async () => {
    await append(0, 1);
    await symlink('/etc/hostname', join(kept.directory, 'content', `${'0'.repeat(64)}.zst`));
    await expect(copyTo(join(base, 'copy'))).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('it is not a file'),
    });
  });

  test('when something goes while it is copied, and then nothing says that it is whole', async () => {
    await append(0, 2);
    const source = directorySource(kept.directory);
    const losing: Source = {
      ...source,
      stream: (key) => (key.startsWith('content/') ? Promise.resolve(undefined) : source.stream(key)),
    };
    const target = join(base, 'copy');
    await expect(copyTo(target, losing)).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('copy again'),
    });
    await expect(readFile(join(target, 'log/checkpoint'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await copyTo(target)).toMatchObject({ size: 3 });
  });
});

test('what was damaged in the store is damaged in its copy: verify tells, not copy', async () => {
  await append(0, 1);
  const body = await kept.log.entry(1);
  await truncate(join(kept.directory, `content/${body.subjects[0]?.sha256}.zst`), 5);
  const target = join(base, 'copy');
  await copyTo(target);
  expect((await verifyDirectory(target)).ok).toBe(false);
});
