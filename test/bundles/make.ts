import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { testKeys } from '../evidence/helpers.ts';
import { makeSampleStore } from '../torture/sample-store.ts';

// Makes a store to be frozen: `node test/bundles/make.ts NAME`, for a format that has none yet. A store that was released is
// never made again: today's code has to verify it for ever.

/** 2025-11-01T12:26:40Z, in Unix seconds: when the first of the frozen stores was founded. */
export const START = 1_762_000_000;

if (import.meta.main) {
  const name = process.argv[2] ?? '';
  const directory = join(import.meta.dirname, name);
  if (!/^store-[\w-]+$/.test(name) || existsSync(directory)) {
    process.stderr.write('usage: node test/bundles/make.ts store-NAME (of a folder that is not there yet)\n');
    process.exit(2);
  }
  const keys = testKeys();
  await makeSampleStore({ directory, keys, start: START, rounds: 2, datasets: 2 });
  // The writer's own memory is no part of a store.
  rmSync(join(directory, 'state'), { recursive: true });
  for (const use of ['envelope', 'checkpoint'] as const) {
    process.stdout.write(`${use} ${fingerprint(keys[use].spki)}\n`);
  }
}
