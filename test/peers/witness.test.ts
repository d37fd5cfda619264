import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatVerifierKey } from '../../src/evidence/note.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { annexa } from '../e2e/process.ts';
import { makeWorld, type World } from '../engine/world.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

/** The witness of transparency-dev (see witness/main.go), which knows one log. */
interface Peer extends Disposable {
  readonly url: string;
  readonly vkey: string;
}

async function startPeer(origin: string, log: string): Promise<Peer> {
  const child = spawn(join(homedir(), '.cache/annexa/bin/witness'), ['-origin', origin, '-log', log], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the witness ended with ${code}: is it installed (test/peers/install.sh)?`);
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), failed]);
  failed.catch(() => {});
  const [url = '', vkey = ''] = String(line).split(' ');
  return { url, vkey, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}

let world: World;
let said: Record<string, unknown>[];

beforeEach(async () => {
  said = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line)) });
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR }, logger });
  // The witness has the clock of this machine.
  world.now = Math.floor(Date.now() / 1000);
  await register(1);
});

afterEach(() => world[Symbol.asyncDispose]());

const data = () => join(world.directory, 'data');
const evidence = () => join(data(), 'evidence');

async function register(people: number): Promise<void> {
  const rows = Array.from({ length: people }, (_, at) => `${at},p${at}@test.example,,2026-01-01`);
  await world.write('people.csv', `id,email,last,asof\n${rows.join('\n')}\n`);
}

async function configure(peer?: Peer): Promise<void> {
  const witnesses = peer === undefined ? [] : [{ name: 'peer', url: peer.url, key: peer.vkey }];
  const spec = { organisation: 'Test', domain: 'test.example', data: data(), witnesses };
  const manifest = { apiVersion: 'annexa.dev/v1alpha1', kind: 'Agent', metadata: { name: 'test' }, spec };
  await world.write('agent.yaml', JSON.stringify(manifest));
}

async function pass() {
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  return (await opened.agent.view.metrics())!;
}

/** A first pass makes the log; then a witness is told of it, as its operator would be. */
async function witnessed(): Promise<Peer> {
  await configure();
  await pass();
  const { origin, key } = await log();
  const peer = await startPeer(origin, formatVerifierKey(origin, key));
  await configure(peer);
  return peer;
}

describe('an independent witness', () => {
  test('cosigns the checkpoints of a log as it grows, and verify knows its key', async () => {
    using peer = await witnessed();
    for (const people of [2, 3, 4]) {
      await register(people);
      const { witnesses, log: at } = await pass();
      expect(witnesses).toEqual([{ name: 'peer', size: at.size, failures: 0, refusals: 0 }]);
      const lines = await readFile(join(evidence(), `log/checkpoints/${at.size}.sigs`), 'utf8');
      expect(lines).toMatch(/^\u2014 witness\.example \S+\n$/);
    }
    const { code, out } = await annexa(['verify', evidence(), '--witness', peer.vkey]).ended;
    expect(code).toBe(0);
    expect(out).toContain('witness.example cosigned the checkpoint of');
    expect(out).not.toContain('split view not excluded');
  });

  test('refuses a fork of the log, and the agent raises it', async () => {
    using peer = await witnessed();
    const fork = join(world.directory, 'fork');
    await cp(data(), fork, { recursive: true });
    await register(2);
    await pass();
    // Somebody goes on from the copy, with the same keys.
    await rm(data(), { recursive: true });
    await cp(fork, data(), { recursive: true });
    await register(3);
    const { witnesses } = await pass();
    expect(witnesses).toMatchObject([{ name: 'peer', size: 0, refusals: 1 }]);
    expect(said).toContainEqual(
      expect.objectContaining({ level: 50, event: 'witness_refused', witness: 'peer' }),
    );
    const doctor = await annexa(['doctor', '--config', join(world.directory, 'config')]).ended;
    expect(doctor.code).toBe(3);
    expect(doctor.out).toMatch(/failed\s+witness peer: it refuses the checkpoint/);
    expect(peer.url).toContain('127.0.0.1');
  });

  test('refuses a log that was rolled back, however it goes on', async () => {
    using _ = await witnessed();
    const before = join(world.directory, 'before');
    await cp(data(), before, { recursive: true });
    for (const people of [2, 3]) {
      await register(people);
      await pass();
    }
    await rm(data(), { recursive: true });
    await cp(before, data(), { recursive: true });
    const { witnesses } = await pass();
    expect(witnesses).toMatchObject([{ refusals: 1 }]);
    expect(said).toContainEqual(expect.objectContaining({ event: 'witness_refused' }));
  });

  test('that does not know the log is told, and is no alarm', async () => {
    await configure();
    await pass();
    using peer = await startPeer('other.example', formatVerifierKey('other.example', (await log()).key));
    await configure(peer);
    const { witnesses } = await pass();
    expect(witnesses).toMatchObject([{ refusals: 0, failures: 1 }]);
    expect(said).toContainEqual(
      expect.objectContaining({ event: 'cosigning_failed', reason: 'foreign-key' }),
    );
  });
});

/** The log and the key that signs its checkpoints, as its operator tells them to a witness. */
async function log() {
  const reader = await readStore(evidence());
  const [key] = reader.identity.keys.checkpointKeys(reader.checkpoint().size);
  return { origin: reader.origin, key: key! };
}
