import { expect, test } from 'vitest';
import { tortureBundles } from './bundle.ts';
import { tampers } from './bundle-changes.ts';

test('every change of a bundle is found, and the same files deflated in another way are accepted', async () => {
  const rounds = 150;
  const { counts, wrong } = await tortureBundles({ rounds, scripted: 0, seed: 20_261_101 });
  expect(wrong).toEqual([]);
  for (const kind of Object.keys(tampers)) expect(counts.kinds[kind]?.changes, kind).toBeGreaterThan(0);
  const all = Object.values(counts.kinds);
  expect(all.every(({ changes, found }) => changes === found)).toBe(true);
  expect(all.reduce((sum, { changes }) => sum + changes, counts.harmless)).toBe(rounds);
}, 180_000);
