import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { makeWorld, NOW, type World } from '../engine/world.ts';
import { logEvidence } from './log-evidence.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.9, freshness: 2d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;
const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: no-leavers }
spec:
  title: Nobody has left
  aspects: [A.5.18/removal]
  nature: state
  severity: high
  within: 1h
  kind: person
  fails: it.status IN ('left', 'vanished')
  reason: "'has left'"
  remediation: none
  rationale: none
`;
const people = (asOf: string, rows: readonly string[]) =>
  ['id,email,last,asof', ...rows.map((row) => `${row},${asOf}`), ''].join('\n');

let world: World;
let store: string;

/** Three days: all well; one has left; he is gone from the register's failing ones, since he came back. */
beforeAll(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'check.yaml': CHECK } });
  store = `${world.directory}/data/evidence`;
  const days = [
    people('2026-06-01', ['1,a@test.example,', '2,b@test.example,']),
    people('2026-06-02', ['1,a@test.example,', '2,b@test.example,2026-06-01']),
    people('2026-06-03', ['1,a@test.example,', '2,b@test.example,']),
  ];
  for (const [day, text] of days.entries()) {
    world.now = NOW + day * 86_400;
    await world.write('people.csv', text);
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
  }
  // Nothing new is collected: the evidence grows stale.
  world.now = NOW + 9 * 86_400;
  await using opened = await world.open();
  await opened.agent.open();
});

afterAll(() => world[Symbol.asyncDispose]());

const told = (report: Awaited<ReturnType<typeof reperform>>) =>
  report.differences.map(({ check, what }) => `${check} ${what}`);

describe('re-performing', () => {
  test('gives every verdict and record again, failing, closed and stale ones too', async () => {
    const report = await reperform(await logEvidence(store));
    expect(report).toMatchObject({ ok: true, differenceCount: 0, skippedCount: 0, differences: [] });
    expect(report.verdicts).toBe(report.assessments);
    expect(report.assessments).toBe(7);
    expect(report.records).toBeGreaterThanOrEqual(2);
  });

  test('of a range that begins in the middle takes what stood open from its first verdicts, and says so', async () => {
    const whole = await Array.fromAsync((await logEvidence(store)).entries());
    const closing = whole.findLast(
      ({ predicate, fields }) => predicate === 'assessment' && fields['now'] === NOW + 2 * 86_400,
    );
    const report = await reperform(await logEvidence(store, { first: closing?.index ?? 0 }));
    expect(report).toMatchObject({ ok: true, differences: [], skippedCount: 0 });
    expect(report.notes).toEqual([expect.stringMatching(/stood open/)]);
  });

  test('names the verdict, the counts and the record that a changed snapshot gives', async () => {
    const evidence = await logEvidence(store, {
      body: (_, records) =>
        records.map((record) => (record['status'] === 'left' ? { ...record, status: 'active' } : record)),
    });
    const report = await reperform(evidence);
    expect(report.ok).toBe(false);
    expect(told(report)).toEqual(
      expect.arrayContaining([
        'no-leavers outcome',
        'no-leavers counts',
        expect.stringMatching(/^no-leavers record hr:test:2/),
      ]),
    );
    expect(report.differences.find(({ what }) => what === 'outcome')).toMatchObject({
      sealed: 'fail',
      reperformed: 'pass',
    });
  });

  test('names a sealed verdict that hides a failing record', async () => {
    const evidence = await logEvidence(store, {
      body: (_, records) =>
        records.filter((record) => record['outcome'] !== 'fail' || record['reason'] === undefined),
    });
    const report = await reperform(evidence);
    expect(report.differences).toContainEqual(
      expect.objectContaining({ check: 'no-leavers', what: 'record hr:test:2', sealed: 'absent' }),
    );
  });

  test('names a check whose sealed text is not the one that the verdict names', async () => {
    const evidence = await logEvidence(store, {
      body: (_, records) =>
        records.map((record) =>
          typeof record['text'] === 'string' ? { ...record, text: '0'.repeat(64) } : record,
        ),
    });
    const report = await reperform(evidence);
    expect(new Set(told(report))).toEqual(new Set(['no-leavers text']));
    expect(report).toMatchObject({ ok: false, verdicts: 0 });
  });

  test('names an input that is called fresh and is not, and one that its snapshot does not bear out', async () => {
    const fresh = await reperform(
      await logEvidence(store, {
        body: (_, records) =>
          records.map((record) =>
            record['state'] === 'stale' ? { ...record, state: 'fresh', detail: '' } : record,
          ),
      }),
    );
    expect(fresh.differences).toContainEqual(
      expect.objectContaining({
        what: 'input people/people/test',
        reperformed: expect.stringMatching(/called fresh, \d+ s after/),
      }),
    );
    const moved = await reperform(
      await logEvidence(store, {
        body: (_, records) =>
          records.map((record) =>
            typeof record['asOf'] === 'number' ? { ...record, asOf: record['asOf'] + 60 } : record,
          ),
      }),
    );
    expect(moved.differences).toContainEqual(
      expect.objectContaining({
        what: 'input people/people/test',
        reperformed: expect.stringMatching(/is as of/),
      }),
    );
  });

  test('names a configured dataset that an assessment passed over, or took for another kind', async () => {
    for (const hide of [() => [], (record: Record<string, unknown>) => [{ ...record, kinds: [] }]]) {
      const evidence = await logEvidence(store, {
        body: (_, records) =>
          records.flatMap((record) => ('state' in record && 'asOf' in record ? hide(record) : [record])),
      });
      expect((await reperform(evidence)).differences).toContainEqual(
        expect.objectContaining({ what: 'input people/people', sealed: 'absent' }),
      );
    }
  });

  test('skips, and says why, what rests on a body that is not here', async () => {
    const report = await reperform(
      await logEvidence(store, {
        body: (_, records) => (records.some((record) => record['kind'] === 'person') ? undefined : records),
      }),
    );
    expect(report.differenceCount).toBe(0);
    expect(report.skipped).toContainEqual(
      expect.objectContaining({
        check: 'no-leavers',
        why: expect.stringMatching(/the snapshot of people\/people\/test: the body \w+ is not here/),
      }),
    );
    expect(report.verdicts).toBeLessThan(report.assessments);
  });

  test('is not well when nothing could be re-performed', async () => {
    const report = await reperform(await logEvidence(store), { assessments: [0] });
    expect(report).toMatchObject({ ok: false, verdicts: 0 });
  });
});
