import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { emptyState } from '../../src/engine/state/database.ts';
import { stateAnswers } from '../../src/engine/state/answers.ts';
import { catchUp } from '../../src/engine/state/project.ts';
import { findRecords } from '../../src/evidence/find-records.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { deriveFrom, rowsOf } from '../audit/derive-world.ts';
import { type EvidenceChange, logEvidence } from '../audit/log-evidence.ts';
import { DISPOSALS } from './disposals.ts';
import { makeWorld, NOW, type World } from './world.ts';

const DAY = 86_400;
const [COLLECTOR = '', EVENTS = ''] = DISPOSALS.split('---\n');
const STATE = EVENTS.replace('disposals-certified', 'certified-now').replace(
  'nature: event',
  'nature: state',
);
const A = 'register:test:media-disposals/a';
const B = 'register:test:media-disposals/b';
const C = 'register:test:media-disposals/c';

const AGENT = (directory: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, data: ${JSON.stringify(`${directory}/data`)}, commitWindow: 1s, listen: "127.0.0.1:0", evaluateEvery: 1d }
`;

/** `a` passes, of `c` nobody knows when it was. */
const register = (day: number, b: string) => {
  const asOf = new Date((NOW + day * DAY) * 1000).toISOString().slice(0, 10);
  const rows = [`a,2026-05-20,C`, `b,2026-05-20,${b}`, 'c,,C'];
  return ['ref,day,certificate,method,asof', ...rows.map((row) => `${row},wiped,${asOf}`), ''].join('\n');
};

let world: World;
let store: string;

async function day(number: number, files: Readonly<Record<string, string>>): Promise<void> {
  world.now = NOW + number * DAY;
  for (const [file, text] of Object.entries(files)) await world.write(file, text);
  await using opened = await world.open();
  await opened.agent.open();
  if ('disposals.csv' in files) await opened.agent.collectOnce();
}

async function population(from: number, to: number) {
  await using opened = await world.open();
  const period = { from: NOW + from * DAY, to: NOW + to * DAY };
  return (await opened.agent.view.control('A.7.10', period))?.period?.events;
}

/** Day 0: `b` fails. 1: it is corrected. 2: the check is out. 3: it is back. 13: nobody has dated the register since. 14: somebody has. */
beforeAll(async () => {
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR, 'state.yaml': STATE } });
  store = join(world.directory, 'data/evidence');
  await world.write('agent.yaml', AGENT(world.directory));
  await day(0, { 'events.yaml': EVENTS, 'disposals.csv': register(0, '') });
  await day(1, { 'disposals.csv': register(1, 'C') });
  await day(2, { 'events.yaml': '' });
  await day(3, { 'events.yaml': EVENTS });
  await day(13, {});
  await day(14, { 'disposals.csv': register(14, 'C') });
}, 60_000);

afterAll(() => world[Symbol.asyncDispose]());

type Line = Readonly<Record<string, unknown>> & { readonly body?: string | null };

/** The verdicts of an assessment with the records that each names. */
async function sealed(
  day: number,
): Promise<Record<string, { readonly line: Line; readonly records: Line[] }>> {
  const evidence = await logEvidence(store);
  const recordsOf = async (sha256: string): Promise<Line[]> =>
    (await Array.fromAsync((await evidence.lines(sha256)) ?? [])).flatMap((line) =>
      'record' in line ? [line.record] : [],
    );
  const entry = (await Array.fromAsync(evidence.entries())).findLast(
    ({ predicate, fields }) => predicate === 'assessment' && fields['now'] === NOW + day * DAY,
  );
  const verdicts = await recordsOf(entry?.subjects.find(({ name }) => name === 'verdicts')?.sha256 ?? '');
  const found = await Promise.all(
    verdicts.map(async (line) => {
      const records = typeof line.body === 'string' ? await recordsOf(line.body) : [];
      return [String(line['id']), { line, records }] as const;
    }),
  );
  return Object.fromEntries(found);
}

describe('a verdict on events', () => {
  test('names every record of the population, one on a state those that fail or are unknown', async () => {
    const { 'disposals-certified': events, 'certified-now': state } = await sealed(0);
    expect(events?.line).toMatchObject({ population: 'whole', counts: { population: 3, failing: 1 } });
    expect(events?.records).toEqual([
      { id: A, source: 'register/media-disposals/test', outcome: 'pass', reason: '' },
      { id: B, source: 'register/media-disposals/test', outcome: 'fail', reason: 'no certificate' },
      expect.objectContaining({ id: C, outcome: 'unknown', reason: 'not known: disposed_at' }),
    ]);
    expect(state?.line).not.toHaveProperty('population');
    expect(state?.records.map(({ id }) => id)).toEqual([B, C]);
  });

  test('says which deviation is closed, and what passes else', async () => {
    const { 'disposals-certified': events } = await sealed(1);
    expect(events?.records.map(({ id, outcome }) => [id, outcome])).toEqual([
      [A, 'pass'],
      [B, 'passed'],
      [C, 'unknown'],
    ]);
  });

  test('passes nobody on evidence that is stale, and says that it is not the whole population', async () => {
    const { 'disposals-certified': events } = await sealed(13);
    expect(events?.line).toMatchObject({ population: 'partial', outcome: 'unknown' });
    expect(events?.records.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(events?.records[0]?.['reason']).toMatch(/is stale/);
  });

  test('does not tell the API of each that passes', async () => {
    expect((await sealed(14))['disposals-certified']?.records).toHaveLength(3);
    await using opened = await world.open();
    const found = await opened.agent.view.check('disposals-certified');
    expect(found?.records.map(({ id, outcome }) => [id, outcome])).toEqual([[C, 'unknown']]);
  });
});

describe('the population over a period', () => {
  const nothing = { judged: null, came: null, passed: null, failed: null, unknown: null, corrected: null };
  const check = 'disposals-certified';

  test('counts each once, as it was last judged, and whoever was put right', async () => {
    expect(await population(0, 1)).toEqual([
      { check, judged: 3, came: 3, passed: 1, failed: 1, unknown: 1, corrected: 0, whole: true, why: null },
    ]);
    expect(await population(0.5, 1.5)).toEqual([
      { check, judged: 3, came: 0, passed: 2, failed: 0, unknown: 1, corrected: 1, whole: true, why: null },
    ]);
    expect(await population(1, 1.5)).toMatchObject([{ judged: 3, passed: 2, corrected: 0, whole: true }]);
  });

  test('is not known while the check is out of force, and not whole over such a time', async () => {
    expect(await population(2, 3)).toEqual([
      {
        check,
        ...nothing,
        whole: false,
        why: 'The check was not judged for 1 d, the first time at 2026-06-03T12:00:00Z.',
      },
    ]);
    expect(await population(1, 4)).toMatchObject([{ judged: 3, came: 0, passed: 2, whole: false }]);
    expect(await population(-9, 0)).toMatchObject([{ ...nothing, whole: false }]);
  });

  test('keeps what was judged before the evidence grew stale, and says that it did', async () => {
    expect(await population(13, 13.5)).toEqual([
      {
        check,
        judged: 3,
        came: 0,
        passed: 2,
        failed: 0,
        unknown: 1,
        corrected: 0,
        whole: false,
        why: 'Evidence was stale, missing or declared absent, or the check could not be run for 12 h, the first time at 2026-06-14T12:00:00Z.',
      },
    ]);
    expect(await population(6, 7)).toMatchObject([
      { ...nothing, why: 'No assessment spoke for 1 d, the first time at 2026-06-07T12:00:00Z.' },
    ]);
  });
});

test('what older versions sealed is never told as a whole population, nor as an empty one', async () => {
  const reader = await readStore(store);
  const unmarked: typeof reader.body = async function* (...body) {
    for await (const { population: _population, ...record } of reader.body(...body)) yield record;
  };
  const state = await emptyState(':memory:');
  await catchUp(state, { ...reader, body: unmarked });
  const period = { from: NOW, to: NOW + DAY };
  const found = (await stateAnswers(state, reader).control('A.7.10', period))?.period;
  expect(found?.events).toMatchObject([
    {
      judged: null,
      passed: null,
      whole: false,
      why: expect.stringMatching(/^The verdicts name failing and unknown records alone for 1 d/),
    },
  ]);
  expect(found?.deviations.opened).toBe(2);
  await state.destroy();
});

/** Named because the population is. */
const isStale = (record: Line) => /^The evidence of .* is stale/.test(String(record['reason']));

describe('re-performing', () => {
  const outcome = async (body?: NonNullable<EvidenceChange['body']>) => {
    const { ok, differences } = await reperform(await logEvidence(store, body === undefined ? {} : { body }));
    return { ok, differs: [...new Set(differences.map(({ check, what }) => `${check} ${what}`))] };
  };

  test('gives every population again', async () => {
    expect(await outcome()).toEqual({ ok: true, differs: [] });
  });

  test('gives verdicts again whose lines do not say that they name a population', async () => {
    const old = await outcome((_, records) =>
      records
        .filter((record) => 'counts' in record || (record['outcome'] !== 'pass' && !isStale(record)))
        .map(({ population: _population, ...record }) => record),
    );
    expect(old).toEqual({ ok: true, differs: [] });
  });

  test('names a passing record that is hidden, and a part that is called the whole', async () => {
    const hidden = await outcome((_, records) =>
      records.filter((record) => record['outcome'] !== 'pass' || record['id'] !== A),
    );
    expect(hidden).toEqual({ ok: false, differs: [`disposals-certified record ${A}`] });
    const whole = await outcome((_, records) =>
      records.map((record) =>
        record['population'] === 'partial' ? { ...record, population: 'whole' } : record,
      ),
    );
    expect(whole).toEqual({ ok: false, differs: ['disposals-certified population'] });
  });
});

describe('a population of which a record that passes was erased', () => {
  beforeAll(async () => {
    await using opened = await world.open();
    const { holders } = await findRecords(await readStore(store), [A]);
    const bodies = holders.map(({ sha256, records }) => ({ sha256, records }));
    const because = { by: 'dpo', reason: 'request 1', legalBasis: 'GDPR Art. 17(1)(b)' };
    await opened.stores.log.erase({ ...because, bodies });
    await opened[Symbol.asyncDispose]();
    await world.rebuild();
  });

  test('is not whole, for the agent and in a bundle', async () => {
    const [found] = (await population(0, 1)) ?? [];
    expect(found).toMatchObject({ judged: 2, passed: 0, failed: 1, unknown: 1, whole: false });
    expect(found?.why).toBe('Records of it were erased for 1 d, the first time at 2026-06-01T12:00:00Z.');
    const files = await deriveFrom(store, { from: NOW, to: NOW + DAY, controls: ['A.7.10'] });
    expect(rowsOf(files, 'populations.csv')).toMatchObject([
      { judged: '2', passed: '0', failed: '1', unknown: '1', whole: 'no', why_not_whole: found?.why },
    ]);
    expect(rowsOf(files, 'events.csv').map(({ record, outcome }) => [record, outcome])).toEqual([
      [B, 'fail'],
      [C, 'unknown'],
    ]);
    expect(rowsOf(files, 'deviations.csv').map(({ check, record }) => [check, record])).toEqual([
      ['certified-now', B],
      ['disposals-certified', B],
    ]);
  });
});
