import { createHash, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Io } from '../../src/cli/command.ts';
import { keys } from '../../src/cli/keys.ts';
import { generateKeys } from '../../src/evidence/keys.ts';
import { createLog, openLog } from '../../src/evidence/log.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { temporaryDirectory, testKeys } from '../evidence/helpers.ts';
import { pem } from '../evidence/timestamp-forge.ts';

const [one, two] = [testKeys(1), testKeys(2)];
const ca = pem('root');
const agent = { version: '0.0.0', build: 'test' };
const DAY = 86_400;
const START = 1_700_000_000;

let base: string;
let store: string;

beforeEach(async () => {
  base = await temporaryDirectory();
  store = join(base, 'store');
});
afterEach(() => rm(base, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ out: string[]; err: string[] }> {
  const said = { out: [] as string[], err: [] as string[] };
  const io: Io = {
    out: (line) => void said.out.push(line),
    err: (line) => void said.err.push(line),
    env: {},
    stop: new AbortController().signal,
  };
  expect(await keys.run(args, io)).toBe(0);
  return said;
}

/** A log whose keys were all rotated after a day, with an authority and a witness, the one in its genesis, the other configured later. */
async function rotated(): Promise<void> {
  const options = { directory: store, agent };
  const log = await createLog({
    ...options,
    keys: one,
    now: () => START,
    domain: 'acme.example',
    sample: false,
    authorities: [{ name: 'first', url: 'https://tsa.example', ca }],
  });
  await log[Symbol.asyncDispose]();
  const again = await openLog({ ...options, keys: { ...two, previous: one }, now: () => START + DAY });
  const spec = {
    timestamps: { every: '1h', authorities: [{ name: 'second', url: 'https://two.example', ca: 'no PEM' }] },
    witnesses: [{ name: 'w', url: 'https://w.example', key: 'w.example+00000000+AQ==' }],
  };
  const document = { id: 'Agent/acme', kind: 'Agent', manifest: { spec } };
  const { sha256, records } = await again.storeBody([document]);
  await again.append([
    {
      predicate: 'config',
      stream: 'config',
      runId: 'config',
      startedAt: START,
      finishedAt: START,
      config: null,
      subjects: [{ name: 'documents', sha256 }],
      fields: { before: null, after: sha256, documents: records },
    },
  ]);
  await again[Symbol.asyncDispose]();
}

describe('annexa keys', () => {
  test('tells every key of a store, since when and until when, and who vouches for its times and history', async () => {
    await rotated();
    const { out, err } = await run(store);
    expect(err).toEqual([]);
    const [ended, since] = ['2023-11-14T22:13:20Z', '2023-11-15T22:13:20Z'];
    const days = Math.floor((Date.now() / 1000 - START - DAY) / DAY);
    const age = Math.floor((Date.now() / 1000 - START) / DAY);
    expect(out.slice(0, 4)).toEqual([
      `envelope    ${fingerprint(one.envelope.spki)}  in force from ${ended} (entry 0) until ${since} (entry 2)`,
      `checkpoint  ${fingerprint(one.checkpoint.spki)}  in force since ${ended} (${age} days, entry 0), retiring`,
      `envelope    ${fingerprint(two.envelope.spki)}  in force since ${since} (${days} days, entry 2)`,
      `checkpoint  ${fingerprint(two.checkpoint.spki)}  in force since ${since} (${days} days, entry 3)`,
    ]);
    const digest = createHash('sha256').update(ca).digest('hex');
    const { raw } = new X509Certificate(ca);
    expect(out[4]).toBe(`authority   ${digest}  first, https://tsa.example (SHA-256 of tsa/${digest}.pem)`);
    expect(out[5]).toContain(`certificate ${createHash('sha256').update(raw).digest('hex')}  `);
    expect(out[6]).toMatch(/^authority {3}[0-9a-f]{64} {2}second, https:\/\/two\.example/);
    expect(out[7]).toBe('            its file is not in the store');
    expect(out[8]).toBe('witness     w.example+00000000+AQ== (w)');
    expect(out[9]).toContain('by another way');
  });

  test('tells it to machines, a line each', async () => {
    await rotated();
    const { out } = await run(store, '--json');
    const lines: unknown[] = out.map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { use: 'envelope', index: 0, until: { index: 2, at: '2023-11-15T22:13:20Z' } },
      { use: 'checkpoint', retiring: true, until: null },
      { use: 'envelope', spki: Buffer.from(two.envelope.spki).toString('base64'), index: 2 },
      { use: 'checkpoint', fingerprint: fingerprint(two.checkpoint.spki), retiring: false },
      { use: 'authority', name: 'first', certificates: [{}] },
      { use: 'authority', name: 'second', certificates: null },
      { use: 'witness', name: 'w', key: 'w.example+00000000+AQ==' },
    ]);
  });

  test('tells the fingerprints of a directory of key files', async () => {
    const { envelope, checkpoint } = await generateKeys(join(base, 'keys'));
    const { out } = await run(join(base, 'keys'));
    expect(out.slice(0, 2)).toEqual([
      `envelope    ${fingerprint(envelope.spki)}`,
      `checkpoint  ${fingerprint(checkpoint.spki)}`,
    ]);
  });

  test('shows the keys, and says what is missing, when the configuration in force can not be read', async () => {
    await rotated();
    await rm(join(store, 'content'), { recursive: true });
    const { out, err } = await run(store);
    expect(out.filter((line) => /^(envelope|checkpoint|authority|witness)/.test(line))).toHaveLength(5);
    expect(err.join()).toContain('only authorities and witnesses of the genesis are shown');
  });
});
