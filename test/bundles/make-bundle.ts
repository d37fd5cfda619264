import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { makeBundleGround, readBundleGround } from '../torture/bundle-ground.ts';

// Makes bundles to be frozen: `node test/bundles/make-bundle.ts NAME`, for a format that has none yet. What was released is never made again: today's
// code has to verify it for ever.

/** The first of the frozen bundles. */
export const FROZEN = join(import.meta.dirname, 'bundle-2026-11');

if (import.meta.main) {
  const name = process.argv[2] ?? '';
  const directory = join(import.meta.dirname, name);
  if (!/^bundle-[\w-]+$/.test(name) || existsSync(directory)) {
    process.stderr.write('usage: node test/bundles/make-bundle.ts bundle-NAME (of a folder that is not there yet)\n');
    process.exit(2);
  }
  await makeBundleGround(directory);
  const { keys } = await readBundleGround(directory);
  for (const use of ['envelope', 'checkpoint'] as const)
    process.stdout.write(`${use} ${fingerprint(keys[use].spki)}\n`);
}
