import { describe, expect, test } from 'vitest';
import { progressTo } from '../../src/cli/progress.ts';

/** What is written when each step takes `ms`, at a clock that nothing else moves. */
function lines(steps: number, ms: number, terminal = true): string[] {
  const written: string[] = [];
  const clock = { at: 1_000 };
  const io = { err: (line: string) => written.push(line) };
  const progress = progressTo(io, 'verifying', { terminal, now: () => clock.at });
  for (let step = 1; step <= steps; step += 1) {
    clock.at += ms;
    progress.at(step, steps);
  }
  progress.end();
  progress.at(steps, steps);
  return written;
}

describe('progress', () => {
  test('is a line in five seconds, on a terminal', () => {
    expect(lines(12, 1_000)).toEqual(['verifying: 5 of 12 (41 %)', 'verifying: 10 of 12 (83 %)']);
  });

  test('of short work is not told', () => {
    expect(lines(4_999, 1)).toEqual([]);
  });

  test('is not written to what is no terminal', () => {
    expect(lines(12, 1_000, false)).toEqual([]);
  });
});
