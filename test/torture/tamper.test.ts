import { expect, test } from 'vitest';
import { tampers } from './changes.ts';
import { tamper } from './tamper.ts';

test('every change of a store is found, told or refused, and the same evidence in other bytes is not', async () => {
  const result = await tamper({ rounds: 60, seed: 20_251_101, datasets: 1 });
  expect(result.wrong).toEqual([]);
  expect(result.rounds).toBeGreaterThanOrEqual(tampers.length);
  expect(result.found).toBeGreaterThan(30);
  expect(Math.min(result.refused, result.harmless)).toBeGreaterThan(0);
}, 120_000);
