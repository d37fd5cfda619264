import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MetricsSnapshot } from '../../src/engine/view.ts';
import { exposeMetrics } from '../../src/server/metrics.ts';
import { makeWorld, NOW, type World } from './world.ts';

const DAY = 86_400;

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, freshness: 3d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

/** The only aspect that anything answers is that of this check. */
const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: no-leavers }
spec:
  title: Nobody has left
  aspects: [A.5.11/devices-returned, A.5.11/other-assets]
  nature: state
  severity: high
  within: 1h
  kind: person
  fails: "it.status = 'left'"
  reason: "'has left: ' || it.id"
  remediation: none
  rationale: none
`;

const exception = (expires: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Exception
metadata: { name: one-leaver, annotations: { annexa.dev/approved-by: The Board, annexa.dev/approved-at: '2026-06-01' } }
spec: { check: no-leavers, records: ['hr:test:2'], reason: none, risk: none, approver: The Board, approvedAt: '2026-05-01', expires: '${expires}' }
`;

const people = (asOf: string, rows: readonly string[]) =>
  ['id,email,last,asof', ...rows.map((row) => `${row},${asOf}`), ''].join('\n');
const ALL = ['1,alva@test.example,', '2,bero@test.example,2026-05-01', '3,cato@test.example,2026-05-02'];

let world: World;

beforeEach(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': CHECK } });
  await world.write('people.csv', people('2026-06-01', ALL));
});

afterEach(() => world[Symbol.asyncDispose]());

type Agent = Awaited<ReturnType<World['open']>>['agent'];

async function metrics({ view }: Agent): Promise<MetricsSnapshot> {
  const snapshot = await view.metrics();
  if (snapshot === undefined) throw new Error('the configuration is not loaded');
  return snapshot;
}

/** An agent that is open, and what it tells after one more pass. */
async function start() {
  const opened = await world.open();
  await opened.agent.open();
  return {
    agent: opened.agent,
    pass: async () => {
      await opened.agent.collectOnce();
      return await metrics(opened.agent);
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

describe('a dataset', () => {
  test('is there before anything was collected, as missing; then fresh, then stale while time passes', async () => {
    await using opened = await world.open();
    expect(await opened.agent.view.metrics()).toBeUndefined();
    await opened.agent.open();
    const dataset = { collector: 'people', dataset: 'people', freshness: 3 * DAY, failing: 0 };
    const of = (scopes: object) => [{ ...dataset, scopes: { fresh: 0, stale: 0, missing: 0, ...scopes } }];
    expect((await metrics(opened.agent)).datasets).toEqual(of({ missing: 1 }));
    await opened.agent.collectOnce();
    expect((await metrics(opened.agent)).datasets).toEqual(of({ fresh: 1 }));
    world.now += 4 * DAY;
    expect((await metrics(opened.agent)).datasets).toEqual(of({ stale: 1 }));
  });

  test('that could not be collected last fails, across a restart too, until it is', async () => {
    {
      await using before = await start();
      await before.pass();
      await world.write('people.csv', 'spoilt');
      expect((await before.pass()).datasets).toMatchObject([{ failing: 1, scopes: { fresh: 1 } }]);
    }
    await using after = await start();
    const restarted = await metrics(after.agent);
    expect(restarted.datasets).toMatchObject([{ failing: 1 }]);
    expect(restarted.collectors).toMatchObject([{ runs: 2, failures: { configuration: 1 } }]);
    await world.write('people.csv', people('2026-06-01', ALL));
    expect((await after.pass()).datasets).toMatchObject([{ failing: 0 }]);
  });

  test('the last run and the last without a failure are told apart', async () => {
    await using running = await start();
    const first = await running.pass();
    world.now += 100;
    await world.write('people.csv', 'spoilt');
    expect((await running.pass()).collectors).toMatchObject([
      { lastRunAt: world.now, lastSuccessAt: first.collectors[0]?.lastSuccessAt, type: 'hr' },
    ]);
    expect(first.collectors[0]?.lastSuccessAt).toBe(NOW);
  });
});

describe('deviations', () => {
  const deviations = ({ checks }: MetricsSnapshot) => checks.find(({ name }) => name === 'no-leavers');

  test('past their deadline are overdue, unless a valid exception accepts them', async () => {
    await world.write('exception.yaml', exception('2026-06-03'));
    await using running = await start();
    expect(deviations(await running.pass())).toMatchObject({
      open: 2,
      accepted: 1,
      overdue: 0,
      oldestAt: NOW,
    });
    world.now += 2 * 3600;
    expect(deviations(await running.pass())).toMatchObject({
      open: 2,
      accepted: 1,
      overdue: 1,
      oldestAt: NOW,
    });
    world.now += 2 * DAY;
    const expired = await running.pass();
    expect(deviations(expired)).toMatchObject({ open: 2, accepted: 0, overdue: 2 });
    expect(expired.exceptions).toMatchObject([{ name: 'one-leaver', accepts: 0, controls: ['A.5.11'] }]);
  });

  test('are counted by age, every age and severity there', async () => {
    await using running = await start();
    await running.pass();
    world.now += 2 * DAY;
    const { ages } = await running.pass();
    expect(ages).toHaveLength(20);
    expect(ages.filter(({ open }) => open > 0)).toEqual([{ severity: 'high', age: '1d to 7d', open: 2 }]);
  });
});

describe('a control', () => {
  const control = ({ controls }: MetricsSnapshot, id = 'A.5.11') => controls.find((one) => one.id === id);

  test('counts its valid exceptions alone', async () => {
    await world.write('exception.yaml', exception('2026-06-03'));
    await using running = await start();
    expect(control(await running.pass())).toMatchObject({ exceptions: 1 });
    world.now += 3 * DAY;
    expect(control(await running.pass())).toMatchObject({ exceptions: 0 });
  });

  test('tells since when it has its status, and when it was last known', async () => {
    await using running = await start();
    expect(control(await running.pass())).toMatchObject({
      status: 'correcting',
      statusSince: NOW,
      lastKnownAt: NOW,
    });
    world.now += 60;
    expect(control(await running.pass())).toMatchObject({ statusSince: NOW, lastKnownAt: NOW + 60 });
    world.now += 2 * 3600;
    const late = NOW + 60 + 2 * 3600;
    expect(control(await running.pass())).toMatchObject({
      status: 'ineffective',
      statusSince: late,
      lastKnownAt: late,
    });
    await world.write('people.csv', people('2026-06-01', ['1,alva@test.example,']));
    world.now += 10 * DAY;
    expect(control(await running.pass())).toMatchObject({ lastKnownAt: world.now });
    expect(control(await running.pass(), 'A.5.1')).toMatchObject({ status: 'unknown', lastKnownAt: null });
  });
});

test('configurations and their changed documents are counted, by approval, the first one included', async () => {
  await using running = await start();
  expect((await metrics(running.agent)).configuration).toEqual({
    changes: 1,
    lastAt: NOW,
    documents: { evidenced: 0, not_evidenced: 3 },
  });
  world.now += 10;
  await world.write('exception.yaml', exception('2026-06-03'));
  await running.agent.reload(await world.config());
  expect((await metrics(running.agent)).configuration).toEqual({
    changes: 2,
    lastAt: NOW + 10,
    documents: { evidenced: 1, not_evidenced: 3 },
  });
});

test('no label holds anything of a record, nor of who approved what', async () => {
  await world.write('exception.yaml', exception('2026-06-03'));
  await using running = await start();
  await running.pass();
  const { text } = await exposeMetrics(running.agent.view);
  expect(text).toContain('annexa_deviations{check="no-leavers",severity="high"} 2');
  for (const personal of ['alva', 'bero', 'cato', 'test.example', 'hr:test:2', 'The Board'])
    expect(text).not.toContain(personal);
});
