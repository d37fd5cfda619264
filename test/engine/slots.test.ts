import pLimit from 'p-limit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inSlot } from '../../src/engine/slots.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Starts so many pieces of work that never end; tells how many have begun after a minute. */
async function begun(count: number, progress: () => number): Promise<number> {
  const limit = pLimit(1);
  let started = 0;
  const work = (): Promise<never> => {
    started += 1;
    return new Promise(() => {});
  };
  for (let at = 0; at < count; at++) void inSlot(limit, work, progress, 1_000);
  await vi.advanceTimersByTimeAsync(60_000);
  return started;
}

test('work that goes on keeps its slot', async () => {
  let calls = 0;
  expect(await begun(5, () => (calls += 1))).toBe(1);
});

test('work that stands still gives its slot to others, twice as many as there are slots', async () => {
  expect(await begun(5, () => 0)).toBe(3);
});
