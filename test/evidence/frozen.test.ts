import { readFile, readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { START } from '../bundles/make.ts';

const folder = 'test/bundles';
const stores = (await readdir(folder)).filter((name) => name.startsWith('store-'));

/** As the README beside the stores gives them. */
async function fingerprints(): Promise<string[]> {
  const readme = await readFile(`${folder}/README.md`, 'utf8');
  return [...readme.matchAll(/^\| (?:envelope|checkpoint) \| ([0-9a-f]{64}) \|$/gm)].map(
    ([, hex]) => hex ?? '',
  );
}

describe('a store written by an earlier version', () => {
  test('is there for every format', () => {
    expect(stores).toContain('store-2025-11');
  });

  test('was written when its name says', async () => {
    const reader = await readStore(`${folder}/store-2025-11`);
    expect((await reader.entry(0)).sealedAt).toBe(START);
    expect(new Date(START * 1000).toISOString()).toMatch(/^2025-11/);
  });

  test.each(stores)('%s verifies, by keys that came another way', async (name) => {
    const trusted = await fingerprints();
    expect(trusted).toHaveLength(2);
    const report = await verifyDirectory(`${folder}/${name}`, { trusted });
    expect(report.problems).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.trust.map(({ from }) => from)).toEqual(['given', 'given']);
    expect(report.entries).toBeGreaterThan(10);
    expect(report.bodies).toBeGreaterThan(5);
  });

  test.each(stores)('%s is not verified by other keys', async (name) => {
    const report = await verifyDirectory(`${folder}/${name}`, { trusted: ['0'.repeat(64)] });
    expect(report.problems.map(({ code }) => code)).toEqual(['foreign-key', 'foreign-key']);
  });
});
