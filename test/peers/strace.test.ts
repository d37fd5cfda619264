import { expect, test } from 'vitest';
import { calls, straceRounds } from './strace.ts';

/** Each call in turn, and each way to fail, is tried by `npm run torture -- calls`. */
const STEPS: Readonly<Record<string, number>> = {
  openat: 40,
  close: 40,
  fsync: 25,
  write: 45,
  pwrite64: 25,
  link: 8,
  unlink: 12,
};

test.each(calls)(
  'a log whose $call fails loses nothing acknowledged, seals nothing twice, and goes on',
  { timeout: 240_000 },
  async ({ call, faults: ways }) => {
    const [way = ''] = ways;
    const { faults, injected } = await straceRounds(call, way, { step: STEPS[call] ?? 2 });
    expect(faults).toEqual([]);
    expect(injected).toBeGreaterThan(0);
  },
);
