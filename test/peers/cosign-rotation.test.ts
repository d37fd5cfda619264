import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trustedRoot } from '../../src/evidence/cosign.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { openOrCreateLog } from '../../src/evidence/log.ts';
import { proveEntry } from '../../src/evidence/proof.ts';
import { publicKeyPem } from '../../src/evidence/public-keys.ts';
import { readLines } from '../../src/evidence/read-body.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { draft, testClock, testKeys } from '../evidence/helpers.ts';
import { cosign } from './cosign.ts';

const [one, two] = [testKeys(1), testKeys(2)];
/** The keys of each opening, in their order: what they begin is told by their names. */
const stages: Readonly<Record<string, EvidenceKeys>> = {
  'the first keys': one,
  'a new envelope key': { ...one, envelope: two.envelope, previous: { envelope: one.envelope } },
  'two checkpoint keys': { ...two, body: one.body, previous: { checkpoint: one.checkpoint } },
  'a new checkpoint key': { ...two, body: one.body },
};

interface Entry {
  readonly index: number;
  readonly body: string;
  /** The size of the log after its stage. */
  readonly size: number;
}

let base: string;
let directory: string;
const entries = new Map<string, Entry>();

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'annexa-cosign-'));
  directory = join(base, 'store');
  for (const [stage, keys] of Object.entries(stages)) {
    await using log = await openOrCreateLog({
      directory,
      keys,
      now: testClock(),
      agent: { version: '0.0.0', build: 'test' },
      domain: 'acme.example',
      sample: false,
    });
    const { sha256 } = await log.storeBody([{ id: stage }]);
    const [entry] = await log.append([draft(stage, { subjects: [{ name: 'datasets', sha256 }] })]);
    entries.set(stage, { index: entry!.index, body: sha256, size: log.checkpoint().size });
  }
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** Whether cosign verifies an entry at the checkpoint of a size, with keys given instead of those in force. */
async function verifies(
  { index, body }: Entry,
  size: number,
  changed: { readonly key?: Uint8Array; readonly log?: readonly Uint8Array[] } = {},
): Promise<boolean> {
  const reader = await readStore(directory, { size });
  const { keys, origin } = reader.identity;
  const proof = await proveEntry(reader, index);
  const folder = await mkdtemp(join(base, 'case-'));
  const root = changed.log === undefined ? proof.trustedRoot : trustedRoot(origin, changed.log);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'key.pem'), publicKeyPem(changed.key ?? keys.envelopeKey(index)));
  await writeFile(join(folder, 'trusted_root.json'), JSON.stringify(root));
  await writeFile(join(folder, 's.sigstore.json'), JSON.stringify(proof.bundle));
  const lines = await Array.fromAsync(readLines(reader.store, body));
  await writeFile(join(folder, 's.ndjson'), `${Buffer.concat(lines).toString()}\n`);
  const trust = ['--key', 'key.pem', '--trusted-root', 'trusted_root.json'];
  const claim = ['--type', 'https://annexa.dev/run/v1', '--bundle', 's.sigstore.json', 's.ndjson'];
  const { ok } = await cosign(['verify-blob-attestation', ...trust, ...claim], folder);
  return ok;
}

describe('stock cosign', () => {
  const names = Object.keys(stages);
  const pairs = names.flatMap((at, i) => names.slice(0, i + 1).map((of) => ({ of, at })));

  test.each(pairs)('verifies an entry of $of at a checkpoint of $at', async ({ of, at }) => {
    expect(await verifies(entries.get(of)!, entries.get(at)!.size)).toBe(true);
  });

  test('refuses an entry under the envelope key that was in force before it, or came after', async () => {
    const { size } = entries.get('a new checkpoint key')!;
    expect(await verifies(entries.get('the first keys')!, size, { key: two.envelope.spki })).toBe(false);
    expect(await verifies(entries.get('a new envelope key')!, size, { key: one.envelope.spki })).toBe(false);
  });

  test.each([
    ['two checkpoint keys', 'the old', one.checkpoint, true],
    // The bundle says which key it is of: the old one, while there are two.
    ['two checkpoint keys', 'the new', two.checkpoint, false],
    ['a new checkpoint key', 'the old', one.checkpoint, false],
    ['a new envelope key', 'the new', two.checkpoint, false],
  ] as const)(
    'at a checkpoint of %s, verifies only with the key that the bundle names: %s',
    async (at, _, { spki }, expected) => {
      const { size } = entries.get(at)!;
      expect(await verifies(entries.get('the first keys')!, size, { log: [spki] })).toBe(expected);
    },
  );
});
