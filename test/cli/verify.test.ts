import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../src/cli/verify.ts';
import { temporaryDirectory } from '../evidence/helpers.ts';
import { WITNESS } from '../torture/full-store.ts';

const frozen = 'test/bundles/store-2026-11';
const ca = `${frozen}.ca.pem`;
let base: string;
let broken: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  broken = join(base, 'broken');
  await cp(frozen, broken, { recursive: true });
  await rm(join(broken, 'log/intents/0'));
  await writeFile(join(broken, 'notes.txt'), '');
  await writeFile(join(broken, 'more.txt'), '');
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const io = {
    out: (line: string) => lines.push(line),
    err: () => {},
    env: {},
    stop: new AbortController().signal,
  };
  const code = await verify.run(args, io);
  return { code, out: lines.join('\n') };
}

describe('annexa verify', () => {
  test('says what was examined, what it rests on, when, and that no other history is', async () => {
    const { code, out } = await run(frozen, '--tsa-ca', ca, '--witness', WITNESS.vkey);
    expect(code).toBe(0);
    for (const said of [
      /^Store of the log f9beec24fa5fb715236ea43c7c52459d\.acme\.example$/m,
      /39 entries and 30 bodies examined/,
      /envelope +[0-9a-f]{64} +from inside +entries 0 to 12/,
      /authority +[0-9a-f]{64} +as given +O=Test, CN=Root/,
      /newest timestamp 2026-11-01T14:26:20Z, by acme-time, over 34 entries/,
      /34 of 39 entries were sealed before a timestamp/,
      /12 entries whose time the agent alone asserts/,
      /split view excluded up to size 34 by the witness witness\.example/,
      /1 of 3 records of content\/[0-9a-f]{64}\.zst erased by entry 28/,
      /^verified: everything follows from the signed checkpoint$/m,
    ]) {
      expect(out).toMatch(said);
    }
  });

  test('names what does not follow, each kind together, and ends with 1', async () => {
    const { code, out } = await run(broken);
    expect(code).toBe(1);
    expect(out).toMatch(
      /missing +log\/intents\/0 .*\n +unknown-file +(more|notes)\.txt.*\n +unknown-file +(more|notes)\.txt/,
    );
    expect(out).toContain('NOT verified: 3 problems');
    expect(out).not.toMatch(/^verified/m);
  });

  test('tells a machine the same', async () => {
    const { code, out } = await run(frozen, '--json', '--since', `${frozen}/log/checkpoints/1`);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kind: 'store',
      ok: true,
      problems: [],
      entries: 39,
      splitView: { size: 1, by: 'the checkpoint given' },
      time: { tokens: 5, covered: 34 },
    });
  });

  test('takes several keys, with commas or one by one', async () => {
    const [one, other] = ['0'.repeat(64), '1'.repeat(64)];
    for (const args of [
      ['--key', `${one},${other}`],
      ['--key', one, '--key', other],
    ]) {
      const { code, out } = await run(frozen, '--json', ...args);
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ problemCount: 4 });
    }
  });

  test('takes a file for a bundle', async () => {
    const { code, out } = await run(join(broken, 'notes.txt'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ kind: 'bundle', ok: false });
  });

  test('of what could not be read is no answer', async () => {
    await expect(run(join(base, 'nothing'))).rejects.toMatchObject({ code: 'no-store' });
    await expect(run(frozen, '--since', join(base, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    [['--key', 'x'], /--key x: expected SHA-256/],
    [['--witness', 'x'], /--witness: x is not/],
    [['--tsa-ca', 'package.json'], /--tsa-ca package\.json: expected certificates/],
  ])('%j is a wrong command line', async (args, message) => {
    await expect(run(frozen, ...args)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message),
    });
  });
});
