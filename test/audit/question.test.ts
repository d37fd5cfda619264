import { describe, expect, test } from 'vitest';
import { AuditError } from '../../src/audit/error.ts';
import { type AskedQuestion, parseQuestion } from '../../src/audit/question.ts';

const seconds = (text: string) => Date.parse(text) / 1000;
const ask = (asked: Partial<AskedQuestion>) =>
  parseQuestion({ from: '2026-07-01', to: '2026-09-30', ...asked });

describe('a period', () => {
  test('of dates covers both days whole, in UTC', () => {
    const { from, to } = ask({});
    expect(from).toBe(seconds('2026-07-01T00:00:00Z'));
    expect(to).toBe(seconds('2026-10-01T00:00:00Z'));
  });

  test('of one day is that day', () => {
    const { from, to } = ask({ from: '2026-07-01', to: '2026-07-01' });
    expect(to - from).toBe(86_400);
  });

  test('of instants ends before the second', () => {
    const { from, to } = ask({ from: '2026-07-01T09:00:00+02:00', to: '2026-07-01T09:00:00Z' });
    expect([from, to]).toEqual([seconds('2026-07-01T07:00:00Z'), seconds('2026-07-01T09:00:00Z')]);
  });

  test.each(['2026-13-01', '2026-7-1', 'yesterday', '', '2026-07-01T09:00:00', '2026-07-01T09:00:00.5Z'])(
    'is refused when it begins on %j',
    (from) => {
      expect(() => ask({ from })).toThrow(/^from: .*expected a date such as/);
    },
  );

  test('is refused when it ends before it begins', () => {
    expect(() => ask({ to: '2026-06-30' })).toThrow('ends (2026-06-30) before it begins');
    expect(() => ask({ from: '2026-07-01T09:00:00Z', to: '2026-07-01T09:00:00Z' })).toThrow(AuditError);
  });
});

describe('controls and collectors', () => {
  test('are all unless some are named', () => {
    expect(ask({ controls: [], collectors: [] })).toMatchObject({ controls: null, collectors: null });
  });

  test('are sorted, each once', () => {
    const { controls, collectors } = ask({
      controls: ['A.8.5', '9.2.1', 'A.8.5'],
      collectors: ['hr', 'aws'],
    });
    expect(controls).toEqual(['9.2.1', 'A.8.5']);
    expect(collectors).toEqual(['aws', 'hr']);
  });

  test.each([
    ['A.8.55', 'did you mean A.8.34?'],
    ['a.8.5', 'did you mean A.8.5?'],
    ['8.5', 'did you mean'],
    ['A.9.4', 'did you mean A.8.4?'],
    ['A.8.5/second-factor', 'is an aspect: ask for its control, A.8.5'],
    ['access', 'expected an id such as A.8.5 or 9.2.1'],
  ])('%s is no control, and the nearest is named', (id, hint) => {
    expect(() => ask({ controls: ['A.5.18', id] })).toThrow(hint);
  });
});
