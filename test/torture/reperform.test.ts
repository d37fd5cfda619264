import { expect, test } from 'vitest';
import { judgeReperformed, reperformForged } from './reperform.ts';

test('a bundle gives its own verdicts again; one whose record was changed and signed anew does not, and its keys are named', async () => {
  const outcome = await reperformForged(40, () => {});
  expect(judgeReperformed(outcome)).toEqual([]);
  expect(outcome.honest.verdicts).toBeGreaterThan(20);
}, 120_000);
