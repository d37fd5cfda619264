import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copy } from '../../src/cli/copy.ts';
import { type Command, type Io, UsageError } from '../../src/cli/command.ts';
import { serveStore } from '../../src/cli/serve-store.ts';
import { keptAnswers } from '../upgrade/kept.ts';
import { answersOf } from '../upgrade/answers.ts';

const STORE = 'test/upgrade/2026-11/evidence';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-stores-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** What a command prints, and its exit code; `told` is called with every line. */
async function run(command: Command, args: readonly string[], options: Partial<Io> = {}) {
  const lines: string[] = [];
  const io: Io = {
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
    env: { ANNEXA_LISTEN: '127.0.0.1:0', ANNEXA_LOG_LEVEL: 'silent' },
    stop: new AbortController().signal,
    ...options,
  };
  return { code: await command.run(args, io), text: lines.join('\n') };
}

describe('annexa copy', () => {
  test('copies a store, and says how much was new', async () => {
    const target = join(directory, 'copy');
    expect(await run(copy, [STORE, target])).toMatchObject({
      code: 0,
      text: expect.stringMatching(
        /^copied up to the checkpoint of size 33: \d+ objects, 0 were there already$/,
      ),
    });
    const again = await run(copy, [STORE, target, '--json']);
    expect(JSON.parse(again.text)).toMatchObject({ size: 33, created: 0 });
    expect(await readdir(join(target, 'state/tmp'))).toEqual([]);
  });

  test.each([
    [['COMPLIANCE'], 'expected such as COMPLIANCE:3650'],
    [['FOREVER:3'], 'expected such as COMPLIANCE:3650'],
    [['GOVERNANCE:0'], 'expected such as COMPLIANCE:3650'],
    [['GOVERNANCE:36501'], 'expected such as COMPLIANCE:3650'],
    [['COMPLIANCE:1'], 'is a directory, which can’t lock anything'],
  ])('refuses --retention %s', async (words, why) => {
    const asked = run(copy, [STORE, join(directory, 'copy'), '--retention', ...words]);
    await expect(asked).rejects.toThrow(UsageError);
    await expect(asked).rejects.toThrow(why.replace('’', "'"));
  });

  test('ends when it is asked to, and what is there is no store yet', async () => {
    const target = join(directory, 'copy');
    await expect(run(copy, [STORE, target], { stop: AbortSignal.abort() })).rejects.toThrow('aborted');
    await expect(run(serveStore, [target])).rejects.toMatchObject({ code: 'no-store' });
  });

  test('refuses a directory that is not there', async () => {
    const asked = run(copy, [join(directory, 'none'), join(directory, 'copy')]);
    await expect(asked).rejects.toMatchObject({ code: 'no-store' });
  });
});

describe('annexa serve', () => {
  /** Serves until the work is done. */
  async function serving<T>(args: readonly string[], work: (url: string) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    const out = (line: string) => resolve(/http:\/\/\S+(?=;)/.exec(line)?.[0] ?? line);
    const ended = run(serveStore, args, { out, stop: stop.signal });
    try {
      return await work(await Promise.race([promise, ended.then(() => 'it ended')]));
    } finally {
      stop.abort();
      expect((await ended).code).toBe(0);
    }
  }

  test('answers as the agent did, and leaves nothing behind in the store', async () => {
    const store = join(directory, 'store');
    await cp(STORE, store, { recursive: true });
    const before = await readdir(store, { recursive: true });
    expect(await serving([store], answersOf)).toMatchObject(await keptAnswers('2026-11'));
    expect(await readdir(store, { recursive: true })).toEqual(before);
  });

  test('answers as of an earlier checkpoint', async () => {
    const checkpoint = await serving([STORE, '--at', '15'], async (url) =>
      (await fetch(`${url}/api/v1/checkpoint`)).json(),
    );
    expect(checkpoint).toMatchObject({ size: 15 });
  });

  test('refuses a store of other keys, a size without a checkpoint, and a listen address that is none', async () => {
    await expect(run(serveStore, [STORE, '--key', '0'.repeat(64)])).rejects.toMatchObject({
      code: 'foreign-key',
    });
    await expect(run(serveStore, [STORE, '--at', '7777'])).rejects.toMatchObject({ code: 'no-store' });
    await expect(run(serveStore, [STORE], { env: { ANNEXA_LISTEN: 'somewhere' } })).rejects.toThrow(
      'ANNEXA_LISTEN',
    );
    const beyond = run(serveStore, [STORE], { env: { ANNEXA_LISTEN: '0.0.0.0:0' } });
    await expect(beyond).rejects.toMatchObject({ code: 'not-loopback' });
  });
});
