import { EvidenceError } from './error.ts';
import { HASH_BYTES, nodeHash } from './merkle.ts';
import type { NodeReader } from './merkle.ts';

/**
 * The tiles of C2SP tlog-tiles: hash tiles of height 8 and bundles of 256 entries. Paths are relative to the log
 * (`tile/0/x001/067.p/8`), without the store's `log/` before them.
 */
export interface Tile {
  /** `entries`, or the level of a hash tile: its hashes are roots of 256^level leaves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** Hashes or entries in it: 256, or 1 to 255 for a partial one. */
  readonly width: number;
}

/** The bytes at a path relative to the log; undefined when nothing is there. */
export type ReadPath = (path: string) => Promise<Uint8Array | undefined>;

export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;
const MAX_LEVEL = 63;
const MAX_ENTRY_BYTES = 0xffff;

export function tilePath(tile: Tile): string {
  const partial = tile.width === TILE_WIDTH ? '' : `.p/${tile.width}`;
  return `tile/${tile.level}/${groups(tile.index)}${partial}`;
}

/** The tile that has exactly this path; undefined for any other text. */
export function parseTilePath(path: string): Tile | undefined {
  const match = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (match === null) return undefined;
  const [, kind = '', digits = '', partial] = match;
  const tile: Tile = {
    level: kind === 'entries' ? kind : Number(kind),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: partial === undefined ? TILE_WIDTH : Number(partial),
  };
  if (!Number.isSafeInteger(tile.index) || (tile.level !== 'entries' && tile.level > MAX_LEVEL))
    return undefined;
  return tile.width > 0 && tilePath(tile) === path ? tile : undefined;
}

/** How many hashes (or entries) the whole level has in a tree of `size` leaves. */
export function levelSize(level: Tile['level'], size: number): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

/** The width of a tile in a tree of `size` leaves: 0 when the tree doesn't reach it. */
export function tileWidth(level: Tile['level'], index: number, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, levelSize(level, size) - index * TILE_WIDTH));
}

/**
 * The tiles that a tree of `to` leaves has and one of `from` leaves has not: entry bundles first, then hash tiles by
 * level. A tile that grew is there at its new width; the narrower ones stand until the full one does.
 */
export function tilesGrown(from: number, to: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level: Tile['level'] = 'entries'; levelSize(level, to) > 0; level = above(level)) {
    const before = levelSize(level, from);
    const after = levelSize(level, to);
    if (after === before) continue;
    for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < after; index += 1) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, after - index * TILE_WIDTH) });
    }
  }
  return tiles;
}

/** Every tile of a tree of `size` leaves, in the order of `tilesGrown`. */
export function tilesOf(size: number): Tile[] {
  return tilesGrown(0, size);
}

/** Each entry after its length as a big-endian uint16. Throws `invalid` for an entry beyond 65,535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new EvidenceError('invalid', `an entry of ${entry.length} bytes is over ${MAX_ENTRY_BYTES}`);
    }
    return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
  });
  return Buffer.concat(parts);
}

/** The entries of a bundle. Throws `corrupt` unless there are exactly `width`, filling the bytes to the last. */
export function parseBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 2 > bytes.length) throw new EvidenceError('corrupt', 'an entry bundle ends within a length');
    const end = at + 2 + view.getUint16(at);
    if (end > bytes.length) throw new EvidenceError('corrupt', 'an entry bundle ends within an entry');
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (entries.length !== width) {
    throw new EvidenceError('corrupt', `an entry bundle holds ${entries.length} entries, expected ${width}`);
  }
  return entries;
}

/** The hashes of a hash tile. Throws `corrupt` unless it is exactly `width` hashes long. */
export function parseHashTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new EvidenceError('corrupt', `a tile of ${bytes.length} bytes, expected ${width * HASH_BYTES}`);
  }
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/**
 * The tile of a tree of `size` leaves, or the full one cut to it, since partial tiles go once the full one stands.
 * Throws `corrupt` when neither is there or the bytes aren't a tile.
 */
export async function readTile(
  read: ReadPath,
  level: Tile['level'],
  index: number,
  size: number,
): Promise<Uint8Array[]> {
  const width = tileWidth(level, index, size);
  const parse = level === 'entries' ? parseBundle : parseHashTile;
  const exact = await read(tilePath({ level, index, width }));
  if (exact !== undefined) return parse(exact, width);
  const full = width === TILE_WIDTH ? undefined : await read(tilePath({ level, index, width: TILE_WIDTH }));
  if (full === undefined) {
    throw new EvidenceError('corrupt', `${tilePath({ level, index, width })} is missing`);
  }
  return parse(full, TILE_WIDTH).slice(0, width);
}

/**
 * Reads the nodes of a tree of `size` leaves from its tiles: with it the functions of merkle.ts make roots, frontiers
 * and proofs. The last tiles read are kept. What it reads is not trusted: compare with a signed root.
 */
export function tileNodes(read: ReadPath, size: number): NodeReader {
  const kept = new Map<string, Uint8Array[]>();
  async function tileAt(level: number, index: number): Promise<Uint8Array[]> {
    const key = `${level}/${index}`;
    const hashes = kept.get(key) ?? (await readTile(read, level, index, size));
    kept.delete(key);
    kept.set(key, hashes);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_TILES && oldest !== undefined) kept.delete(oldest);
    return hashes;
  }
  return async (level, index) => {
    const height = level % TILE_HEIGHT;
    const span = 2 ** height;
    const tile = await tileAt((level - height) / TILE_HEIGHT, Math.floor((index * span) / TILE_WIDTH));
    const begin = (index * span) % TILE_WIDTH;
    return perfectRoot(tile.slice(begin, begin + span), span);
  };
}

const KEPT_TILES = 16;

/** The root over the hashes of a whole subtree (1, 2, 4, ... of them). Throws `corrupt` when there are fewer. */
export function perfectRoot(hashes: readonly Uint8Array[], span: number = hashes.length): Uint8Array {
  if (hashes.length !== span) throw new EvidenceError('corrupt', 'a node beyond the end of the tree');
  let row = hashes;
  while (row.length > 1) row = pairs(row).map(([left, right]) => nodeHash(left, right));
  const [root] = row;
  if (root === undefined) throw new EvidenceError('corrupt', 'a node over no leaves');
  return root;
}

function pairs(row: readonly Uint8Array[]): [Uint8Array, Uint8Array][] {
  const result: [Uint8Array, Uint8Array][] = [];
  for (let i = 1; i < row.length; i += 2) {
    const [left, right] = [row[i - 1], row[i]];
    if (left !== undefined && right !== undefined) result.push([left, right]);
  }
  return result;
}

function groups(index: number): string {
  const digits = index.toString();
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const threes = padded.match(/\d{3}/g) ?? [];
  return threes.map((three, i) => (i < threes.length - 1 ? `x${three}` : three)).join('/');
}

function above(level: Tile['level']): number {
  return level === 'entries' ? 0 : level + 1;
}
