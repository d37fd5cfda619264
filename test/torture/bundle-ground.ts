import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBundle } from '../../src/audit/bundle/write.ts';
import { derive } from '../../src/audit/derive/derive.ts';
import { createKinds } from '../../src/audit/verify/kinds.ts';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import { keyFiles, loadKeys } from '../../src/evidence/keys.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { makeWorld } from '../engine/world.ts';
import type { World } from '../engine/world.ts';
import { ed25519Pem, p256Pem, testKeys } from '../evidence/helpers.ts';
import { generalized } from '../evidence/timestamp-authority.ts';
import { forgeToken, pem } from '../evidence/timestamp-forge.ts';
import { witness } from '../evidence/witness.ts';

export const DAY = 86_400;
/** Midnight (UTC) of the first day on which the sample organisation is collected. */
export const START = Date.parse('2026-11-01T00:00:00Z') / 1000;
export const SAW = witness('witness.example', 9);
/** Certificates of the authority that stamps the sample. */
export const CA = pem('root');

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.5 } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const check = (name: string, aspect: string, fails: string): string => `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: ${name} }
spec:
  title: ${name}
  aspects: [${aspect}]
  nature: state
  severity: high
  within: 1h
  kind: person
  fails: ${fails}
  reason: "'${name}'"
  remediation: none
  rationale: none
`;

const agent = (world: World): string => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  data: ${JSON.stringify(join(world.directory, 'data'))}
  commitWindow: 1s
  listen: "127.0.0.1:0"
  timestamps:
    authorities:
      - { name: torture, url: "http://127.0.0.1:9/tsa", ca: ${JSON.stringify(CA)} }
`;

/** With keys of tests alone, from a fixed seed. */
async function organisation(seed: number): Promise<World> {
  const world = await makeWorld({
    manifests: {
      'collectors.yaml': COLLECTOR,
      'leavers.yaml': check('no-leavers', 'A.5.18/removal', `"it.status IN ('left', 'vanished')"`),
      'screened.yaml': check('screened', 'A.6.1/before-start', `"it.status = 'starting'"`),
    },
  });
  await world.write('agent.yaml', agent(world));
  const keys = join(world.directory, 'data/keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const { envelope, checkpoint, body } = keyFiles(keys);
  writeFileSync(envelope, p256Pem(seed), { mode: 0o600 });
  writeFileSync(checkpoint, ed25519Pem(seed), { mode: 0o600 });
  writeFileSync(body, `${Buffer.from(testKeys(seed).body).toString('base64')}\n`, { mode: 0o600 });
  return world;
}

function register(now: number, left: readonly number[], people: number): string {
  const today = new Date(now * 1000).toISOString().slice(0, 10);
  const rows = Array.from(
    { length: people },
    (_, at) => `${at},p${at}@test.example,${left.includes(at) ? '2026-05-01' : ''},${today}`,
  );
  return ['id,email,last,asof', ...rows, ''].join('\n');
}

interface Settings {
  readonly people: number;
  /** Who has left, by day. */
  readonly days: readonly (readonly number[])[];
}

async function collect(world: World, days: Settings['days'], people: number): Promise<void> {
  for (const left of days) {
    await world.write('people.csv', register(world.now, left, people));
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    await stamp(opened.stores.log, world.now + 60);
    world.now += DAY;
  }
}

/** What an authority and a witness say of the newest checkpoint. */
async function stamp(log: EvidenceLog, time: number): Promise<void> {
  const { size, note } = log.checkpoint();
  await log.addToken(size, 'torture', forgeToken({ data: Buffer.from(note), genTime: generalized(time) }));
  await log.addCosignatures(size, SAW.cosign(parseNote(Buffer.from(note)).text, time));
}

/** Erases one record of the newest snapshot. */
async function eraseOne(world: World): Promise<void> {
  await using opened = await world.open();
  let body = '';
  let id = '';
  for await (const entry of opened.stores.log.entries())
    if (entry.predicate === 'snapshot') body = entry.subjects[0]?.sha256 ?? '';
  for await (const record of opened.stores.log.body(body)) id = record.id;
  const why = { by: 'data protection officer', reason: 'request 17', legalBasis: 'GDPR Art. 17(1)(b)' };
  await opened.stores.log.erase({ bodies: [{ sha256: body, records: [id] }], ...why });
}

/** Files of a sample: bundles of one log, of a fork of it and of a log with other keys, and the keys. */
export interface BundleGround {
  /** What is changed. */
  readonly honest: Buffer;
  /** The same log and question, another period. */
  readonly later: Buffer;
  /** The same log and period, another question. */
  readonly narrow: Buffer;
  /** The same keys and period, another history. */
  readonly fork: Buffer;
  /** The same organisation under other keys. */
  readonly foreign: Buffer;
  readonly keys: EvidenceKeys;
  readonly foreignKeys: EvidenceKeys;
  /** A checkpoint of the honest log that was kept elsewhere. */
  readonly kept: Buffer;
  /** Leaf hashes of the honest log. */
  readonly leaves: readonly Uint8Array[];
}

const [HONEST, FOREIGN] = [1, 2];
const BUNDLES = ['honest', 'later', 'narrow', 'fork', 'foreign'] as const;

export async function makeBundleGround(directory: string, people = 4): Promise<void> {
  mkdirSync(directory, { recursive: true });
  await using world = await organisation(HONEST);
  await using fork = await organisation(HONEST);
  await using foreign = await organisation(FOREIGN);
  world.now = START + DAY / 2;
  await collect(world, [[]], people);
  cpSync(join(world.directory, 'data'), join(fork.directory, 'data'), { recursive: true });
  fork.now = world.now;
  foreign.now = START + DAY / 2;
  const honest = async (): Promise<void> => {
    await collect(world, [[1]], people);
    await eraseOne(world);
    await collect(world, [[1, 2], [2], []], people);
  };
  await Promise.all([
    honest(),
    collect(fork, [[], [1, 2], [2], []], people),
    collect(foreign, [[], [1], [1, 2], [2], []], people),
  ]);
  const period = { from: START + DAY, to: START + 3 * DAY };
  const file = (name: (typeof BUNDLES)[number]): string => join(directory, `${name}.zip`);
  await bundle(world, file('honest'), period, null);
  await bundle(world, file('later'), { from: period.to, to: START + 5 * DAY }, null);
  await bundle(world, file('narrow'), period, ['A.5.18']);
  await bundle(fork, file('fork'), period, null);
  await bundle(foreign, file('foreign'), period, null);
  const reader = await readStore(join(world.directory, 'data/evidence'));
  writeFileSync(join(directory, 'kept'), reader.checkpoint().note);
  const leaves = await Array.fromAsync(reader.entries(), ({ leafHash }) => Buffer.from(leafHash, 'hex'));
  writeFileSync(join(directory, 'leaves'), Buffer.concat(leaves));
}

async function bundle(
  world: World,
  file: string,
  period: { readonly from: number; readonly to: number },
  controls: readonly string[] | null,
): Promise<void> {
  await using kinds = createKinds();
  const { checkpoint } = await loadKeys(keyFiles(join(world.directory, 'data/keys')));
  const reader = await readStore(join(world.directory, 'data/evidence'));
  rmSync(file, { force: true });
  await writeBundle(reader, {
    question: { ...period, controls, collectors: null },
    signer: checkpoint,
    kindsOf: kinds.kindsOf,
    derive,
    agent: { version: '0.1.0', build: 'torture' },
    file,
  });
}

export async function readBundleGround(directory: string): Promise<BundleGround> {
  const [honest, later, narrow, fork, foreign] = BUNDLES.map((name) =>
    readFileSync(join(directory, `${name}.zip`)),
  );
  if (!honest || !later || !narrow || !fork || !foreign) throw new Error('no ground');
  return {
    honest,
    later,
    narrow,
    fork,
    foreign,
    keys: testKeys(HONEST),
    foreignKeys: testKeys(FOREIGN),
    kept: readFileSync(join(directory, 'kept')),
    leaves: leavesIn(readFileSync(join(directory, 'leaves'))),
  };
}

function leavesIn(bytes: Buffer): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}
