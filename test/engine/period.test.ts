import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StatusClock } from '../../src/audit/derive/status-clock.ts';
import type { ControlStatus } from '../../src/controls/contract.ts';
import type { Agent } from '../../src/engine/agent.ts';
import type { ControlDetail, PeriodItem } from '../../src/engine/view.ts';
import { deriveFrom, rowsOf } from '../audit/derive-world.ts';
import { Disposals, DISPOSALS } from './disposals.ts';
import { numbers } from './numbers.ts';
import { makeWorld, type World } from './world.ts';

const DAY = 86_400;
const MINUTE = 60;
const WITHIN = 6 * DAY;
/** Full assessments are four days apart: a status holds for eight days without a new one. */
const PATIENCE = 8 * DAY;
const BEGIN = Date.parse('2026-01-01T12:00:00Z') / 1000;
const PEOPLE = 9;

const AGENT = (directory: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, data: ${JSON.stringify(`${directory}/data`)}, commitWindow: 1s, listen: "127.0.0.1:0", evaluateEvery: 4d }
`;

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 4d } }
  settings: { scope: test, file: people.csv, asOf: { column: asof }, columns: { personId: id, workEmail: email, lastDay: last } }
`;

const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: nobody-left }
spec:
  title: Nobody has left
  aspects: [A.5.18/removal]
  nature: state
  severity: high
  within: 6d
  kind: person
  fails: "it.status IN ('left', 'vanished')"
  reason: "'has left'"
  remediation: none
  rationale: none
`;

interface Seen {
  readonly at: number;
  readonly control: ControlStatus;
  readonly aspect: ControlStatus;
}

interface Case {
  readonly opened: number;
  closed: number | undefined;
}

let world: World;
const seen: Seen[] = [];
const cases: Case[] = [];
const disposals = new Disposals();

/** A year in which people leave and come back, media are disposed of, the registers are forgotten for days, and the agent is down for days. */
async function liveAYear(): Promise<void> {
  world.now = BEGIN;
  await world.write('people.csv', register(BEGIN, new Set()));
  await world.write('disposals.csv', disposals.next(BEGIN));
  await using opened = await world.open();
  const { agent } = opened;
  await agent.open();
  const random = numbers(6);
  const gone = new Set<number>();
  const open = new Map<number, Case>();
  let asOf = BEGIN;
  let [down, forgotten] = [0, 0];
  for (let day = 0; day < 365; day += 4) {
    for (let person = 1; person < PEOPLE; person += 1)
      if (random() < (gone.has(person) ? 0.35 : 0.08)) gone[gone.has(person) ? 'delete' : 'add'](person);
    if (forgotten > 0) forgotten -= 1;
    else if (random() < 0.06) forgotten = 2 + Math.floor(random() * 3);
    if (down > 0) {
      down -= 1;
      continue;
    }
    if (random() < 0.1) down = 1 + Math.floor(random() * 4);
    world.now = BEGIN + day * DAY + Math.floor(random() * 600) * MINUTE;
    if (forgotten === 0) asOf = world.now;
    await world.write('people.csv', register(asOf, gone));
    await world.write('disposals.csv', disposals.next(world.now));
    const fresh = await look(agent);
    // What fails in a register that is too old fails; nothing passes in it.
    for (const person of gone)
      if (!open.has(person)) {
        const one: Case = { opened: world.now, closed: undefined };
        open.set(person, one);
        cases.push(one);
      }
    for (const [person, one] of open)
      if (fresh && !gone.has(person)) {
        one.closed = world.now;
        open.delete(person);
      }
  }
}

function register(asOf: number, gone: ReadonlySet<number>): string {
  const date = new Date(asOf * 1000).toISOString();
  const rows = Array.from(
    { length: PEOPLE },
    (_, person) => `${person},p${person}@test.example,${gone.has(person) ? '2025-12-01' : ''},${date}`,
  );
  return ['id,email,last,asof', ...rows, ''].join('\n');
}

/** One pass; whether the register was fresh. */
async function look(agent: Agent): Promise<boolean> {
  await agent.collectOnce();
  const control = await agent.view.control('A.5.18');
  const aspect = control?.aspects.find(({ id }) => id === 'A.5.18/removal');
  if (control === undefined || aspect === undefined) throw new Error('the control is gone');
  seen.push({ at: world.now, control: control.status, aspect: aspect.status });
  const [people, media] = (await agent.view.collectors({ limit: 2 })).items;
  disposals.looked(world.now, media?.datasets[0]?.state === 'fresh');
  return people?.datasets[0]?.state === 'fresh';
}

/** As a bundle adds it up. */
function clocked(from: number, to: number): Readonly<Record<ControlStatus, number>> | undefined {
  const clock = new StatusClock(from, to);
  // It begins to count with the first that it hears of.
  clock.assessed(new Map([['it', 'unknown']]), 0, PATIENCE);
  for (const one of seen.filter(({ at }) => at < to))
    clock.assessed(new Map([['it', one.control]]), one.at, PATIENCE);
  return clock.finish(PATIENCE).get('it')?.seconds;
}

/** What held in each minute of a period, told by looking at each alone; undefined where nothing was assessed lately. */
function minutes(from: number, to: number, of: (one: Seen) => ControlStatus): (ControlStatus | undefined)[] {
  const found: (ControlStatus | undefined)[] = [];
  for (let at = from; at < to; at += MINUTE) {
    const last = seen.findLast((one) => one.at <= at);
    found.push(last === undefined || at >= last.at + PATIENCE ? undefined : of(last));
  }
  return found;
}

function longestRun(states: readonly boolean[]): number {
  let [best, run] = [0, 0];
  for (const state of states) {
    run = state ? run + 1 : 0;
    best = Math.max(best, run);
  }
  return best * MINUTE;
}

function expectShares(
  found: Omit<PeriodItem, 'aspects' | 'deviations' | 'events'>,
  states: readonly (ControlStatus | undefined)[],
) {
  for (const [status, value] of Object.entries(found.seconds))
    expect([status, value]).toEqual([
      status,
      states.filter((state) => (state ?? 'unknown') === status).length * MINUTE,
    ]);
  const span = (one: { from: number; to: number } | null) => (one === null ? 0 : one.to - one.from);
  expect(span(found.longestGap)).toBe(longestRun(states.map((state) => state === undefined)));
  expect(span(found.longestUnknown)).toBe(
    longestRun(states.map((state) => (state ?? 'unknown') === 'unknown')),
  );
}

async function over(
  from: number,
  to: number,
  control = 'A.5.18',
): Promise<ControlDetail['period'] | undefined> {
  await using opened = await world.open();
  return (await opened.agent.view.control(control, { from, to }))?.period;
}

beforeAll(async () => {
  world = await makeWorld({
    manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': CHECK, 'disposals.yaml': DISPOSALS },
  });
  await world.write('agent.yaml', AGENT(world.directory));
  await liveAYear();
}, 120_000);

afterAll(() => world[Symbol.asyncDispose]());

describe('a control over a year', () => {
  test('the year had everything in it', () => {
    const states = minutes(BEGIN, BEGIN + 365 * DAY, ({ aspect }) => aspect);
    expect(new Set(states)).toEqual(
      new Set(['effective', 'correcting', 'ineffective', 'unknown', undefined]),
    );
    expect(cases.length).toBeGreaterThan(20);
  });

  const begin = BEGIN - (BEGIN % DAY);
  const periods = [
    ['the year', begin, begin + 365 * DAY],
    ['a quarter', begin + 90 * DAY, begin + 181 * DAY],
    ['a day', begin + 200 * DAY, begin + 201 * DAY],
    ['some hours', begin + 100 * DAY + 3600, begin + 100 * DAY + 7200],
    ['what was before', begin - 30 * DAY, begin],
    ['what comes after', begin + 300 * DAY, begin + 500 * DAY],
  ] as const;

  test.each(periods)(
    '%s: shares, gaps and deviations are what looking at every minute gives',
    async (_, from, to) => {
      const period = await over(from, to);
      if (period === undefined || period === null) throw new Error('no period');
      expectShares(
        period,
        minutes(from, to, ({ control }) => control),
      );
      expect(period.seconds).toEqual(clocked(from, to));
      const removal = period.aspects.find(({ id }) => id === 'A.5.18/removal');
      if (removal === undefined) throw new Error('no aspect');
      const states = minutes(from, to, ({ aspect }) => aspect);
      expectShares({ from, to, ...removal }, states);
      expect(Object.values(removal.seconds).reduce((sum, one) => sum + one, 0)).toBe(to - from);
      const within = (at: number | undefined) => at !== undefined && at >= from && at < to;
      const closed = cases.filter((one) => within(one.closed));
      const late = closed.filter((one) => (one.closed ?? 0) > one.opened + WITHIN).length;
      const open = cases.filter((one) => one.opened < to && (one.closed === undefined || one.closed >= to));
      expect(period.events).toEqual([]);
      expect(period.deviations).toEqual({
        opened: cases.filter((one) => within(one.opened)).length,
        closed: { passed: closed.length, gone: 0, out_of_population: 0, check_removed: 0 },
        inTime: closed.length - late,
        late,
        open: open.length,
        overdue: open.filter((one) => one.opened + WITHIN < to).length,
      });
    },
  );

  test('populations of events are counted as going through every assessment gives', async () => {
    await using opened = await world.open();
    const spans = Array.from(
      { length: 25 },
      (_, at) =>
        ['', begin + (at * 13 + 4) * DAY, begin + (at * 13 + 4 + 3 * (at % 9)) * DAY + 3600] as const,
    );
    const found = await Promise.all(
      [...periods, ...spans].map(async ([, from, to]) => {
        const [event, ...others] =
          (await opened.agent.view.control('A.7.10', { from, to }))?.period?.events ?? [];
        if (event === undefined || others.length > 0) throw new Error('expected one event check');
        const { why, ...counts } = event;
        expect([from, to, counts]).toEqual([from, to, disposals.over(from, to, PATIENCE)]);
        expect(why === null).toBe(counts.whole);
        return event;
      }),
    );
    const [year] = found;
    for (const key of ['judged', 'came', 'passed', 'failed', 'unknown', 'corrected'] as const)
      expect(year?.[key]).toBeGreaterThan(key === 'unknown' ? 0 : 3);
    expect(year?.why).toMatch(
      /^The check was not judged for 12 h, the first time at 2026-01-01T00:00:00Z; .*no assessment spoke for/,
    );
    expect(year?.why).toMatch(
      /evidence was stale, missing or declared absent, or the check could not be run for/,
    );
    expect(new Set(found.map(({ whole }) => whole))).toEqual(new Set([true, false]));
    expect(found.some(({ judged }) => judged === null)).toBe(true);
  });

  test('a bundle counts populations as the agent does, and names each event', async () => {
    const [, from, to] = periods[1];
    const [event] = (await over(from, to, 'A.7.10'))?.events ?? [];
    const { why, whole, ...counts } = event ?? {};
    const store = `${world.directory}/data/evidence`;
    const files = await deriveFrom(store, { from, to, controls: ['A.7.10'] });
    const texts = Object.entries(counts).map(([name, count]) => [name, String(count)] as const);
    expect(rowsOf(files, 'populations.csv')).toEqual([
      { ...Object.fromEntries(texts), whole: whole === true ? 'yes' : 'no', why_not_whole: why ?? '' },
    ]);
    const events = rowsOf(files, 'events.csv');
    const of = (column: string, value: string) => events.filter((row) => row[column] === value);
    expect([events.length, of('came', 'yes').length]).toEqual([event?.judged, event?.came]);
    const outcomes = ['pass', 'fail', 'unknown'].map((outcome) => of('outcome', outcome).length);
    expect(outcomes).toEqual([event?.passed, event?.failed, event?.unknown]);
    const corrected = of('outcome', 'pass').filter((row) => row['failed_in_period'] === 'yes');
    expect(corrected.length).toBe(event?.corrected);
    expect(files.get('report.html')?.toString()).toContain('each leaver, change or job once');
  });

  test('lists are told of a period, of a collector and of a control alone', async () => {
    await using opened = await world.open();
    const { view } = opened.agent;
    const [from, to] = [begin + 90 * DAY, begin + 150 * DAY];
    const all = { limit: 1000 };
    const ids = (page: { items: readonly { id: string }[] }) => page.items.map(({ id }) => id);
    const people = { ...all, check: 'nobody-left' };
    const deviations = (await view.deviations(people)).items;
    const stood = deviations.filter(
      ({ firstSeenAt, closedAt }) => firstSeenAt < to && (closedAt === null || closedAt >= from),
    );
    expect(stood.length).toBeGreaterThan(3);
    expect(stood.length).toBeLessThan(deviations.length - 3);
    expect(ids(await view.deviations({ ...people, from, to }))).toEqual(stood.map(({ id }) => id));
    for (const same of [{ collector: 'people' }, { control: 'A.5.18' }, { theme: 'organizational' }])
      expect(await view.deviations({ ...people, ...same })).toEqual(await view.deviations(people));
    for (const none of [
      { collector: 'peopl' },
      { control: 'A.5.1' },
      { theme: 'people' },
      { owner: 'nobody' },
    ]) {
      expect((await view.deviations({ ...all, ...none })).items).toEqual([]);
      expect((await view.checks({ ...all, ...none })).items).toEqual([]);
    }
    expect((await view.checks({ ...all, collector: 'people', severity: 'high' })).items).toHaveLength(1);
    expect((await view.checks({ ...all, severity: 'low' })).items).toEqual([]);
    const runs = (await view.runs(all)).items;
    const ran = runs.filter(({ startedAt, finishedAt }) => finishedAt >= from && startedAt < to);
    expect(ran.length).toBeGreaterThan(5);
    expect(ids(await view.runs({ ...all, from, to }))).toEqual(ran.map(({ id }) => id));
    const sealed = (await view.evidence(all)).items.filter(
      ({ sealedAt }) => sealedAt >= from && sealedAt < to,
    );
    expect(sealed.length).toBeGreaterThan(5);
    expect((await view.evidence({ ...all, from, to })).items).toEqual(sealed);
  });

  test('is told the same by a state that was made anew', async () => {
    const [from, to] = [begin, begin + 365 * DAY];
    const told = async () => JSON.stringify([await over(from, to), await over(from, to, 'A.7.10')]);
    const before = await told();
    await world.rebuild();
    expect(await told()).toBe(before);
  });
});
