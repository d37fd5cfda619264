import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { TSA_CA, WITNESS, fullStoreKeys, makeFullStore } from '../torture/full-store.ts';

// Makes a store to be frozen: `node test/bundles/make.ts NAME`, for a format that has none yet. A store that was released is
// never made again: today's code has to verify it for ever.

/** When each of the frozen stores was founded, in Unix seconds. */
export const STARTS: Readonly<Record<string, number>> = {
  /** 2025-11-01T12:26:40Z */
  'store-2025-11': 1_762_000_000,
  /** 2026-11-01T09:00:00Z */
  'store-2026-11': 1_793_523_600,
};

if (import.meta.main) {
  const name = process.argv[2] ?? '';
  const directory = join(import.meta.dirname, name);
  const start = STARTS[name];
  if (start === undefined || existsSync(directory)) {
    process.stderr.write('usage: node test/bundles/make.ts store-NAME (of a folder that is not there yet)\n');
    process.exit(2);
  }
  await makeFullStore({ directory, start, datasets: 2 });
  // The writer's own memory is no part of a store.
  rmSync(join(directory, 'state'), { recursive: true });
  // What an auditor was given another way.
  writeFileSync(join(directory, '..', `${name}.ca.pem`), TSA_CA);
  for (const { envelope, checkpoint } of Object.values(fullStoreKeys())) {
    process.stdout.write(`| envelope | ${fingerprint(envelope.spki)} |\n`);
    process.stdout.write(`| checkpoint | ${fingerprint(checkpoint.spki)} |\n`);
  }
  process.stdout.write(`| witness | ${WITNESS.vkey} |\n`);
}
