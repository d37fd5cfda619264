import { expect, test } from 'vitest';
import { killRounds } from './crash.ts';

test(
  'a writer killed at random moments loses nothing that it acknowledged, and the log verifies',
  { timeout: 300_000 },
  async () => {
    const report = await killRounds(20);
    expect(report.faults).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(0);
  },
);
