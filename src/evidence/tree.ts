import { EvidenceError } from './error.ts';
import { createFrontier, leafHash } from './merkle.ts';
import type { StoreObject } from './store.ts';
import {
  encodeBundle,
  levelSize,
  perfectRoot,
  type ReadPath,
  readTile,
  TILE_WIDTH,
  tilePath,
} from './tiles.ts';

/** The tiles of a tree that aren't full yet: all that is needed to go on appending. */
export interface Edge {
  readonly size: number;
  /** Entries of the last bundle; fewer than 256. */
  readonly entries: readonly Uint8Array[];
  /** Hashes of the last tile of each level; fewer than 256 each. */
  readonly levels: readonly (readonly Uint8Array[])[];
}

export const EMPTY_EDGE: Edge = { size: 0, entries: [], levels: [] };

export function edgeRoot({ size, levels }: Edge): Uint8Array {
  const hashes = levels.toReversed().flatMap((level) => perfectParts(level));
  return createFrontier(size, hashes).root();
}

/** The edge after more leaves, and the tiles (objects below `log/`) that have to be there before it is signed. */
export function growEdge(
  edge: Edge,
  leaves: readonly Uint8Array[],
): { readonly edge: Edge; readonly tiles: StoreObject[] } {
  const tiles: StoreObject[] = [];
  const { size } = edge;
  const store = (level: number | 'entries', index: number, width: number, bytes: Uint8Array) =>
    tiles.push({ key: `log/${tilePath({ level, index, width })}`, bytes });
  const entries = chunk('entries', size, edge.entries, leaves, (index, part) =>
    store('entries', index, part.length, encodeBundle(part)),
  );
  const levels: Uint8Array[][] = [];
  let grown = leaves.map((leaf) => leafHash(leaf));
  for (let level = 0; level < edge.levels.length || grown.length > 0; level += 1) {
    const above: Uint8Array[] = [];
    const rest = chunk(level, size, edge.levels[level] ?? [], grown, (index, part) => {
      store(level, index, part.length, Buffer.concat(part));
      if (part.length === TILE_WIDTH) above.push(perfectRoot(part));
    });
    levels.push(rest);
    grown = above;
  }
  return { edge: { size: size + leaves.length, entries, levels }, tiles };
}

/** Reads the edge of a tree of `size` leaves. Not trusted: compare edgeRoot with a signed root. Throws `corrupt`. */
export async function readEdge(read: ReadPath, size: number): Promise<Edge> {
  const last = (level: number | 'entries') => {
    const whole = levelSize(level, size);
    return whole % TILE_WIDTH === 0 ? [] : readTile(read, level, Math.floor(whole / TILE_WIDTH), size);
  };
  const entries = await last('entries');
  const levels: Uint8Array[][] = [];
  for (let level = 0; levelSize(level, size) > 0; level += 1) levels.push(await last(level));
  const hashes = levels[0] ?? [];
  if (entries.some((entry, i) => Buffer.compare(leafHash(entry), hashes[i] ?? entry) !== 0)) {
    throw new EvidenceError('corrupt', 'the last entry bundle is not what the last hash tile says');
  }
  return { size, entries, levels };
}

/**
 * Reads leaf hashes (256 from `256 * index`, fewer at the edge), each tile checked against the tile above it up to the edge,
 * whose root was compared with a signed one. Throws `corrupt`. The last tiles read are kept.
 */
export function leafTiles(read: ReadPath, edge: Edge): (index: number) => Promise<readonly Uint8Array[]> {
  const kept = new Map<string, readonly Uint8Array[]>();
  async function tile(level: number, index: number): Promise<readonly Uint8Array[]> {
    const full = Math.floor(levelSize(level, edge.size) / TILE_WIDTH);
    if (index >= full) return index === full ? (edge.levels[level] ?? []) : [];
    const key = `${level}/${index}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const hashes = await readTile(read, level, index, edge.size);
    const above = await tile(level + 1, Math.floor(index / TILE_WIDTH));
    const expected = above[index % TILE_WIDTH];
    if (expected === undefined || Buffer.compare(perfectRoot(hashes), expected) !== 0) {
      throw new EvidenceError(
        'corrupt',
        `log/${tilePath({ level, index, width: TILE_WIDTH })} is not what the tile above it says`,
      );
    }
    kept.set(key, hashes);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_TILES && oldest !== undefined) kept.delete(oldest);
    return hashes;
  }
  return (index) => tile(0, index);
}

const KEPT_TILES = 32;

/** Fills the last tile and further ones; `each` sees every tile that grew. Returns what of the last one isn't full. */
function chunk<T>(
  level: number | 'entries',
  size: number,
  before: readonly T[],
  grown: readonly T[],
  each: (index: number, part: readonly T[]) => void,
): T[] {
  if (grown.length === 0) return [...before];
  const all = [...before, ...grown];
  let index = Math.floor(levelSize(level, size) / TILE_WIDTH);
  for (let at = 0; at < all.length; at += TILE_WIDTH) {
    each(index, all.slice(at, at + TILE_WIDTH));
    index += 1;
  }
  return all.slice(all.length - (all.length % TILE_WIDTH));
}

/** The roots of the perfect subtrees of up to 255 hashes, largest first. */
function perfectParts(hashes: readonly Uint8Array[]): Uint8Array[] {
  const roots: Uint8Array[] = [];
  let at = 0;
  for (let span = TILE_WIDTH / 2; span >= 1; span /= 2) {
    if (hashes.length - at < span) continue;
    roots.push(perfectRoot(hashes.slice(at, at + span)));
    at += span;
  }
  return roots;
}
