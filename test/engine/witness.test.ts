import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCosigner } from '../../src/engine/witness.ts';
import { EvidenceError } from '../../src/evidence/error.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { startWitness, type WitnessServer } from '../evidence/witness-server.ts';
import { witness } from '../evidence/witness.ts';
import { makeWorld, NOW, type World } from './world.ts';

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

let world: World;
let said: Record<string, unknown>[];
let servers: AsyncDisposableStack;

beforeEach(async () => {
  said = [];
  servers = new AsyncDisposableStack();
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line)) });
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR }, logger });
  await world.write('people.csv', 'id,email,last,asof\n1,a@test.example,,2026-06-01\n');
});

afterEach(async () => {
  await servers.disposeAsync();
  await world[Symbol.asyncDispose]();
});

async function server(name: string, seed: number): Promise<WitnessServer> {
  return servers.use(await startWitness(() => world.now, name, seed));
}

async function configure(...witnesses: readonly { name: string; url: string; key: string }[]): Promise<void> {
  const spec = {
    organisation: 'Test',
    domain: 'test.example',
    data: join(world.directory, 'data'),
    witnesses,
  };
  const manifest = { apiVersion: 'annexa.dev/v1alpha1', kind: 'Agent', metadata: { name: 'test' }, spec };
  await world.write('agent.yaml', JSON.stringify(manifest));
}

const named = (name: string, { url, vkey }: WitnessServer) => ({ name, url, key: vkey, timeout: '1s' });
const checkpoints = () => join(world.directory, 'data/evidence/log/checkpoints');

async function kept(): Promise<string[]> {
  return (await readdir(checkpoints())).filter((file) => file.endsWith('.sigs')).toSorted();
}

async function pass() {
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  return { metrics: (await opened.agent.view.metrics())!, ready: opened.agent.view.readiness() };
}

describe('a pass', () => {
  test('ends with the cosignatures of all witnesses over the newest checkpoint, in the order of the configuration', async () => {
    const [east, west] = [await server('east.example', 7), await server('west.example', 8)];
    await configure(named('west', west), named('east', east));
    const { metrics } = await pass();
    const size = east.seen?.size ?? 0;
    expect(metrics.witnesses).toEqual([
      { name: 'west', size, failures: 0, refusals: 0 },
      { name: 'east', size, failures: 0, refusals: 0 },
    ]);
    expect(await kept()).toEqual([`${size}.sigs`]);
    const lines = (await readFile(join(checkpoints(), `${size}.sigs`), 'utf8')).split('\n');
    expect(lines.map((line) => line.split(' ')[1])).toEqual(['west.example', 'east.example', undefined]);
    const witnesses = [east.vkey, west.vkey];
    const report = await verifyDirectory(join(world.directory, 'data/evidence'), { witnesses });
    expect(report.problems).toEqual([]);
    expect(report.witnessed).toMatchObject([{ size }, { size }]);
  });

  test('keeps what the others say when one is down, or lies about the time', async () => {
    const [east, west, south] = [
      await server('east.example', 7),
      await server('west.example', 8),
      await server('south.example', 9),
    ];
    await configure(named('east', east), named('west', west), named('south', south));
    west.forge = (response) => void response.writeHead(500).end();
    await south[Symbol.asyncDispose]();
    const late = servers.use(await startWitness(() => world.now - 301, 'late.example', 6));
    await configure(named('east', east), named('west', west), named('south', south), named('late', late));
    const { metrics, ready } = await pass();
    expect(metrics.witnesses.map(({ name, failures }) => [name, failures > 0])).toEqual([
      ['east', false],
      ['west', true],
      ['south', true],
      ['late', true],
    ]);
    expect(ready.ready).toBe(true);
    expect(await kept()).toHaveLength(1);
    expect(said).toContainEqual(
      expect.objectContaining({ event: 'cosigning_failed', witness: 'late', reason: 'clock' }),
    );
  });

  test('raises the alarm, and goes on, when a witness refuses the checkpoint', async () => {
    const east = await server('east.example', 7);
    await configure(named('east', east));
    east.forge = (response) => void response.writeHead(422).end();
    const { metrics, ready } = await pass();
    expect(metrics.witnesses).toMatchObject([{ name: 'east', refusals: 1, failures: 0 }]);
    expect(said).toContainEqual(
      expect.objectContaining({ level: 50, event: 'witness_refused', witness: 'east' }),
    );
    expect(ready.ready).toBe(true);
    expect(await kept()).toEqual([]);
  });
});

describe('the configuration', () => {
  test.each([
    ['a key that is cut short', (key: string) => key.slice(0, -4)],
    ['a key of another id', (key: string) => key.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ["a log's key", (key: string) => key.replace(/\+B([A-Za-z0-9+/=]+)$/, '+A$1')],
  ])('refuses %s', async (_, spoil) => {
    const east = await server('east.example', 7);
    await configure({ name: 'east', url: east.url, key: spoil(east.vkey) });
    await expect(world.config()).rejects.toMatchObject({ name: 'ConfigError' });
  });
});

describe('the cadence', () => {
  const size = { now: 3 };
  const WITNESSES = [
    {
      name: 'east',
      url: 'http://127.0.0.1:1',
      key: witness('east.example', 7).vkey,
      timeout: 1,
    },
  ];

  function cosigner(answers: readonly ('cosigned' | 'refused' | 'fails')[]) {
    let at = 0;
    const clock = { now: NOW };
    const stored: number[] = [];
    const made = createCosigner({
      log: {
        checkpoint: () => ({ origin: 'o', size: size.now, root: '', note: '' }),
        consistency: () => Promise.resolve([]),
        addCosignatures: (of) => Promise.resolve(void stored.push(of)),
      },
      logger: pino({ level: 'silent' }),
      now: () => clock.now,
      submit: () => {
        const answer = answers[at++];
        if (answer === 'cosigned')
          return Promise.resolve({ kind: 'cosigned', lines: 'x\n', time: clock.now });
        if (answer === 'refused') return Promise.resolve({ kind: 'refused', why: 'so' });
        return Promise.reject(new EvidenceError('io', 'gone'));
      },
    });
    return { made, clock, stored, asked: () => at };
  }

  const signal = new AbortController().signal;

  test('is that of timestamps, an hour without them, and infinite without witnesses', async () => {
    const { made } = cosigner(['cosigned']);
    expect(made.nextAt()).toBe(Infinity);
    made.configure({ witnesses: WITNESSES });
    expect(made.nextAt()).toBe(NOW);
    await made.cosign(signal);
    expect(made.nextAt()).toBe(NOW + 3600);
    made.configure({ witnesses: WITNESSES, timestamps: { every: 600, authorities: [] } });
    expect(made.nextAt()).toBe(NOW);
  });

  test('asks nobody for a checkpoint that has its cosignatures', async () => {
    const { made, clock, stored, asked } = cosigner(['cosigned', 'cosigned']);
    made.configure({ witnesses: WITNESSES });
    await made.cosign(signal);
    clock.now += 3600;
    await made.cosign(signal);
    expect([asked(), stored]).toEqual([1, [3]]);
    size.now = 4;
    clock.now += 3600;
    await made.cosign(signal);
    expect([asked(), stored]).toEqual([2, [3, 4]]);
  });

  test('is a minute after a failure or a refusal, then two, then four, up to the cadence', async () => {
    const { made, clock, stored } = cosigner(['fails', 'refused', 'fails', 'cosigned']);
    made.configure({ witnesses: WITNESSES, timestamps: { every: 200, authorities: [] } });
    const waits: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await made.cosign(signal);
      waits.push(made.nextAt() - clock.now);
      clock.now = made.nextAt();
    }
    expect(waits).toEqual([60, 120, 200, 200]);
    expect(stored).toHaveLength(1);
    expect(made.metrics()).toMatchObject([{ failures: 2, refusals: 1 }]);
  });
});
