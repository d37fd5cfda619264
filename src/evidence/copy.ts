import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CHECKPOINT_KEY, within } from './checkpoint.ts';
import { EvidenceError } from './error.ts';
import { intentKey } from './intent.ts';
import { mapLimited } from './limited.ts';
import { parseCheckpoint, parseNote } from './note.ts';
import type { ObjectStore } from './store.ts';
import { parseCheckpointFile } from './verify/heads.ts';
import type { Source, SourceObject } from './verify/source.ts';
import { isTileWithin } from './verify/tree.ts';

export interface Copied {
  /** Of the checkpoint up to which the copy goes. */
  readonly size: number;
  readonly created: number;
  /** Objects that were there already. */
  readonly present: number;
}

export interface CopyOptions {
  /** A directory for temporary files; of a directory store, on its disk. */
  readonly temporary: string;
  readonly progress?: (objects: number) => void;
}

const AT_ONCE = 64;
const CHECKPOINTS = 'log/checkpoints/';
const TILES = 'log/tile/';

/**
 * Copies a store as of its newest checkpoint, while its agent may go on writing; a copy that is there is completed, and nothing in it is
 * changed but `log/checkpoint`, last of all. What lies beyond the checkpoint is left out: a log that goes on from the copy writes other
 * bytes there. Nothing is verified but that both are of one history. Rejects with `no-store`, `corrupt` when the target is another log
 * or this one gone another way, and `io`; then it can be repeated.
 */
export async function copyStore(
  from: Source,
  to: ObjectStore,
  { temporary, progress }: CopyOptions,
): Promise<Copied> {
  const checkpoint = await from.get(CHECKPOINT_KEY);
  if (checkpoint === undefined) throw new EvidenceError('no-store', `there is no ${CHECKPOINT_KEY}`);
  const size = sizeOf(checkpoint);
  const counts = { created: 0, present: 0 };

  async function copy(key: string): Promise<void> {
    const outcome = await copyObject(key);
    if (outcome === 'created') counts.created += 1;
    if (outcome === 'same') counts.present += 1;
  }

  async function copyObject(key: string): Promise<'created' | 'same' | 'gone'> {
    if (/^(content|envelopes)\//.test(key)) {
      if (await to.has(key)) return 'same';
      return key.startsWith('content/') ? copyBody(key) : copySmall(key);
    }
    return copySmall(key);
  }

  async function copySmall(key: string): Promise<'created' | 'same' | 'gone'> {
    const bytes = await from.get(key);
    // Partial tiles go once the full one stands, which the second look finds.
    if (bytes === undefined && key.startsWith(TILES)) return 'gone';
    if (bytes === undefined) throw gone(key);
    const found = await to.get(key);
    if (found !== undefined) return sameOr(key, Buffer.compare(found, bytes) === 0);
    const [outcome] = await to.create([{ key, bytes }]);
    return outcome === 'created' ? outcome : sameOr(key, outcome === 'same');
  }

  async function copyBody(key: string): Promise<'created' | 'same'> {
    const pieces = await from.stream(key);
    if (pieces === undefined) throw gone(key);
    const file = join(temporary, key.slice('content/'.length));
    try {
      await pipeline(pieces, createWriteStream(file, { mode: 0o600 }));
      const outcome = await to.createFromFile(key, file);
      return outcome === 'created' ? outcome : sameOr(key, outcome === 'same');
    } finally {
      await rm(file, { force: true });
    }
  }

  async function copyFolder(folder: string, without?: string): Promise<void> {
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      await mapLimited(batch, copy);
      batch = [];
      progress?.(counts.created + counts.present);
    };
    for await (const object of from.walk(folder)) {
      if (!belongs(object, size) || (without !== undefined && object.key.startsWith(without))) continue;
      batch.push(object.key);
      if (batch.length === AT_ONCE) await flush();
    }
    await flush();
  }

  // First of all, what shows at once that the target is another log, or has gone another way.
  await copyFolder(CHECKPOINTS);
  await copyFolder('', CHECKPOINTS);
  const { present } = counts;
  // A tile that became full meanwhile may have been in neither form when its folder was listed: now its full form is.
  await copyFolder(TILES);
  await to.replace(CHECKPOINT_KEY, checkpoint, (current) => sizeOf(current) < size);
  return { size, created: counts.created, present };
}

/** Whether an object is part of the log at the size. Throws `corrupt` for what no store holds, or what the store says was altered. */
function belongs({ key, regular, tampered }: SourceObject, size: number): boolean {
  if (/^(content|envelopes|keys|tsa)\//.test(key)) return assertIntact();
  const file = parseCheckpointFile(key);
  const from = Number(/\/(\d{1,15})$/.exec(key)?.[1]);
  const published = file === undefined ? key === intentKey(from) && from < size : file.size <= size;
  return (published || isTileWithin(key, size)) && assertIntact();

  function assertIntact(): true {
    if (tampered !== undefined) throw new EvidenceError('corrupt', `${key}: ${tampered}`);
    if (!regular) throw new EvidenceError('corrupt', `${key}: it is not a file`);
    return true;
  }
}

function sizeOf(checkpoint: Uint8Array): number {
  return within(CHECKPOINT_KEY, () => parseCheckpoint(parseNote(checkpoint).text).size);
}

function sameOr(key: string, same: boolean): 'same' {
  if (same) return 'same';
  throw new EvidenceError(
    'corrupt',
    `${key}: the copy has other bytes: it is of another log, or of this one when it had gone another way`,
  );
}

function gone(key: string): EvidenceError {
  return new EvidenceError('io', `${key} has gone while it was copied: copy again`);
}
