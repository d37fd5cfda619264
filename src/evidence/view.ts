import type { CheckpointInfo, Sealed } from './contract.ts';
import { type Entry, readEntry, toSealed } from './entry.ts';
import { EvidenceError } from './error.ts';
import { type Head, type Identity, logReader } from './head.ts';
import { bodyReader, type BodyReader, type EntryReader } from './read-erased.ts';
import type { ObjectStore } from './store.ts';
import { TILE_WIDTH } from './tiles.ts';
import { leafTiles } from './tree.ts';

/** Entries read side by side. */
const READ_AHEAD = 16;

/** What can be read of a log at a checkpoint, all of it verified up to the checkpoint's root. */
export interface EvidenceReader extends BodyReader {
  readonly origin: string;
  readonly sample: boolean;
  checkpoint(): CheckpointInfo;
  /** Throws `invalid` unless the index is below the checkpoint's size, `corrupt` or `foreign-key` for what doesn't verify. */
  entry(index: number): Promise<Sealed>;
  /** The DSSE envelope, as stored. */
  envelope(index: number): Promise<Uint8Array>;
  /** Entries [from, to): from 0 and to the checkpoint's size unless given. */
  entries(from?: number, to?: number): AsyncIterable<Sealed>;
}

/**
 * Reads at the head that `current` gives at each call. `erasures`: the indexes of the erasures up to the head, ascending, when that is known
 * without reading all entries.
 */
export function createView(
  store: ObjectStore,
  identity: Identity,
  current: () => Head,
  erasures?: () => Promise<readonly number[]>,
): EvidenceReader {
  let tiles: { of: Head; read: ReturnType<typeof leafTiles> } | undefined;

  function tilesOf(head: Head): ReturnType<typeof leafTiles> {
    if (tiles?.of !== head) tiles = { of: head, read: leafTiles(logReader(store), head.edge) };
    return tiles.read;
  }

  async function read(head: Head, index: number): Promise<Entry> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= head.edge.size) {
      throw new EvidenceError('invalid', `there is no entry ${index} in a log of ${head.edge.size}`);
    }
    const hashes = await tilesOf(head)(Math.floor(index / TILE_WIDTH));
    const hash = hashes[index % TILE_WIDTH];
    if (hash === undefined) throw new EvidenceError('corrupt', `the tiles have no entry ${index}`);
    const entry = await readEntry(
      store,
      index,
      Buffer.from(hash).toString('hex'),
      identity.keys.envelopeKey(index),
    );
    if (entry.statement.log !== identity.origin) {
      throw new EvidenceError('corrupt', `entry ${index} is of another log: ${entry.statement.log}`);
    }
    return entry;
  }

  const entries: EntryReader = {
    checkpoint: () => current().checkpoint,
    entry: async (index) => toSealed(await read(current(), index)),
    async *entries(from = 0, to = current().edge.size) {
      const head = current();
      const end = Math.min(to, head.edge.size);
      for (let at = from; at < end; at += READ_AHEAD) {
        const indexes = Array.from({ length: Math.min(READ_AHEAD, end - at) }, (_, i) => at + i);
        for (const entry of await Promise.all(indexes.map((index) => read(head, index))))
          yield toSealed(entry);
      }
    },
  };
  return {
    ...entries,
    ...bodyReader(store, entries, erasures),
    origin: identity.origin,
    sample: identity.sample,
    envelope: async (index) => (await read(current(), index)).envelope,
  };
}
