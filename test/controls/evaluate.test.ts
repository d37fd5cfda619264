import { describe, expect, test } from 'vitest';
import type { Absence } from '../../src/controls/absence.ts';
import type { Outcome, SourceState, Verdict } from '../../src/controls/contract.ts';
import { evaluate, worstOutcome } from '../../src/controls/evaluate.ts';
import type { QueryResult } from '../../src/inventory/query-contract.ts';
import { keyOf, makeCheck, makeResult, makeSource, type ScopeRows } from './samples.ts';

const own = makeSource('1');
const stale: Partial<SourceState> = { state: 'stale', detail: 'as of yesterday' };
const missing: Partial<SourceState> = {
  state: 'missing',
  asOf: null,
  body: null,
  index: null,
  detail: 'access denied',
};
const people = makeSource('hr.csv', { collector: 'hr', dataset: 'people', kinds: ['person', 'departure'] });

interface Given {
  readonly sources?: readonly SourceState[];
  readonly kinds?: readonly string[];
  readonly scopes?: Readonly<Record<string, ScopeRows>>;
  readonly result?: QueryResult | { readonly error: string };
  readonly open?: readonly { readonly record: string; readonly source: string }[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly population?: boolean;
  readonly absent?: readonly Absence[];
}

function judge(given: Given): Verdict {
  return evaluate({
    check: makeCheck('sample', given.spec),
    kinds: given.kinds ?? ['identity'],
    result: given.result ?? makeResult(given.scopes ?? {}),
    sources: given.sources ?? [own],
    open: given.open ?? [],
    absent: given.absent ?? [],
    population: given.population ?? false,
  });
}

describe('the outcome of a check', () => {
  const cases: readonly (readonly [string, Given, Outcome, RegExp])[] = [
    [
      'passes when every record of a fresh scope passes',
      { scopes: { 1: { passing: 3 } } },
      'pass',
      /All 3 examined pass/,
    ],
    ['fails when one record fails', { scopes: { 1: { failing: ['a'], passing: 3 } } }, 'fail', /1 of 4 fail/],
    [
      'is unknown when one record is',
      { scopes: { 1: { unknown: ['a'], passing: 3 } } },
      'unknown',
      /1 of 4 could not be decided/,
    ],
    [
      'is unknown when `where` is NULL for the only record',
      { scopes: { 1: { unknown: ['a'], undecided: 1 } } },
      'unknown',
      /could not be decided/,
    ],
    [
      'fails when records fail and others are unknown',
      { scopes: { 1: { failing: ['a'], unknown: ['b'] } } },
      'fail',
      /1 of 2 fail, 1 are unknown/,
    ],
    [
      'is unknown when nothing collects the kind',
      { sources: [people], scopes: {} },
      'unknown',
      /nothing is configured that collects records of the kind identity/i,
    ],
    [
      'is unknown without any source at all',
      { sources: [], scopes: {} },
      'unknown',
      /nothing is configured/i,
    ],
    [
      'is unknown when the query did not finish',
      { result: { error: 'deadline of 10 s passed' } },
      'unknown',
      /did not finish: deadline of 10 s passed/,
    ],
    [
      'is unknown when nothing was in the population',
      { scopes: { 1: { filtered: 9 } } },
      'unknown',
      /nothing to examine/,
    ],
    ['is unknown when the inventory holds no rows', { scopes: {} }, 'unknown', /nothing to examine/],
    [
      'fails on nothing when it says so',
      { scopes: {}, spec: { empty: 'fail' } },
      'fail',
      /nothing to examine/,
    ],
    [
      'is not applicable on nothing when it says so',
      { scopes: {}, spec: { empty: 'not_applicable' } },
      'not_applicable',
      /nothing to examine/,
    ],
    [
      'is unknown when the evidence is stale',
      { sources: [makeSource('1', stale)], scopes: { 1: { passing: 3 } } },
      'unknown',
      /is stale \(as of yesterday\)/,
    ],
    [
      'is unknown when the evidence is missing',
      { sources: [makeSource('1', missing)], scopes: {} },
      'unknown',
      /is missing \(access denied\)/,
    ],
    [
      'keeps the failures that stale evidence holds',
      { sources: [makeSource('1', stale)], scopes: { 1: { failing: ['a'], passing: 3 } } },
      'fail',
      /1 of 4 fail, 3 are unknown/,
    ],
    [
      'is not applicable on nothing only while fresh',
      { sources: [makeSource('1', stale)], scopes: {}, spec: { empty: 'not_applicable' } },
      'unknown',
      /stale/,
    ],
    [
      'does not fail on nothing while stale',
      { sources: [makeSource('1', missing)], scopes: {}, spec: { empty: 'fail' } },
      'unknown',
      /missing/,
    ],
    [
      'does not fail on nothing while one of its scopes is missing',
      { sources: [own, makeSource('2', missing)], scopes: {}, spec: { empty: 'fail' } },
      'unknown',
      /missing/,
    ],
    [
      'is unknown when another kind that it reads is not collected',
      { kinds: ['identity', 'person'], scopes: { 1: { passing: 3 } } },
      'unknown',
      /also reads person, and nothing is configured/,
    ],
    [
      'is unknown when another kind that it reads is stale',
      {
        kinds: ['identity', 'person'],
        sources: [own, { ...people, ...stale }],
        scopes: { 1: { passing: 3 } },
      },
      'unknown',
      /also reads person.*hr\/people\/hr.csv is stale/,
    ],
    [
      'loses even its failures when another kind that it reads is missing',
      {
        kinds: ['identity', 'person'],
        sources: [own, { ...people, ...missing }],
        scopes: { 1: { failing: ['a'], passing: 3 } },
      },
      'unknown',
      /also reads person/,
    ],
    [
      'passes when the other kinds are fresh',
      { kinds: ['identity', 'person'], sources: [own, people], scopes: { 1: { passing: 3 } } },
      'pass',
      /All 3/,
    ],
    [
      'does not mind missing kinds that it does not read',
      { sources: [own, { ...people, ...missing }], scopes: { 1: { passing: 3 } } },
      'pass',
      /All 3/,
    ],
    [
      'is unknown when one of two scopes is missing',
      { sources: [own, makeSource('2', missing)], scopes: { 1: { passing: 3 } } },
      'unknown',
      /iam-identities\/2 is missing/,
    ],
    [
      'fails when one scope fails and the other is missing',
      { sources: [own, makeSource('2', missing)], scopes: { 1: { failing: ['a'] } } },
      'fail',
      /1 of 1 fail/,
    ],
    [
      'passes when one of two fresh scopes has nothing to examine',
      { sources: [own, makeSource('2')], scopes: { 1: { passing: 3 } } },
      'pass',
      /All 3/,
    ],
    [
      'is unknown when rows come from a source that is not configured',
      { scopes: { 1: { passing: 3 }, 9: { passing: 1 } } },
      'unknown',
      /iam-identities\/9 is missing \(the source is not configured\)/,
    ],
    [
      'compares records only while every scope is fresh',
      {
        spec: { fails: 'EXISTS (SELECT 1 FROM identity o WHERE o.id = it.name)' },
        sources: [own, makeSource('2', stale)],
        scopes: { 1: { failing: ['a'], passing: 2 } },
      },
      'unknown',
      /compares records of identity with each other/,
    ],
  ];

  test.each(cases)('%s', (_, given, outcome, why) => {
    const verdict = judge(given);
    expect(verdict.outcome).toBe(outcome);
    expect(verdict.why).toMatch(why);
  });

  test('is the worst of its scopes, and not applicable only when all are', () => {
    expect(worstOutcome(['pass', 'not_applicable'])).toBe('pass');
    expect(worstOutcome(['pass', 'unknown', 'not_applicable'])).toBe('unknown');
    expect(worstOutcome(['unknown', 'fail', 'pass'])).toBe('fail');
    expect(worstOutcome(['not_applicable', 'not_applicable'])).toBe('not_applicable');
    expect(worstOutcome([])).toBe('unknown');
  });

  test.each([
    'FROM "identity" o',
    'from Identity o',
    'FROM main.identity o',
    "JOIN 'identity' o",
    'FROM [identity] o',
    'x, identity o',
  ])('takes %s for a look at other records', (from) => {
    const verdict = judge({
      spec: { fails: `EXISTS (SELECT 1 ${from})` },
      sources: [own, makeSource('2', stale)],
      scopes: { 1: { passing: 2 }, 2: { passing: 2 } },
    });
    expect(verdict.scopes.map((scope) => scope.outcome)).toEqual(['unknown', 'unknown']);
  });

  test.each(['it.identity', 'c.identity = it.id', 'EXISTS (SELECT 1 FROM identity_login l)'])(
    'does not take %s for one',
    (fails) => {
      const verdict = judge({
        spec: { fails },
        sources: [own, makeSource('2', stale)],
        scopes: { 1: { passing: 2 }, 2: { passing: 2 } },
      });
      expect(verdict.scopes.map((scope) => scope.outcome)).toEqual(['pass', 'unknown']);
    },
  );
});

describe('the scopes of a verdict', () => {
  test('are judged one by one, and the counts are their sum', () => {
    const verdict = judge({
      sources: [own, makeSource('2'), makeSource('3', stale)],
      scopes: {
        1: { failing: ['a'], unknown: ['b'], undecided: 1, passing: 2, filtered: 5 },
        2: { passing: 4 },
        3: { failing: ['c'], unknown: ['d'], passing: 6, filtered: 1 },
      },
    });
    expect(verdict.scopes.map(({ scope, outcome, counts }) => ({ scope, outcome, counts }))).toEqual([
      {
        scope: '1',
        outcome: 'fail',
        counts: { table: 9, population: 3, filtered: 5, failing: 1, unknown: 1 },
      },
      {
        scope: '2',
        outcome: 'pass',
        counts: { table: 4, population: 4, filtered: 0, failing: 0, unknown: 0 },
      },
      {
        scope: '3',
        outcome: 'fail',
        counts: { table: 9, population: 8, filtered: 1, failing: 1, unknown: 7 },
      },
    ]);
    expect(verdict.counts).toEqual({ table: 22, population: 15, filtered: 6, failing: 2, unknown: 8 });
    expect(verdict.outcome).toBe('fail');
  });

  test('count everything as unknown when the query may not be relied on', () => {
    const verdict = judge({ kinds: ['identity', 'person'], scopes: { 1: { failing: ['a'], passing: 3 } } });
    expect(verdict.counts).toEqual({ table: 4, population: 4, filtered: 0, failing: 0, unknown: 4 });
    expect(verdict.records).toEqual([
      expect.objectContaining({
        id: 'a',
        outcome: 'unknown',
        reason: expect.stringMatching(/also reads person/),
      }),
    ]);
  });
});

describe('the records of a verdict', () => {
  test('are the failing and the unknown ones, by the UTF-8 bytes of their ids', () => {
    const verdict = judge({ scopes: { 1: { failing: ['\u{1F600}', 'b'], unknown: ['\uFF5E', 'a'] } } });
    expect(verdict.records.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['a', 'unknown'],
      ['b', 'fail'],
      ['\uFF5E', 'unknown'],
      ['\u{1F600}', 'fail'],
    ]);
  });

  const open = [{ record: 'a', source: keyOf('1') }];

  test.each([
    ['passed', 'passed'],
    ['gone', 'gone'],
    ['out_of_population', 'out_of_population'],
  ] as const)('say that a deviation is %s on fresh evidence', (standing, outcome) => {
    const verdict = judge({ open, result: makeResult({ 1: { passing: 1 } }, [['a', standing]]) });
    expect(verdict.records).toEqual([expect.objectContaining({ id: 'a', outcome })]);
    expect(verdict.outcome).toBe('pass');
  });

  test.each(['passed', 'gone', 'out_of_population'] as const)(
    'close nothing that is %s on evidence that is not fresh',
    (standing) => {
      const result = makeResult({ 1: { passing: 1 } }, [['a', standing]]);
      const doubtful: readonly Given[] = [
        { sources: [makeSource('1', stale)] },
        { sources: [makeSource('1', missing)] },
        { kinds: ['identity', 'person'] },
        { kinds: ['identity', 'person'], sources: [own, { ...people, ...stale }] },
      ];
      for (const given of doubtful) {
        const verdict = judge({ ...given, open, result });
        expect(verdict.records).toEqual([expect.objectContaining({ id: 'a', outcome: 'unknown' })]);
      }
    },
  );

  test('close nothing when the query did not finish', () => {
    expect(judge({ open, result: { error: 'killed' } }).records).toEqual([]);
  });

  test('close nothing that the query was not asked about', () => {
    expect(judge({ open, scopes: { 1: { passing: 1 } } }).records).toEqual([
      expect.objectContaining({ id: 'a', outcome: 'unknown' }),
    ]);
  });

  test('do not hold a deviation open for the staleness of another scope', () => {
    const verdict = judge({
      open,
      sources: [own, makeSource('2', stale)],
      result: makeResult({ 1: { passing: 1 } }, [['a', 'passed']]),
    });
    expect(verdict.records).toEqual([expect.objectContaining({ id: 'a', outcome: 'passed' })]);
    expect(verdict.outcome).toBe('unknown');
  });

  test('list a record that fails still once', () => {
    const verdict = judge({ open, result: makeResult({ 1: { failing: ['a'] } }, [['a', 'failing']]) });
    expect(verdict.records).toEqual([expect.objectContaining({ id: 'a', outcome: 'fail' })]);
  });

  test('let go of a record whose source left the configuration, once all that is left is fresh', () => {
    const left = [{ record: 'z', source: keyOf('9') }];
    const result = makeResult({ 1: { passing: 1 } }, [['z', 'gone']]);
    expect(judge({ open: left, result }).records).toEqual([
      expect.objectContaining({
        id: 'z',
        outcome: 'out_of_population',
        reason: 'Its source is no longer configured.',
      }),
    ]);
    expect(judge({ open: left, result, sources: [own, makeSource('2', stale)] }).records).toEqual([
      expect.objectContaining({ id: 'z', outcome: 'unknown' }),
    ]);
  });
});

describe('the population of a verdict', () => {
  const rows = { failing: ['f'], unknown: ['u'], named: ['p', 'q'] };
  const told = (given: Given) => {
    const { records, population, counts } = judge({ ...given, population: true });
    return { records: records.map(({ id, outcome }) => `${id} ${outcome}`), population, counts };
  };

  test('is named whole on fresh evidence, each record once', () => {
    const open = [
      { record: 'p', source: keyOf('1') },
      { record: 'gone', source: keyOf('1') },
    ];
    const result = makeResult({ 1: rows }, [
      ['p', 'passed'],
      ['gone', 'gone'],
    ]);
    expect(told({ result, open })).toMatchObject({
      records: ['f fail', 'gone gone', 'p passed', 'q pass', 'u unknown'],
      population: 'whole',
      counts: { population: 4, failing: 1, unknown: 1 },
    });
  });

  test('is not asked of other verdicts', () => {
    expect(judge({ scopes: { 1: { failing: ['f'] } } }).population).toBeUndefined();
  });

  test('has nothing that passes where the evidence is not fresh, and is a part then', () => {
    const sources = [own, makeSource('2', stale)];
    const open = [{ record: 'y', source: keyOf('2') }];
    const two = { 1: { named: ['p'] }, 2: { failing: ['g'], named: ['y', 'z'] } };
    expect(told({ sources, open, result: makeResult(two, [['y', 'passed']]) })).toMatchObject({
      records: ['g fail', 'p pass', 'y unknown', 'z unknown'],
      population: 'partial',
      counts: { failing: 1, unknown: 2 },
    });
  });

  test('has nothing judged where something else that it reads is missing', () => {
    expect(told({ kinds: ['identity', 'person'], scopes: { 1: rows } })).toMatchObject({
      records: ['f unknown', 'p unknown', 'q unknown', 'u unknown'],
      population: 'partial',
      counts: { failing: 0, unknown: 4 },
    });
  });

  test('is never called whole where nothing was examined', () => {
    const absent = [{ kinds: ['identity', 'person'], reason: 'none here', approver: 'the board' }];
    expect(told({ result: { error: 'killed' } })).toMatchObject({ records: [], population: 'partial' });
    expect(told({ sources: [] })).toMatchObject({ records: [], population: 'partial' });
    expect(told({ sources: [], absent })).toMatchObject({ records: [], population: 'partial' });
    const declared = told({ kinds: ['identity', 'person'], absent, scopes: { 1: rows } });
    expect(declared).toMatchObject({ records: ['f fail', 'u unknown'], population: 'partial' });
  });
});

test('the same input gives the same verdict', () => {
  const given: Given = { scopes: { 1: { failing: ['b', 'a'], unknown: ['c'] } } };
  expect(JSON.stringify(judge(given))).toBe(JSON.stringify(judge(given)));
});
