import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/controls/evaluate.ts';
import { assess } from '../../src/controls/status.ts';
import { makeCheck, makeResult, makeSource, now } from './samples.ts';

const absent = [{ kinds: ['namespace', 'identity'], reason: 'No such system is run.', approver: 'CISO' }];
const check = makeCheck();
const nothing = { counts: [], rows: [], standing: new Map() };
const input = { check, kinds: ['identity'], result: nothing, open: [], absent };

describe('a check whose kind is declared absent', () => {
  test('does not apply, with who declared it and why', () => {
    expect(evaluate({ ...input, sources: [] })).toMatchObject({
      outcome: 'not_applicable',
      why: 'Declared absent by CISO: No such system is run.',
      scopes: [],
    });
  });

  test('lets go of what stood open, and never as passed', () => {
    const open = [
      { record: 'aws:1:b', source: 'aws/iam/1' },
      { record: 'aws:1:a', source: 'aws/iam/1' },
    ];
    const { records } = evaluate({ ...input, sources: [], open });
    expect(records.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['aws:1:a', 'out_of_population'],
      ['aws:1:b', 'out_of_population'],
    ]);
  });

  test('is judged as ever where something feeds the kind after all', () => {
    const sources = [makeSource('1', { state: 'missing' })];
    expect(evaluate({ ...input, sources }).outcome).toBe('unknown');
  });

  test('leaves an aspect that nothing else answers unknown', () => {
    const verdict = evaluate({ ...input, sources: [] });
    const controls = assess({
      checks: [check],
      verdicts: new Map([[verdict.check, verdict]]),
      open: [],
      exceptions: [],
      attestations: [],
      sealed: [],
      soa: undefined,
      now,
    });
    const aspect = controls.flatMap(({ aspects }) => aspects).find(({ id }) => id === check.spec.aspects[0]);
    expect(aspect?.status).toBe('unknown');
  });
});

describe('a kind that nothing feeds and nobody declared absent', () => {
  test('leaves its checks unknown', () => {
    expect(evaluate({ ...input, sources: [], absent: [] }).outcome).toBe('unknown');
  });

  test('leaves those that read it besides unknown, and declared it lets none of them pass', () => {
    const result = makeResult({ 1: { passing: 1 } });
    const reading = { ...input, kinds: ['identity', 'cluster'], result, sources: [makeSource('1')] };
    expect(evaluate(reading).outcome).toBe('unknown');
    const declared = [{ kinds: ['cluster'], reason: 'none', approver: 'CISO' }];
    const open = [{ record: 'aws:1:a', source: 'aws/iam-identities/1' }];
    const standing = makeResult({ 1: { passing: 1 } }, [['aws:1:a', 'passed']]);
    const verdict = evaluate({ ...reading, result: standing, open, absent: declared });
    expect(verdict).toMatchObject({
      outcome: 'not_applicable',
      why: 'Declared absent by CISO: none.',
      scopes: [{ outcome: 'not_applicable' }],
      records: [{ id: 'aws:1:a', outcome: 'out_of_population' }],
    });
    const failing = makeResult({ 1: { failing: ['aws:1:b'], passing: 1 } });
    expect(evaluate({ ...reading, result: failing, absent: declared }).outcome).toBe('fail');
  });
});
