import { hash } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tokenKey } from '../../src/evidence/anchor.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { backdatedTokens, createTimeRules } from '../../src/evidence/verify/time.ts';
import type { TimedToken } from '../../src/evidence/verify/time.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import type { VerifyOptions, VerifyReport } from '../../src/evidence/verify.ts';
import { TSA_CA, WITNESS, makeFullStore } from '../torture/full-store.ts';
import { makeSampleStore } from '../torture/sample-store.ts';
import { forge } from './forge.ts';
import { temporaryDirectory, testKeys } from './helpers.ts';
import { generalized } from './timestamp-authority.ts';
import { type Forgery, forgeToken, pem } from './timestamp-forge.ts';
import { witness } from './witness.ts';

const START = 1_762_000_000;
/** When `forge` says that its statement was sealed. */
const FORGED = 1_990_000_000;
const keys = testKeys();
let base: string;
let store: string;

beforeAll(async () => {
  base = await temporaryDirectory();
  const size = { start: START, datasets: 1 };
  await makeSampleStore({ ...size, directory: join(base, 'plain'), keys, rounds: 1 });
  await makeFullStore({ ...size, directory: join(base, 'full') });
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(() => use('plain'));

async function use(name: 'plain' | 'full'): Promise<void> {
  store = join(base, 'store');
  await rm(store, { recursive: true, force: true });
  await cp(join(base, name), store, { recursive: true });
}

const path = (key: string): string => join(store, key);

function verify(options: VerifyOptions = {}): Promise<VerifyReport> {
  return verifyDirectory(store, { tsaCa: TSA_CA, ...options });
}

async function problems(options: VerifyOptions = {}): Promise<string[]> {
  return (await verify(options)).problems.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}

/** The size of the newest checkpoint. */
async function newest(): Promise<number> {
  const names = await readdir(path('log/checkpoints'));
  return Math.max(...names.filter((name) => /^\d+$/.test(name)).map(Number));
}

/** Puts a token over the checkpoint of a size beside it; returns the digest of its file. */
async function stamp(size: number, at: number, forgery: Forgery = {}, authority = 'acme'): Promise<string> {
  const data = await readFile(path(`log/checkpoints/${size}`));
  const token = forgeToken({ data, genTime: generalized(at), ...forgery });
  await writeFile(path(tokenKey(size, authority)), token);
  return hash('sha256', token);
}

describe('the tokens of a store', () => {
  test('bound its entries, and tell how many they leave to the word of the agent', async () => {
    await use('full');
    const { time, problems: found, entries } = await verify();
    expect(found).toEqual([]);
    expect(time.tokens).toBe(5);
    expect(time.newest).toMatchObject({ authority: 'acme-time' });
    expect(time.covered).toBe(time.newest?.size);
    const beforeFirst = (await readdir(path('log/checkpoints'))).flatMap((name) =>
      name.endsWith('.tsr') ? [Number.parseInt(name, 10)] : [],
    );
    expect(time.asserted).toBe(Math.min(...beforeFirst) + entries - time.covered);
    expect(time.late).toBe(0);
  });

  test('that came late are told, and are no problem', async () => {
    const size = await newest();
    // The last entry is the only one of its time.
    const last = START + 60 + 3600 + 30;
    await stamp(size, last + 86_400);
    expect(await verify()).toMatchObject({ problems: [], time: { covered: size, late: size - 1 } });
    await stamp(size, last + 86_401);
    expect(await verify()).toMatchObject({ problems: [], time: { covered: size, late: size } });
  });

  test('are asserted by the agent where there are none', async () => {
    const { time, entries } = await verify();
    expect(time).toEqual({ tokens: 0, newest: null, covered: 0, late: 0, asserted: entries });
  });

  test('are trusted by the certificates that statements name, when none are given, and that is told', async () => {
    await use('full');
    const { problems: found, notes, trust } = await verifyDirectory(store);
    expect(found).toEqual([]);
    expect(notes).toContainEqual(expect.stringContaining('--tsa-ca'));
    const authority = { use: 'authority', name: 'O=Test, CN=Root' };
    expect(trust).toContainEqual(expect.objectContaining({ ...authority, from: 'store' }));
    expect((await verify()).trust).toContainEqual(expect.objectContaining({ ...authority, from: 'given' }));
  });

  test('are not trusted by other certificates than those given', async () => {
    await use('full');
    const found = await problems({ tsaCa: pem('other-root') });
    expect(found).toHaveLength(5);
    for (const problem of found) expect(problem).toMatch(/^time log\/checkpoints\/\d+\.acme-time\.tsr: /);
  });

  test('are not trusted by certificates that no statement names', async () => {
    const ca = pem('root');
    const key = `tsa/${hash('sha256', ca)}.pem`;
    await mkdir(path('tsa'));
    await writeFile(path(key), ca);
    expect((await verifyDirectory(store)).problems).toEqual([]);
    await stamp(2, START + 100);
    const { problems: found } = await verifyDirectory(store);
    expect(found.map(({ code, where }) => `${code} ${where}`)).toEqual(['time log/checkpoints/2.acme.tsr']);
    expect(found[0]?.message).toContain(key);
  });

  test.each<[string, (size: number) => Promise<unknown>]>([
    ['over other data', (size) => stamp(size, START, { data: Buffer.from('x') })],
    ['of a signer that is no authority', (size) => stamp(size, START, { signer: 'eku-wrong' })],
    ['that was refused', (size) => stamp(size, START, { status: 2 })],
    ['that is none', (size) => writeFile(path(tokenKey(size, 'acme')), 'x')],
    ['that is empty', (size) => writeFile(path(tokenKey(size, 'acme')), '')],
  ])('one %s is a problem', async (_, plant) => {
    await plant(2);
    expect(await problems()).toEqual([expect.stringMatching(/^time log\/checkpoints\/2\.acme\.tsr: /)]);
  });

  test('over no checkpoint, or under no name of an authority, are files that nothing accounts for', async () => {
    const token = forgeToken({ data: Buffer.from('x'), genTime: generalized(START) });
    for (const name of [
      '3.acme.tsr',
      '2.Acme.tsr',
      '02.acme.tsr',
      '2.acme.tsr.bak',
      '2..tsr',
      '9999.acme.tsr',
    ]) {
      await writeFile(path(`log/checkpoints/${name}`), token);
      expect(await problems()).toEqual([
        expect.stringMatching(`^unknown-file log/checkpoints/${name.replaceAll('.', '\\.')}:`),
      ]);
      await rm(path(`log/checkpoints/${name}`));
    }
  });

  test('may not fall as sizes grow, beyond tolerance and accuracy', async () => {
    const [small, large] = [1, await newest()];
    const at = START + 5000;
    await stamp(small, at);
    await stamp(large, at - 300);
    expect(await problems()).toEqual([]);
    await stamp(large, at - 301);
    expect(await problems()).toEqual([
      expect.stringMatching(/^time log\/checkpoints\/\d+\.acme\.tsr: its time/),
    ]);
  });
});

describe('the time that an entry says', () => {
  async function anchoredTo(token: string, size: number): Promise<void> {
    await forge(store, keys, (honest) => ({
      ...honest,
      anchor: { ...honest.anchor, size, tokens: [token] },
    }));
  }

  test.each([
    ['as early as the token that it is anchored to', FORGED, []],
    ['earlier than it by the tolerance', FORGED + 300, []],
    [
      'earlier than it by more',
      FORGED + 301,
      [/^time entry \d+: .*before the timestamp that it is anchored/],
    ],
  ])('may be %s', async (_, genTime, expected) => {
    const size = await newest();
    await anchoredTo(await stamp(size, genTime), size);
    expect(await problems()).toEqual(expected.map((message) => expect.stringMatching(message)));
  });

  test.each([
    ['as late as the token that covers it', FORGED, []],
    ['later than it by the tolerance', FORGED - 300, []],
    ['later than it by more', FORGED - 301, [/^time entry \d+: .*after the timestamp that covers it/]],
  ])('may be %s', async (_, genTime, expected) => {
    await forge(store, keys, (honest) => honest);
    await stamp(await newest(), genTime);
    expect(await problems()).toEqual(expected.map((message) => expect.stringMatching(message)));
  });

  test('is anchored to a token that is there', async () => {
    const size = await newest();
    const token = await stamp(size, FORGED);
    await anchoredTo(token, size);
    await rm(path(tokenKey(size, 'acme')));
    expect(await problems()).toEqual([
      expect.stringMatching(/^missing entry \d+: the timestamp .* is not there/),
    ]);
    // Another token of the same checkpoint is not the one.
    await stamp(size, FORGED - 1);
    expect(await problems()).toEqual([expect.stringMatching(/^missing entry \d+: /)]);
  });

  test('is anchored to a token of that checkpoint', async () => {
    const token = await stamp(1, START);
    await anchoredTo(token, await newest());
    expect(await problems()).toEqual([expect.stringMatching(/^missing entry \d+: /)]);
  });

  test('is anchored to tokens in their order', async () => {
    const size = await newest();
    const tokens = [await stamp(size, FORGED), await stamp(size, FORGED - 1, {}, 'other')].toSorted();
    await forge(store, keys, (honest) => ({
      ...honest,
      anchor: { ...honest.anchor, tokens: tokens.toReversed() },
    }));
    expect(await problems()).toEqual([expect.stringMatching(/^sequence entry \d+: .*not sorted/)]);
  });
});

describe('the bounds of an entry', () => {
  const token = (size: number, genTime: number, sha256 = `${size}/${genTime}`): TimedToken => ({
    size,
    authority: 'acme',
    sha256,
    genTime,
  });
  const anchor = (size: number, ...tokens: string[]) => ({ size, root: '', tokens });

  test('are the latest token of its anchor, and the first over the smallest checkpoint that covers it', () => {
    const rules = createTimeRules([
      token(10, 100),
      token(10, 120),
      token(20, 200),
      token(20, 190),
      token(30, 300),
    ]);
    const after = anchor(10, '10/100', '10/120');
    expect(rules.bounds(15, after)).toEqual({ notBefore: 120, notAfter: 190 });
    expect(rules.bounds(10, anchor(10, '10/100'))).toEqual({ notBefore: 100, notAfter: 190 });
    expect(rules.bounds(19, anchor(10))).toEqual({ notBefore: null, notAfter: 190 });
    expect(rules.bounds(20, after)).toEqual({ notBefore: 120, notAfter: 300 });
    expect(rules.bounds(9, anchor(0))).toEqual({ notBefore: null, notAfter: 100 });
    expect(rules.bounds(30, after)).toEqual({ notBefore: 120, notAfter: null });
  });

  test('are none without tokens', () => {
    expect(createTimeRules([]).bounds(0, anchor(0))).toEqual({ notBefore: null, notAfter: null });
  });

  test('rest on the accuracy that tokens tell of themselves', () => {
    const late = { ...token(20, 100), accuracy: 10 };
    expect(backdatedTokens([token(10, 411), late])).toEqual([late]);
    expect(backdatedTokens([token(10, 410), late])).toEqual([]);
    expect(backdatedTokens([{ ...token(10, 411), accuracy: 1 }, late])).toEqual([]);
    expect(backdatedTokens([token(10, 1000), token(10, 1)])).toEqual([]);
  });
});

describe('cosignatures', () => {
  beforeEach(() => use('full'));

  test('of a witness who is known tell which checkpoint excludes another history, and when it was seen', async () => {
    const {
      problems: found,
      witnessed,
      splitView,
      trust,
      notes,
    } = await verify({ witnesses: [WITNESS.vkey] });
    expect(found).toEqual([]);
    const sizes = (await readdir(path('log/checkpoints'))).filter((name) => name.endsWith('.sigs'));
    const size = Math.max(...sizes.map((name) => Number.parseInt(name, 10)));
    expect(witnessed).toEqual([{ witness: 'witness.example', size, time: expect.any(Number) }]);
    expect(splitView).toEqual({ size, by: 'the witness witness.example' });
    expect(trust).toContainEqual(expect.objectContaining({ use: 'witness', from: 'given' }));
    expect(notes.join()).not.toMatch(/split view|--witness/);
  });

  test('of a witness who is not known are told, and exclude nothing', async () => {
    const { problems: found, witnessed, splitView, notes } = await verify();
    expect([found, witnessed, splitView]).toEqual([[], [], null]);
    expect(notes).toContainEqual(expect.stringContaining('"witness.example" were not verified'));
    expect(notes).toContainEqual(expect.stringContaining('split view not excluded'));
  });

  test('exclude less than a later checkpoint that was kept', async () => {
    const since = await readFile(path('log/checkpoint'));
    const { splitView } = await verify({ witnesses: [WITNESS.vkey], since });
    expect(splitView).toEqual({ size: await newest(), by: 'the checkpoint given' });
  });

  test.each<[string, (text: string) => string]>([
    ['over another checkpoint', (text) => WITNESS.cosign(text.replace(/\n\d+\n/, '\n1\n'), 5)],
    ['with another time', (text) => WITNESS.cosign(text, 5, 6)],
    ['that are no signature lines', () => 'x\n'],
    ['that are empty', () => ''],
    ['that hold a whole note', (text) => `${text}\n${WITNESS.cosign(text, 5)}`],
    ['without their last LF', (text) => WITNESS.cosign(text, 5).trimEnd()],
  ])('%s are a problem', async (_, lines) => {
    const { text } = parseNote(await readFile(path('log/checkpoint')));
    const key = `log/checkpoints/${await newest()}.sigs`;
    await writeFile(path(key), lines(text));
    expect(await problems({ witnesses: [WITNESS.vkey] })).toEqual([
      expect.stringMatching(`^signature ${key}: `),
    ]);
  });

  test('of two witnesses are told of each', async () => {
    const other = witness('other.example', 5);
    const { text } = parseNote(await readFile(path('log/checkpoint')));
    const size = await newest();
    await writeFile(path(`log/checkpoints/${size}.sigs`), other.cosign(text, 7) + WITNESS.cosign(text, 8));
    const { witnessed } = await verify({ witnesses: [other.vkey, WITNESS.vkey] });
    expect(witnessed).toEqual([
      { witness: 'other.example', size, time: 7 },
      { witness: 'witness.example', size, time: 8 },
    ]);
  });

  test('over no checkpoint are a file that nothing accounts for', async () => {
    await writeFile(path('log/checkpoints/3.sigs'), WITNESS.cosign('x\n3\n', 5));
    expect(await problems()).toEqual([expect.stringMatching(/^unknown-file .*3\.sigs/)]);
  });

  test('are verified by keys that are keys', async () => {
    await expect(verify({ witnesses: ['x'] })).rejects.toMatchObject({ code: 'key' });
    await expect(verify({ tsaCa: 'x' })).rejects.toMatchObject({ code: 'invalid' });
  });
});
