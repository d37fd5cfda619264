import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trustedRoot } from '../../src/evidence/cosign.ts';
import { proveEntry } from '../../src/evidence/proof.ts';
import { publicKeyPath } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { annexa } from '../e2e/process.ts';
import { testKeys } from '../evidence/helpers.ts';
import { makeSampleStore } from '../torture/sample-store.ts';
import { cosign } from './cosign.ts';

const type = 'https://annexa.dev/snapshot/v1';

interface Case {
  readonly bundle: string;
  readonly body: string;
  readonly key: string;
  readonly root: string;
}

let base: string;
let good: Case;
let counter = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'annexa-cosign-'));
  good = await makeCase(260);
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe('stock cosign', () => {
  test('is of a release that verifies inclusion in logs of this kind', async () => {
    const { output } = await run(['version']);
    const [, major = '0', minor = '0', patch = '0'] =
      /GitVersion:\s+v?(\d+)\.(\d+)\.(\d+)/.exec(output) ?? [];
    expect(Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch)).toBeGreaterThanOrEqual(3_001_001);
  });

  test('verifies a snapshot, its body and its inclusion', async () => {
    expect(await verify(good)).toEqual({ ok: true, output: expect.stringContaining('Verified OK') });
  });

  test('verifies what the command line writes, and refuses it changed', async () => {
    const reader = await openSample('main');
    const { index } = await firstSnapshot(reader, 40);
    const folder = join(base, 'proof');
    const { code, out } = await annexa(['proof', join(base, 'main'), String(index), '-o', folder]).ended;
    expect(code).toBe(0);
    const [line = ''] = out.split('\n').filter((text) => text.startsWith('cosign '));
    const typed = line.split(' ').slice(1);
    expect(await run(typed, folder)).toEqual({ ok: true, output: expect.stringContaining('Verified OK') });
    const body = join(folder, typed.at(-1) ?? '');
    await writeFile(body, `${await readFile(body, 'utf8')}{}\n`);
    expect((await run(typed, folder)).ok).toBe(false);
  });

  test('refuses another body', async () => {
    const body = await write('body', `${await readFile(good.body, 'utf8')}\n`);
    expect((await verify({ ...good, body })).ok).toBe(false);
  });

  test('refuses another predicate type', async () => {
    expect((await verify(good, 'https://annexa.dev/run/v1')).ok).toBe(false);
  });

  test('refuses another envelope key', async () => {
    const pem = await readStoreFile('other', publicKeyPath(testKeys(2).envelope.spki));
    expect((await verify({ ...good, key: await write('key.pem', pem) })).ok).toBe(false);
  });

  test('refuses a log of another key or name', async () => {
    const { origin } = await openSample('main');
    const other = trustedRoot(origin, [testKeys(2).checkpoint.spki]);
    const renamed = trustedRoot(`x${origin}`, [testKeys(1).checkpoint.spki]);
    for (const root of [other, renamed]) {
      const path = await write('trusted_root.json', JSON.stringify(root));
      expect((await verify({ ...good, root: path })).ok).toBe(false);
    }
  });

  test.each<[string, (bundle: string) => string]>([
    ['a changed payload', (json) => otherAt(json, /"payload":".{40}/)],
    ['a changed signature', (json) => otherAt(json, /"sig":".{20}/)],
    ['a changed proof', (json) => otherAt(json, /"hashes":\["/)],
    ['a shorter proof', (json) => json.replace(/"hashes":\["[^"]+",/, '"hashes":[')],
    ['another index', (json) => json.replaceAll(/"logIndex":"(\d+)"/g, lower)],
    ['no entry', (json) => json.replace(/"tlogEntries":\[.*\]\},"ds/, '"tlogEntries":[]},"ds')],
    ['another checkpoint', (json) => json.replace(/acme\.example\\n(\d+)/, lower)],
  ])('refuses a bundle with %s', async (_, change) => {
    const json = await readFile(good.bundle, 'utf8');
    const changed = change(json);
    expect(changed).not.toBe(json);
    expect((await verify({ ...good, bundle: await write('s.sigstore.json', changed) })).ok).toBe(false);
  });

  test('refuses the inclusion of another entry', async () => {
    const other = await makeCase(262);
    const [mine, theirs] = [await readFile(good.bundle, 'utf8'), await readFile(other.bundle, 'utf8')];
    const entry = /"tlogEntries":\[.*\]\},"dsseEnvelope"/;
    const mixed = mine.replace(entry, () => entry.exec(theirs)?.[0] ?? '');
    expect(mixed).not.toBe(mine);
    expect((await verify({ ...good, bundle: await write('s.sigstore.json', mixed) })).ok).toBe(false);
    expect((await verify(other)).ok).toBe(true);
  });
});

/** The text with the letter after a match of the pattern changed to another of base64. */
function otherAt(text: string, pattern: RegExp): string {
  return text.replace(
    new RegExp(`(${pattern.source})(.)`),
    (_, kept: string, letter: string) => `${kept}${letter === 'A' ? 'B' : 'A'}`,
  );
}

/** The number in a match, one lower. */
function lower(match: string, digits: string): string {
  return match.replace(digits, String(Number(digits) - 1));
}

async function openSample(name: 'main' | 'other') {
  const directory = join(base, name);
  if (!existsSync(directory)) {
    const keys = testKeys(name === 'main' ? 1 : 2);
    const rounds = name === 'main' ? 20 : 1;
    await makeSampleStore({ directory, keys, start: 1_762_000_000, rounds, datasets: 7 });
  }
  return readStore(directory);
}

async function readStoreFile(name: 'main' | 'other', key: string): Promise<string> {
  await openSample(name);
  return readFile(join(base, name, key), 'utf8');
}

/** What an auditor has of the first snapshot from an index on. */
async function makeCase(from: number): Promise<Case> {
  const reader = await openSample('main');
  const entry = await firstSnapshot(reader, from);
  const { bundle, trustedRoot: root } = await proveEntry(reader, entry.index);
  const compressed = await readFile(join(base, 'main', `content/${entry.subjects[0]?.sha256}.zst`));
  return {
    bundle: await write('s.sigstore.json', JSON.stringify(bundle)),
    body: await write('body.ndjson', zstdDecompressSync(compressed)),
    key: join(base, 'main', publicKeyPath(reader.identity.keys.envelopeKey(0))),
    root: await write('trusted_root.json', JSON.stringify(root)),
  };
}

async function firstSnapshot(reader: Awaited<ReturnType<typeof openSample>>, from: number) {
  for await (const entry of reader.entries(from)) if (entry.predicate === 'snapshot') return entry;
  throw new Error(`no snapshot from ${from} on`);
}

async function write(name: string, bytes: string | Uint8Array): Promise<string> {
  counter += 1;
  const folder = join(base, `case-${counter}`);
  await mkdir(folder);
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

async function verify(files: Case, predicateType = type): Promise<{ ok: boolean; output: string }> {
  return run([
    'verify-blob-attestation',
    '--key',
    files.key,
    '--trusted-root',
    files.root,
    '--type',
    predicateType,
    '--bundle',
    files.bundle,
    files.body,
  ]);
}

function run(args: readonly string[], cwd = base): Promise<{ ok: boolean; output: string }> {
  return cosign(args, cwd);
}
