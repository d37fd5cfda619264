import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { kindsRead } from '../../src/controls/judge.ts';
import { fingerprint, publicKeyPem } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { CA, DAY, type History, makeHistory, START } from '../audit/history.ts';
import { sealAnew, sumAnew } from '../audit/unpacked.ts';
import { temporaryDirectory, testKeys } from '../evidence/helpers.ts';

// verify.sh with sha256sum, openssl, jq and cosign, in an empty network namespace: whatever asked the network would fail.
const script = join(import.meta.dirname, '../../src/audit/bundle/verify.sh');
const run = promisify(execFile);

let base: string;
let history: History;
/** Unpacked. */
let good: string;
/** Of a log that has the same keys and the same first days, and another last day. */
let fork: string;
let counter = 0;

beforeAll(async () => {
  base = await temporaryDirectory();
  history = await makeHistory({ stamped: true });
  await history.day([2]);
  await history.day([]);
  const before = join(base, 'before');
  await cp(history.world.directory, before, { recursive: true });
  await history.day([1, 2]);
  good = await bundle(history.store);
  // The fork goes on from the same state, in the same place.
  const after = join(base, 'after');
  await rename(history.world.directory, after);
  await cp(before, history.world.directory, { recursive: true });
  history.world.now -= DAY;
  await history.day([3, 4, 5]);
  fork = await bundle(history.store);
  await rm(history.world.directory, { recursive: true });
  await rename(after, history.world.directory);
});
afterAll(async () => {
  await history[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

/** Of the second and third day, at the newest checkpoint; unpacked. */
async function bundle(store: string): Promise<string> {
  await using sandbox = createSandbox();
  counter += 1;
  const [file, folder] = [join(base, `${counter}.zip`), join(base, `unpacked-${counter}`)];
  await writeBundle(await readStore(store), {
    question: { from: START + DAY, to: START + 4 * DAY, controls: null, collectors: null },
    signer: history.keys.checkpoint,
    kindsOf: (check) => kindsRead(sandbox, check),
    derive,
    agent: { version: '0.0.0', build: 'test' },
    file,
  });
  await run('unzip', ['-q', file, '-d', folder]);
  return folder;
}

async function verify(folder: string, ...args: readonly string[]): Promise<{ code: number; output: string }> {
  const path = `${join(homedir(), '.cache/annexa/bin')}:${process.env['PATH']}`;
  return new Promise((resolve) => {
    const child = execFile(
      'unshare',
      ['-n', 'bash', script, ...args, folder],
      { env: { ...process.env, PATH: path }, maxBuffer: 1 << 24 },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, output: `${out}${err}` }),
    );
  });
}

/** A copy of the good one, with a change. */
async function changed(change: (folder: string) => Promise<unknown>): Promise<string> {
  counter += 1;
  const folder = join(base, `changed-${counter}`);
  await cp(good, folder, { recursive: true });
  await change(folder);
  return folder;
}

async function edit(folder: string, name: string, work: (text: string) => string): Promise<void> {
  const path = join(folder, name);
  const before = await readFile(path, 'utf8');
  const after = work(before);
  expect(after).not.toBe(before);
  await writeFile(path, after);
}

const seal = (folder: string) => sealAnew(folder, history.keys.checkpoint);
const lineOf = (text: string, index: number) =>
  text.split('\n').find((line) => line.startsWith(`{"index":${index},`)) ?? '';
const problems = (output: string) => output.split('\n').filter((line) => line.startsWith('FAIL'));

describe('verify.sh, without a network', () => {
  test('says of an untouched bundle that all is well', async () => {
    const { code, output } = await verify(good);
    expect(problems(output)).toEqual([]);
    expect(output).toContain('tokens: 4 verify');
    expect(output).toMatch(/cosign: (\d+) of \1 entries/);
    expect(output).toContain('the keys come from the bundle itself');
    expect(code).toBe(0);
  });

  test('compares keys and certificates with those that came another way', async () => {
    const folder = join(base, 'keys');
    await mkdir(folder);
    const { envelope, checkpoint } = history.keys;
    await writeFile(join(folder, 'envelope.pem'), publicKeyPem(envelope.spki));
    await writeFile(join(folder, 'checkpoint.pem'), publicKeyPem(checkpoint.spki));
    const ca = join(base, 'ca.pem');
    await writeFile(ca, CA);
    const { code, output } = await verify(good, '--keys', folder, '--tsa', ca);
    expect(output).not.toContain('prove nothing alone');
    expect(code).toBe(0);
    const foreign = await verify(good, '--sample', '1', '--key', fingerprint(testKeys(3).envelope.spki));
    expect(problems(foreign.output)).toHaveLength(2);
    expect(foreign.code).toBe(1);
  });

  test('proves a sample of a large one, and says how many', async () => {
    const { code, output } = await verify(good, '--sample', '3');
    expect(output).toMatch(/cosign: [34] of \d+ entries/);
    expect(output).toMatch(/\d+ entries were not proven one by one/);
    expect(code).toBe(0);
  });
});

describe('the commands of docs/verify-by-hand.md', () => {
  async function byHand(folder: string): Promise<{ code: number; output: string }> {
    const page = await readFile('docs/verify-by-hand.md', 'utf8');
    const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((found) => found[1] ?? '');
    const work = join(base, `work-${(counter += 1)}`);
    await mkdir(work);
    const { index } = await lastOf(folder);
    const path = `${join(homedir(), '.cache/annexa/bin')}:${process.env['PATH']}`;
    const keys = join(good, 'keys');
    const own = { INDEX: String(index), WORK: work, KEYS: keys, CA: join(good, 'tsa/ca.pem'), HOME: work };
    return new Promise((resolve) => {
      const child = execFile(
        'unshare',
        ['-n', 'bash', '-euo', 'pipefail', '-c', blocks.join('\n')],
        { cwd: folder, env: { ...process.env, ...own, PATH: path } },
        (_, out, err) => resolve({ code: child.exitCode ?? -1, output: `${out}${err}` }),
      );
    });
  }

  test('verify an entry, from the files to the tables', async () => {
    const { code, output } = await byHand(good);
    expect(output).toContain('Verified OK');
    expect(output.match(/Verification: OK/g)).toHaveLength(4);
    expect(code).toBe(0);
  });

  test.each<[string, (folder: string) => Promise<unknown>]>([
    ['another token', swapTokens],
    ['a changed statement', changedStatement],
    ['a missing entry', withoutEntry],
  ])('refuse %s, though the manifest is signed anew', async (_, change) => {
    const folder = await changed(change);
    await seal(folder);
    expect((await byHand(folder)).code).not.toBe(0);
  });
});

describe('who has no key', () => {
  test.each<[string, (folder: string) => Promise<unknown>, string]>([
    [
      "can't change a body",
      async (folder) => edit(folder, await bodyIn(folder), (text) => `${text}{}\n`),
      'is not named by its digest',
    ],
    [
      "can't change a report",
      (folder) => edit(folder, 'report.html', (text) => `${text}<!-- -->`),
      'manifest.json and SHA256SUMS list',
    ],
    [
      "can't leave an envelope out",
      (folder) => edit(folder, 'envelopes.jsonl', withoutLast),
      'not every entry from',
    ],
    [
      "can't add a file",
      (folder) => writeFile(join(folder, 'evidence/more.csv'), ''),
      'list different files',
    ],
    ["can't take a file away", (folder) => rm(join(folder, 'runs.csv')), 'list different files'],
    [
      "can't list other files",
      (folder) => edit(folder, 'manifest.json', (text) => text.replace('"runs.csv"', '"runz.csv"')),
      'manifest.note does not sign',
    ],
  ])('%s', async (_, change, expected) => {
    const folder = await changed(change);
    await sumAnew(folder);
    const { code, output } = await verify(folder, '--sample', '1');
    expect(problems(output).join('\n')).toContain(expected);
    expect(code).toBe(1);
  });

  test('can not even do so and keep the sums', async () => {
    const folder = await changed(async (copy) => edit(copy, await bodyIn(copy), (text) => `${text}{}\n`));
    const { code, output } = await verify(folder, '--sample', '1');
    expect(problems(output).join('\n')).toContain('SHA256SUMS');
    expect(code).toBe(1);
  });
});

describe('who holds the key of the checkpoints, and signs the manifest anew,', () => {
  test.each<[string, (folder: string) => Promise<unknown>, string]>([
    ["can't leave an entry out", withoutEntry, 'not every entry from'],
    [
      "can't show June's evidence as January's",
      (folder) => edit(folder, 'evidence/index.csv', (text) => text.replaceAll('2026-06-03T', '2026-01-03T')),
      'says what no statement says',
    ],
    [
      "can't show one stream as another",
      (folder) =>
        edit(folder, 'evidence/index.csv', (text) =>
          text.replace('snapshot/people/people/test', 'snapshot/people/people/live'),
        ),
      'says what no statement says',
    ],
    ["can't use another checkpoint's token", swapTokens, 'is not a token over log/checkpoints/'],
    ["can't show the proof of a fork", forkedProof, 'not in the first that covers it'],
    ["can't put the fork's checkpoint beside the honest ones", forkedProof, 'does not begin with the log of'],
    ["can't put the fork's envelope in the place of the honest one", forkedEnvelope, 'cosign:'],
    ["can't change what a statement says", changedStatement, 'cosign:'],
    [
      "can't change a body",
      async (folder) => edit(folder, await bodyIn(folder), (text) => `${text}{}\n`),
      'is not named by its digest',
    ],
  ])('%s', async (_, change, expected) => {
    const folder = await changed(change);
    await seal(folder);
    const sample = expected === 'cosign:' ? [] : ['--sample', '1'];
    const { code, output } = await verify(folder, ...sample);
    expect(problems(output).join('\n')).toContain(expected);
    expect(code).toBe(1);
  });

  test('can change a report: only deriving it again finds that', async () => {
    const folder = await changed((copy) => edit(copy, 'report.html', (text) => `${text}<!-- -->`));
    await seal(folder);
    const { code, output } = await verify(folder, '--sample', '1');
    expect(output).toContain('not checked here');
    expect(code).toBe(0);
    expect((await verifyBundle(folder)).problems).toMatchObject([{ where: 'report.html' }]);
  });
});

async function bodyIn(folder: string): Promise<string> {
  const names = (await readdir(join(folder, 'evidence'))).filter((name) => name.endsWith('.ndjson'));
  for (const name of names.sort())
    if ((await readFile(join(folder, 'evidence', name))).length > 0) return `evidence/${name}`;
  throw new Error('there is no body');
}

function withoutLast(text: string): string {
  return text.trimEnd().split('\n').slice(0, -1).join('\n').concat('\n');
}

/** Takes the fourth entry from the end out of everything that names it. */
async function withoutEntry(folder: string): Promise<void> {
  const lines = (await readFile(join(folder, 'envelopes.jsonl'), 'utf8')).trimEnd().split('\n');
  const [, index = ''] = /^\{"index":(\d+)/.exec(lines.at(-4) ?? '') ?? [];
  const without = (text: string) => text.replace(`${lineOf(text, Number(index))}\n`, '');
  await edit(folder, 'envelopes.jsonl', without);
  await edit(folder, 'proofs.jsonl', without);
  await edit(folder, 'evidence/index.csv', (text) =>
    text
      .split('\n')
      .filter((line) => !line.startsWith(`${index},`))
      .join('\n'),
  );
}

async function swapTokens(folder: string): Promise<void> {
  const tokens = (await readdir(join(folder, 'log/checkpoints'))).filter((name) => name.endsWith('.tsr'));
  const [one = '', other = ''] = tokens.map((name) => join(folder, 'log/checkpoints', name));
  const [first, second] = [await readFile(one), await readFile(other)];
  await writeFile(one, second);
  await writeFile(other, first);
}

/** The last entry that both have, and that only the fork's checkpoint covers as the fork has it. */
async function lastOf(folder: string): Promise<{ index: number; size: number }> {
  const lines = (await readFile(join(folder, 'proofs.jsonl'), 'utf8')).trimEnd().split('\n');
  return JSON.parse(lines.at(-2) ?? '');
}

/** The fork's entry, with its proof in the fork's checkpoint, which is kept under a size that the honest log has no checkpoint of. */
async function forkedProof(folder: string): Promise<void> {
  const { index } = await lastOf(fork);
  const proofs = await readFile(join(fork, 'proofs.jsonl'), 'utf8');
  const envelopes = await readFile(join(fork, 'envelopes.jsonl'), 'utf8');
  const names = await readdir(join(fork, 'log/checkpoints'));
  const { size }: { size: number } = JSON.parse(lineOf(proofs, index));
  const other = size + 1;
  await edit(folder, 'envelopes.jsonl', (text) =>
    text.replace(lineOf(text, index), lineOf(envelopes, index)),
  );
  await edit(folder, 'proofs.jsonl', (text) =>
    text.replace(lineOf(text, index), lineOf(proofs, index).replace(`"size":${size}`, `"size":${other}`)),
  );
  expect(names).toContain(String(size));
  const note = await readFile(join(fork, 'log/checkpoints', String(size)), 'utf8');
  await writeFile(join(folder, 'log/checkpoints', String(other)), note);
  await edit(folder, 'log/consistency.json', (text) => {
    const links: { from: number; to: number; hashes: string[] }[] = JSON.parse(text);
    const last = links.at(-1)?.to ?? 0;
    return `${JSON.stringify([...links, { from: last, to: other, hashes: links.at(-1)?.hashes ?? [] }])}\n`;
  });
}

async function forkedEnvelope(folder: string): Promise<void> {
  const { index } = await lastOf(fork);
  for (const name of ['envelopes.jsonl', 'proofs.jsonl']) {
    const theirs = lineOf(await readFile(join(fork, name), 'utf8'), index);
    await edit(folder, name, (text) => text.replace(lineOf(text, index), theirs));
  }
}

async function changedStatement(folder: string): Promise<void> {
  const { index } = await lastOf(folder);
  await edit(folder, 'envelopes.jsonl', (text) => {
    const line = lineOf(text, index);
    const { envelope }: { envelope: { payload: string } } = JSON.parse(line);
    const statement = Buffer.from(envelope.payload, 'base64').toString().replace('"runId":"', '"runId":"x');
    return text.replace(envelope.payload, Buffer.from(statement).toString('base64'));
  });
}
