import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { s3Faults } from './faults-proxy.ts';
import { s3CreationRounds, s3Rounds } from './s3-rounds.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

afterEach(() => vi.unstubAllEnvs());

/** Every request in turn is tried by `npm run torture -- requests`. */
const STEP = 29;

describe.each(s3Faults)('a log in a bucket, when a request meets a fault (%s)', (fault) => {
  const first = 1 + 5 * s3Faults.indexOf(fault);

  test('loses nothing acknowledged, seals nothing twice, and goes on', { timeout: 120_000 }, async () => {
    const { requests, faults } = await s3Rounds({ fault, sent: 1, first, step: STEP });
    expect(faults).toEqual([]);
    expect(requests).toBeGreaterThan(40);
  });

  test(
    'neither when the client sends it again, nor when it is out for long',
    { timeout: 120_000 },
    async () => {
      expect((await s3Rounds({ fault, sent: 2, first, step: 3 * STEP })).faults).toEqual([]);
      expect((await s3Rounds({ fault, sent: 1, first, step: 3 * STEP, times: 12 })).faults).toEqual([]);
    },
  );

  test('can be opened or created when it met one while it was created', { timeout: 120_000 }, async () => {
    const { requests, faults } = await s3CreationRounds(fault, { first: 1 + (first % 4), step: 4 });
    expect(faults).toEqual([]);
    expect(requests).toBeGreaterThan(8);
  });
});
