import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleEvidence, openBundle } from '../audit/bundle-evidence.ts';
import { list, type parse } from './arguments.ts';
import { type Io, UsageError } from './command.ts';
import { printable } from './output.ts';

export const keyOption = { key: { type: 'string', multiple: true } } as const;

/**
 * A bundle, verified as far as it is read: a file, or the folder where it was unpacked. What the verdict rests on is told on standard error. Rejects
 * with UsageError for a store, and as openBundle.
 */
export async function openEvidence(
  path: string,
  keys: ReturnType<typeof parse>['values'][string],
  io: Io,
): Promise<BundleEvidence> {
  if (await isStore(path)) {
    throw new UsageError(`${path} is a store: ask it for a bundle of the period first (annexa bundle)`);
  }
  const trusted = list(keys).flatMap((text) => text.split(','));
  const evidence = await openBundle(path, trusted.length === 0 ? {} : { trusted });
  for (const note of evidence.notes) io.err(printable(`note: ${note}`));
  return evidence;
}

async function isStore(path: string): Promise<boolean> {
  if (path.startsWith('s3://')) return true;
  return stat(join(path, 'log', 'checkpoint')).then(
    () => true,
    () => false,
  );
}
