import { expect, test } from 'vitest';
import { createConditions } from '../../src/engine/conditions.ts';

function heard() {
  const said: unknown[] = [];
  const note = (fields: unknown): void => void said.push(fields);
  const state = { now: 100 };
  const conditions = createConditions({ error: note, info: note }, () => state.now);
  return { said, state, conditions };
}

test('a condition holds while any subject has it; it is logged when it begins and when it ends, not in between', () => {
  const { said, state, conditions } = heard();
  conditions.report('collector a', { condition: 'name-resolution', detail: 'a' });
  state.now = 110;
  conditions.report('collector b', { condition: 'name-resolution', detail: 'b' });
  conditions.report('collector a', undefined);
  expect(conditions.list()).toEqual([
    { condition: 'name-resolution', detail: 'b', since: 100, unready: false },
  ]);
  state.now = 130;
  conditions.report('collector b', undefined);
  expect(conditions.list()).toEqual([]);
  expect(said).toEqual([
    { event: 'condition_began', condition: 'name-resolution', detail: 'a' },
    { event: 'condition_ended', condition: 'name-resolution', seconds: 30 },
  ]);
});

test('a subject that is no more takes its condition along', () => {
  const { conditions } = heard();
  conditions.report('collector a', { condition: 'proxy', detail: 'a' });
  conditions.report('clock', { condition: 'clock', detail: 'c' });
  conditions.retain(new Set(['clock']));
  expect(conditions.list().map(({ condition, unready }) => [condition, unready])).toEqual([['clock', true]]);
});
