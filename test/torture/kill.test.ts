import { expect, test } from 'vitest';
import { kill } from './kill.ts';

test(
  'agents killed at random moments lose nothing that they had acknowledged, and go on',
  { timeout: 180_000 },
  async () => {
    const { problems, acknowledged } = await kill({ rounds: 5, seed: 5, report: () => {} });
    expect(problems).toEqual([]);
    expect(acknowledged).toBeGreaterThan(2);
  },
);
