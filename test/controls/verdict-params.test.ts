import { describe, expect, test } from 'vitest';
import { compareVerdicts, mergeChanges } from '../../src/controls/changes.ts';
import { queryOf } from '../../src/controls/check.ts';
import { evaluate } from '../../src/controls/evaluate.ts';
import { readsVerdicts, verdictParams } from '../../src/controls/verdict-params.ts';
import { makeCheck, makeSource } from './samples.ts';

const reader = makeCheck('reader', {
  kind: 'soa_control',
  aspects: ['6.1.3/soa'],
  where: undefined,
  params: { failing: { from: 'failing-controls' }, undecided: { from: 'undecided-controls' } },
  fails: 'it.control = (SELECT f.value FROM json_each(:failing) AS f)',
});
const many = makeCheck('many', {
  aspects: ['A.8.5/second-factor', 'A.5.16/owner', 'A.5.16/unique'],
});

describe('parameters made of verdicts', () => {
  test('list each control with each check that fails, or that is unknown, once', () => {
    const judged = [
      { check: many, outcome: 'fail' },
      { check: makeCheck('quiet'), outcome: 'pass' },
      { check: makeCheck('dark'), outcome: 'unknown' },
      { check: makeCheck('empty'), outcome: 'not_applicable' },
    ] as const;
    expect(verdictParams(reader, judged)).toEqual({
      failing: ['A.5.16 many', 'A.8.5 many'],
      undecided: ['A.8.5 dark'],
    });
  });

  test('leave out checks that read verdicts themselves', () => {
    expect(verdictParams(reader, [{ check: reader, outcome: 'fail' }])).toEqual({
      failing: [],
      undecided: [],
    });
  });

  test('are empty lists where none are given, and nothing for other checks', () => {
    expect(queryOf(reader).params).toEqual({ failing: [], undecided: [] });
    expect([readsVerdicts(reader), readsVerdicts(many)]).toEqual([true, false]);
    expect(verdictParams(many, [])).toEqual({});
  });
});

describe('several changes as one', () => {
  const absent = [{ kinds: ['identity'], reason: 'none', approver: 'CISO' }];
  const nothing = { counts: [], rows: [], standing: new Map() };
  const row = { id: 'x', source: makeSource('1'), outcome: 'fail', reason: 'bad' } as const;
  const counts = [{ source: makeSource('1'), table: 1, population: 1, undecided: 0 }];
  const judge = (over: object) =>
    evaluate({
      check: many,
      kinds: ['identity'],
      result: nothing,
      sources: [],
      open: [],
      absent: [],
      ...over,
    });
  const failing = judge({ sources: [makeSource('1')], result: { ...nothing, counts, rows: [row] } });

  test('are weaker where one of them is, with all that is let off', () => {
    const gone = compareVerdicts(failing, judge({ absent }));
    const same = compareVerdicts(judge({}), judge({}));
    expect(mergeChanges([gone, same])).toMatchObject({
      direction: 'weaker',
      before: 'fail',
      after: 'unknown',
      letOff: ['x'],
      caught: [],
      populationBefore: 1,
      populationAfter: 0,
    });
  });

  test('are mixed where some weaken and some strengthen', () => {
    const weaker = compareVerdicts(failing, judge({ absent }));
    const stronger = compareVerdicts(judge({ absent }), failing);
    expect(mergeChanges([weaker, stronger]).direction).toBe('mixed');
  });
});
