import { expect, test } from 'vitest';
import { calls, straceRounds } from './strace.ts';

/** Each call in turn, and each way to fail, is tried by `npm run torture -- calls`. */
const STEPS: Readonly<Record<string, number>> = {
  openat: 40,
  close: 40,
  fsync: 25,
  fdatasync: 4,
  write: 45,
  pwrite64: 25,
  link: 8,
  unlink: 12,
};

test.each(calls)(
  'a log whose $call fails loses nothing acknowledged, seals nothing twice, and goes on',
  { timeout: 240_000 },
  async ({ call, faults: ways }) => {
    const step = STEPS[call] ?? 1;
    let injected = 0;
    for (const [i, way] of ways.entries()) {
      const report = await straceRounds(call, way, { first: 1 + i * 3, step: step * 2 });
      expect(report.faults).toEqual([]);
      injected += report.injected;
    }
    expect(injected).toBeGreaterThan(0);
  },
);
