import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBundle } from '../../src/audit/bundle-evidence.ts';
import { reperform } from '../../src/audit/reperform/reperform.ts';
import { verifyBundle } from '../../src/audit/verify.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { testKeys } from '../evidence/helpers.ts';

const folder = join(import.meta.dirname, '../bundles');
const frozen = readdirSync(folder)
  .filter((name) => name.startsWith('bundle-'))
  .flatMap((name) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.zip'))
      .map((file) => `${name}/${file}`),
  );
const { envelope, checkpoint } = testKeys();
const trusted = [envelope, checkpoint].map(({ spki }) => fingerprint(spki));

describe('a bundle that was frozen', () => {
  test('is there, of every format that there has been', () => {
    expect(frozen).toContain('bundle-2026-11/honest.zip');
  });

  test.each(frozen)('%s verifies with the code of today', async (name) => {
    const known = name.endsWith('foreign.zip') ? {} : { trusted };
    const report = await verifyBundle(join(folder, name), known);
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
  });

  test.each(frozen)('%s gives its verdicts again', async (name) => {
    await using evidence = await openBundle(join(folder, name));
    const report = await reperform(evidence);
    expect(report.differences).toEqual([]);
    expect(report.verdicts).toBeGreaterThan(0);
  });

  test('says the same of the checkpoint that was kept as it did then', async () => {
    const since = readFileSync(join(folder, 'bundle-2026-11/kept'));
    const report = await verifyBundle(join(folder, 'bundle-2026-11/fork.zip'), { trusted, since });
    expect(report.problems).toMatchObject([{ code: 'forked' }]);
  });
});
