import { equalBytes } from '../merkle.ts';
import { TILE_WIDTH, encodeBundle, parseTilePath, perfectRoot, tilePath, tileWidth } from '../tiles.ts';
import type { Tile } from '../tiles.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';
import { firstAbove } from './time.ts';

/** Builds every tile again from the entries, and compares it with the stored one. Holds one tile a level. */
export interface TileCheck {
  add(entry: Uint8Array, leafHash: Uint8Array): Promise<void>;
  /** Checks the tiles at the right edge. No entry comes after. */
  finish(): Promise<void>;
}

interface Row {
  readonly level: Tile['level'];
  index: number;
  /** Entries or hashes. */
  items: Uint8Array[];
}

/** `sizes` are those of all checkpoints, the one verified being the last. */
export function createTileCheck(source: Source, sizes: readonly number[], findings: Findings): TileCheck {
  const size = sizes.at(-1) ?? 0;
  const bundle: Row = { level: 'entries', index: 0, items: [] };
  const levels: Row[] = [];

  async function push(row: Row, item: Uint8Array): Promise<void> {
    row.items.push(item);
    if (row.items.length < TILE_WIDTH) return;
    await checkRow(row);
    if (row.level !== 'entries') await addHash(row.level + 1, perfectRoot(row.items));
    row.index += 1;
    row.items = [];
  }

  async function addHash(level: number, hash: Uint8Array): Promise<void> {
    const row = levels[level] ?? { level, index: 0, items: [] };
    levels[level] = row;
    await push(row, hash);
  }

  async function checkRow(row: Row): Promise<void> {
    const full = row.items.length === TILE_WIDTH;
    if (full) await compare(row, TILE_WIDTH, true);
    const stored = await partialWidths(source, row);
    const published = publishedWidths(sizes, row);
    for (const width of stored.filter((width) => width <= row.items.length)) {
      if (!published.has(width)) {
        findings.problem('unknown-file', keyOf(row, width), 'no checkpoint has this partial tile');
      } else if (full) {
        // They go once the full tile stands, and may outlive it when the writer was interrupted.
        await compare(row, width, false);
      }
    }
    if (full) return;
    for (const width of published) await compare(row, width, true);
  }

  async function compare(row: Row, width: number, required: boolean): Promise<void> {
    const expected = encodeRow(row, width);
    const key = keyOf(row, width);
    const stored = await source.get(key);
    if (stored !== undefined) {
      if (equalBytes(stored, expected)) return;
      findings.problem('altered', key, 'not what its entries give');
    } else if (required && !(await grewMeanwhile(row, width))) {
      findings.problem('missing', key, 'a tile of the log is missing');
    }
  }

  /** A writer that fills the tile while we look takes the partial ones away. */
  async function grewMeanwhile(row: Row, width: number): Promise<boolean> {
    if (width === TILE_WIDTH) return false;
    const stored = await source.get(keyOf(row, TILE_WIDTH));
    const expected = encodeRow(row, width);
    return stored !== undefined && equalBytes(stored.subarray(0, expected.length), expected);
  }

  return {
    async add(entry, leafHash) {
      await push(bundle, entry);
      await addHash(0, leafHash);
    },
    async finish() {
      for (const row of [bundle, ...levels]) if (row.items.length > 0) await checkRow(row);
      if (bundle.index * TILE_WIDTH + bundle.items.length !== size) {
        findings.problem('missing', 'log/tile/entries', `the entries end before ${size}`);
      }
    },
  };
}

/** Every object that a tree of `size` leaves accounts for is checked by then; this tells them from the others. */
export function isTileWithin(key: string, size: number): boolean {
  const tile = key.startsWith('log/') ? parseTilePath(key.slice('log/'.length)) : undefined;
  return tile !== undefined && tile.width <= tileWidth(tile.level, tile.index, size);
}

/** Widths below the full one that the tile has in trees of the sizes (ascending). */
function publishedWidths(sizes: readonly number[], { level, index }: Row): Set<number> {
  const span = level === 'entries' ? 1 : TILE_WIDTH ** level;
  const begin = index * TILE_WIDTH * span;
  const among = sizes.slice(
    firstAbove(sizes, begin + span - 1),
    firstAbove(sizes, begin + TILE_WIDTH * span - 1),
  );
  return new Set(among.map((at) => tileWidth(level, index, at)));
}

async function partialWidths(source: Source, row: Row): Promise<number[]> {
  const widths: number[] = [];
  for await (const { key } of source.walk(`${keyOf(row, TILE_WIDTH)}.p/`)) {
    const tile = parseTilePath(key.slice('log/'.length));
    if (tile !== undefined) widths.push(tile.width);
  }
  return widths;
}

function keyOf({ level, index }: Row, width: number): string {
  return `log/${tilePath({ level, index, width })}`;
}

function encodeRow(row: Row, width: number): Uint8Array {
  const items = row.items.slice(0, width);
  return row.level === 'entries' ? encodeBundle(items) : Buffer.concat(items);
}
