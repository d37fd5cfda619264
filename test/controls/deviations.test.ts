import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordVerdict } from '../../src/controls/contract.ts';
import { deviationId, isOverdue, transition } from '../../src/controls/deviations.ts';
import { day, failing, keyOf, makeCheck, makeDeviation, makeVerdict, now } from './samples.ts';

const check = makeCheck('sample', { within: '2d' });

function told(id: string, outcome: RecordVerdict['outcome']): RecordVerdict {
  return { id, source: keyOf('1'), outcome, reason: `It is ${outcome}.` };
}

describe('a transition', () => {
  test('opens a deviation for a record that fails, due after the time that the check allows', () => {
    const { opened, closed } = transition({
      open: [],
      verdicts: [makeVerdict('sample', 'fail', [failing('a')])],
      checks: [check],
      now,
    });
    expect(closed).toEqual([]);
    expect(opened).toEqual([
      {
        check: 'sample',
        kind: 'identity',
        record: 'a',
        source: keyOf('1'),
        reason: 'no second factor',
        firstSeenAt: now,
        dueAt: now + 2 * day,
      },
    ]);
  });

  test('leaves what fails still as it was, its deadline too', () => {
    const open = [makeDeviation('sample', 'a')];
    const verdicts = [makeVerdict('sample', 'fail', [failing('a')])];
    expect(transition({ open, verdicts, checks: [check], now })).toEqual({ opened: [], closed: [] });
  });

  test.each(['passed', 'gone', 'out_of_population'] as const)('closes what is %s', (outcome) => {
    const deviation = makeDeviation('sample', 'a');
    const verdicts = [makeVerdict('sample', 'pass', [told('a', outcome)])];
    expect(transition({ open: [deviation], verdicts, checks: [check], now })).toEqual({
      opened: [],
      closed: [{ deviation, closedAt: now, closedBy: outcome, reason: `It is ${outcome}.` }],
    });
  });

  test('neither opens nor closes for a record that is unknown', () => {
    const verdicts = [makeVerdict('sample', 'unknown', [told('a', 'unknown'), told('b', 'unknown')])];
    const open = [makeDeviation('sample', 'a')];
    expect(transition({ open, verdicts, checks: [check], now })).toEqual({ opened: [], closed: [] });
  });

  test('does not close what a verdict does not mention', () => {
    const open = [makeDeviation('sample', 'a')];
    const verdicts = [makeVerdict('sample', 'pass')];
    expect(transition({ open, verdicts, checks: [check], now }).closed).toEqual([]);
  });

  test('leaves the deviations of checks that were not evaluated', () => {
    const other = makeCheck('other');
    const open = [makeDeviation('other', 'a')];
    const verdicts = [makeVerdict('sample', 'pass', [told('a', 'passed')])];
    expect(transition({ open, verdicts, checks: [check, other], now }).closed).toEqual([]);
  });

  test('closes the deviations of a check that left, and of one that judges another kind now', () => {
    const open = [makeDeviation('removed', 'a'), makeDeviation('sample', 'b', { kind: 'credential' })];
    const verdicts = [makeVerdict('sample', 'fail', [failing('b')])];
    const { opened, closed } = transition({ open, verdicts, checks: [check], now });
    expect(closed.map(({ deviation, closedBy }) => [deviation.record, closedBy])).toEqual([
      ['a', 'check_removed'],
      ['b', 'check_removed'],
    ]);
    expect(opened.map(({ record, kind }) => [record, kind])).toEqual([['b', 'identity']]);
  });

  test('ignores a verdict of a check that is not in force', () => {
    const verdicts = [makeVerdict('removed', 'fail', [failing('a')])];
    expect(transition({ open: [], verdicts, checks: [check], now })).toEqual({ opened: [], closed: [] });
  });

  test('opens anew what was closed and fails again', () => {
    const first = transition({
      open: [makeDeviation('sample', 'a')],
      verdicts: [makeVerdict('sample', 'pass', [told('a', 'passed')])],
      checks: [check],
      now,
    });
    expect(first.closed).toHaveLength(1);
    const second = transition({
      open: [],
      verdicts: [makeVerdict('sample', 'fail', [failing('a')])],
      checks: [check],
      now: now + day,
    });
    expect(second.opened).toEqual([
      expect.objectContaining({ firstSeenAt: now + day, dueAt: now + 3 * day }),
    ]);
  });

  test('lists by check and record, whatever the order that verdicts come in', () => {
    const other = makeCheck('other');
    const verdicts = [
      makeVerdict('sample', 'fail', [failing('b'), failing('a')]),
      makeVerdict('other', 'fail', [failing('c')]),
    ];
    const input = { open: [], checks: [check, other], now };
    const there = transition({ ...input, verdicts });
    expect(there.opened.map((item) => `${item.check} ${item.record}`)).toEqual([
      'other c',
      'sample a',
      'sample b',
    ]);
    expect(transition({ ...input, verdicts: verdicts.toReversed() })).toEqual(there);
  });
});

test('a deviation is overdue after its deadline, not at it', () => {
  expect(isOverdue({ dueAt: now }, now)).toBe(false);
  expect(isOverdue({ dueAt: now }, now + 1)).toBe(true);
});

test("a deviation's id is made of its check, its record and the assessment that opened it", () => {
  const digest = createHash('sha256').update('sample\u0000aws:1:AIDA\u000012').digest('hex');
  expect(deviationId('sample', 'aws:1:AIDA', 12)).toBe(digest.slice(0, 32));
  expect(deviationId('sample', 'aws:1:AIDA', 13)).not.toBe(digest.slice(0, 32));
});
