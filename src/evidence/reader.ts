import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINT_KEY, checkpointKey } from './checkpoint.ts';
import { directoryStore, STATE_FOLDER } from './directory.ts';
import { EvidenceError } from './error.ts';
import { type Identity, readHead } from './head.ts';
import type { ObjectStore } from './store.ts';
import { createView, type EvidenceReader } from './view.ts';

export interface StoreReader extends EvidenceReader {
  readonly identity: Identity;
  /** For what else is there; whatever is read of it has to be checked. */
  readonly store: ObjectStore;
}

export interface ReadOptions {
  /** A checkpoint published before, by its size; the newest unless given. */
  readonly size?: number;
  /** Fingerprints of keys that came another way: when given, the log's keys must be among them, else `foreign-key`. */
  readonly trusted?: readonly string[];
}

/**
 * Reads the store in a directory at one checkpoint, without the writer's lock, while an agent may go on writing. Throws
 * `no-store` when there is no checkpoint, `corrupt` when the checkpoint doesn't verify.
 */
export async function readStore(directory: string, options: ReadOptions = {}): Promise<StoreReader> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new EvidenceError('no-store', `${directory}: there is no such directory`);
  const store = directoryStore(directory, join(directory, STATE_FOLDER));
  return readStoreFrom(store, { ...options, name: directory });
}

/** As readStore, wherever the objects are kept. `name` is said in errors. */
export async function readStoreFrom(
  store: ObjectStore,
  { size, trusted, name = 'the store' }: ReadOptions & { readonly name?: string } = {},
): Promise<StoreReader> {
  const key = size === undefined ? CHECKPOINT_KEY : checkpointKey(size);
  const bytes = await store.get(key);
  if (bytes === undefined) throw new EvidenceError('no-store', `${name}: there is no ${key}`);
  const { head, identity } = await readHead(store, bytes, key);
  if (size !== undefined && head.checkpoint.size !== size)
    throw new EvidenceError('corrupt', `${key}: it is of size ${head.checkpoint.size}`);
  for (const { use, fingerprint } of identity.keys.list()) {
    if (use === 'body' || trusted === undefined || trusted.includes(fingerprint)) continue;
    throw new EvidenceError(
      'foreign-key',
      `${name}: the log's key ${fingerprint} is not among the trusted ones`,
    );
  }
  return { ...createView(store, identity, () => head), identity, store };
}
