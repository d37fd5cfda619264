import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAgenda } from '../../src/engine/agenda.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { makeWorld, NOW, type World } from './world.ts';

const MANIFESTS = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, freshness: 10d } }
  settings: { scope: test, file: people.csv, asOf: { column: asof }, columns: { personId: id, workEmail: email } }
---
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: somebody }
spec: { title: x, aspects: [A.5.16/owner], nature: state, severity: low, within: 1h, kind: person, fails: "it.id = ''", reason: "'x'", remediation: x, rationale: x }
`;
const DAY = 86_400;

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: { 'manifests.yaml': MANIFESTS } });
  await world.write('people.csv', 'id,email,asof\n1,a@x.example,2026-05-30\n');
});

afterEach(() => world[Symbol.asyncDispose]());

type Opened = Awaited<ReturnType<World['open']>>;

async function seen({ agent }: Opened) {
  await agent.collectOnce();
  const { outcome, why } = (await agent.view.check('somebody')) ?? {};
  return { outcome, why, ...agent.view.readiness() };
}

async function sealedAt({ stores }: Opened): Promise<number> {
  return (await stores.log.entry(stores.log.checkpoint().size - 1)).sealedAt;
}

test.each([
  ['forward', DAY],
  ['back', -DAY],
])(
  'set %s by a day while it runs, nothing passes, nothing is sealed at a wrong time, and all is well once it is undone',
  async (way, by) => {
    world.elapsed = 0;
    await using opened = await world.open();
    await opened.agent.open();
    expect(await seen(opened)).toMatchObject({ outcome: 'pass', ready: true });
    world.now += by + 60;
    world.elapsed += 60;
    expect(await seen(opened)).toMatchObject({
      outcome: 'unknown',
      why: expect.stringContaining(`was set ${way} by ${DAY} s`),
    });
    expect(await sealedAt(opened)).toBe(NOW + 60);
    world.now -= by;
    expect(await seen(opened)).toMatchObject({ outcome: 'pass' });
    expect((await verifyDirectory(`${world.directory}/data/evidence`)).problems).toEqual([]);
  },
);

test('a machine that was suspended is well again with the first answer that agrees with its clock', async () => {
  world.elapsed = 0;
  await using opened = await world.open();
  await opened.agent.open();
  await seen(opened);
  world.now += DAY;
  expect(opened.agent.view.readiness().reasons).toEqual([expect.stringContaining('clock: ')]);
  await world.write(
    'people.csv',
    `id,email,asof\n1,a@x.example,${new Date(world.now * 1000).toISOString()}\n`,
  );
  expect(await seen(opened)).toMatchObject({ outcome: 'pass', ready: true });
  expect(await sealedAt(opened)).toBe(NOW + DAY);
});

test('set back while it is stopped, it starts, says so in readiness, judges nothing as passed, and is well once that is undone', async () => {
  {
    await using opened = await world.open();
    await opened.agent.open();
    await seen(opened);
  }
  world.now -= DAY;
  {
    await using opened = await world.open();
    await opened.agent.open();
    expect(await seen(opened)).toMatchObject({
      outcome: 'unknown',
      why: expect.stringContaining(`stands ${DAY} s before the last sealed entry`),
      ready: false,
      reasons: [expect.stringContaining('clock: this machine')],
    });
    expect(await sealedAt(opened)).toBe(NOW);
  }
  world.now += DAY;
  await using opened = await world.open();
  await opened.agent.open();
  expect(await seen(opened)).toMatchObject({ outcome: 'pass', ready: true, conditions: [] });
  expect((await verifyDirectory(`${world.directory}/data/evidence`)).problems).toEqual([]);
});

const dataset = { dataset: 'x', freshness: 9e6, minRecords: 1, maxShrink: 0.1, deadline: 60 };
const agendaOf = (schedule: string, cadence: number, last: number | undefined, now = NOW) =>
  createAgenda(
    [{ name: 'a', type: 'hr', settings: {}, datasets: [{ ...dataset, schedule, cadence }] }],
    now,
    () => 0.5,
    () => last,
  );

test.each([
  ['every 4h', 4 * 3600],
  ['15 * * * *', 3600],
])(
  'what was put off when the clock stood a day later waits no longer than its own schedule: %s',
  (schedule, cadence) => {
    const agenda = agendaOf(schedule, cadence, undefined, NOW + DAY);
    agenda.take(NOW + DAY);
    agenda.done('a', 'x', [], NOW + DAY);
    expect(agenda.take(NOW)).toEqual([]);
    expect(agenda.nextAt()).toBeLessThanOrEqual(NOW + cadence + 60);
  },
);

test('after a day forward everything is due once', () => {
  const agenda = agendaOf('every 4h', 4 * 3600, NOW - 60);
  expect(agenda.take(NOW + DAY)).toHaveLength(1);
  agenda.done('a', 'x', [], NOW + DAY);
  expect(agenda.take(NOW + DAY + 60)).toEqual([]);
});

test('what was collected at a time to come is collected again at the start', () => {
  expect(agendaOf('every 4h', 4 * 3600, NOW + DAY).nextAt()).toBe(NOW);
});

test('what could not be stored is due as soon as there is room again', () => {
  const agenda = agendaOf('every 4h', 4 * 3600, undefined);
  agenda.take(NOW);
  agenda.done('a', 'x', 'store', NOW);
  expect(agenda.take(NOW + 1)).toEqual([]);
  agenda.hurry(NOW + 2);
  expect(agenda.take(NOW + 2)).toHaveLength(1);
});
