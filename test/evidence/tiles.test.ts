import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  createFrontier,
  leafHash,
  proveConsistency,
  proveInclusion,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/evidence/merkle.ts';
import { openNote, parseCheckpoint, parseVerifierKey } from '../../src/evidence/note.ts';
import {
  encodeBundle,
  parseBundle,
  parseHashTile,
  parseTilePath,
  perfectRoot,
  readTile,
  tileNodes,
  tilePath,
  tilesGrown,
  tilesOf,
} from '../../src/evidence/tiles.ts';
import type { Tile } from '../../src/evidence/tiles.ts';

const log = 'test/fixtures/vectors/tlog-tiles/log';
const logKey = parseVerifierKey(
  'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx',
);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const entry = (index: number): Uint8Array => Buffer.from(`entry ${index}`.repeat((index % 5) + 1));

/** The tiles that a writer has left after commits at these sizes. */
function grow(sizes: readonly number[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let from = 0;
  for (const to of sizes) {
    for (const tile of tilesGrown(from, to)) files.set(tilePath(tile), tileBytes(tile));
    from = to;
  }
  return files;
}

function tileBytes({ level, index, width }: Tile): Uint8Array {
  const numbers = Array.from({ length: width }, (_, i) => index * 256 + i);
  if (level === 'entries') return encodeBundle(numbers.map(entry));
  return Buffer.concat(numbers.map((n) => subtree(level, n)));
}

function subtree(level: number, index: number): Uint8Array {
  if (level === 0) return leafHash(entry(index));
  return perfectRoot(Array.from({ length: 256 }, (_, i) => subtree(level - 1, index * 256 + i)));
}

describe('the path of a tile', () => {
  test.each<[Tile, string]>([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 273, width: 17 }, 'tile/0/273.p/17'],
    [{ level: 3, index: 1_234_067, width: 256 }, 'tile/3/x001/x234/067'],
    [{ level: 'entries', index: 1000, width: 255 }, 'tile/entries/x001/000.p/255'],
    [{ level: 12, index: 999, width: 1 }, 'tile/12/999.p/1'],
  ])('%o is %s', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test.each([
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/00/001',
    'tile/64/001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/01',
    'tile/0/x001',
    'tile/entries/001.p/',
    'tile/data/001',
    '/tile/0/001',
    'tile/0/001\n',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
  ])('%j is none', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});

describe('the tiles that a commit writes', () => {
  test('are those of the published log, byte for byte, from its entries', () => {
    const published = globSync(`${log}/tile/**/*`, { withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => `${file.parentPath}/${file.name}`.slice(log.length + 1));
    const entries = parseBundle(readFileSync(`${log}/tile/entries/000.p/15`), 15);
    const reproduced = new Map<string, Uint8Array>();
    for (let size = 1; size <= 15; size += 1) {
      for (const tile of tilesGrown(size - 1, size)) {
        const inside = entries.slice(0, tile.width);
        const bytes = tile.level === 'entries' ? encodeBundle(inside) : Buffer.concat(inside.map(leafHash));
        reproduced.set(tilePath(tile), bytes);
      }
    }
    expect([...reproduced.keys()].sort()).toEqual(published.sort());
    for (const [path, bytes] of reproduced) expect(hex(bytes)).toBe(hex(readFileSync(`${log}/${path}`)));
  });

  test('hold the hashes that the published checkpoints sign', async () => {
    const read = async (path: string): Promise<Uint8Array> => readFileSync(`${log}/${path}`);
    const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    for (const size of sizes) {
      const opened = openNote(readFileSync(`${log}/checkpoint.${size}`), [logKey]);
      const checkpoint = parseCheckpoint(opened.text);
      expect(checkpoint.size).toBe(size);
      expect(checkpoint.extensions).toEqual([]);
      expect(hex(await treeRoot(size, tileNodes(read, size)))).toBe(hex(checkpoint.root));
    }
  });

  test('are what is new in them, at every level', () => {
    const paths = (from: number, to: number): string[] => tilesGrown(from, to).map(tilePath);
    expect(paths(0, 0)).toEqual([]);
    expect(paths(5, 5)).toEqual([]);
    expect(paths(0, 1)).toEqual(['tile/entries/000.p/1', 'tile/0/000.p/1']);
    expect(paths(255, 256)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1']);
    expect(paths(256, 257)).toEqual(['tile/entries/001.p/1', 'tile/0/001.p/1']);
    expect(paths(250, 600)).toEqual([
      'tile/entries/000',
      'tile/entries/001',
      'tile/entries/002.p/88',
      'tile/0/000',
      'tile/0/001',
      'tile/0/002.p/88',
      'tile/1/000.p/2',
    ]);
    expect(paths(65_535, 65_536)).toEqual(['tile/entries/255', 'tile/0/255', 'tile/1/000', 'tile/2/000.p/1']);
    expect(tilesOf(70_000).length).toBe(2 * 274 + 2 + 1);
  });
});

describe('a tree read from its tiles', () => {
  const sizes = [1, 255, 256, 300, 511, 70_000];
  const files = grow(sizes);
  const read = async (path: string): Promise<Uint8Array | undefined> => files.get(path);
  const roots = new Map<number, Uint8Array>();
  const frontier = createFrontier();
  for (let i = 0; i < 70_000; i += 1) {
    frontier.append(leafHash(entry(i)));
    if (sizes.includes(i + 1)) roots.set(i + 1, frontier.root());
  }
  const rootAt = (size: number): Uint8Array => roots.get(size) ?? new Uint8Array();

  test('has the root of its leaves', async () => {
    for (const size of sizes) {
      expect(hex(await treeRoot(size, tileNodes(read, size)))).toBe(hex(rootAt(size)));
    }
  });

  test('gives proofs that verify', async () => {
    const node = tileNodes(read, 70_000);
    for (const index of [0, 1, 255, 256, 65_535, 65_536, 69_999]) {
      const proof = await proveInclusion(index, 70_000, node);
      expect(verifyInclusion(index, 70_000, leafHash(entry(index)), proof, rootAt(70_000))).toBe(true);
    }
    for (const size of sizes) {
      const proof = await proveConsistency(size, 70_000, node);
      expect(verifyConsistency(size, 70_000, proof, rootAt(size), rootAt(70_000))).toBe(true);
    }
  });

  test('reads an older size from full tiles once the partial ones are gone', async () => {
    const full = new Map([...files].filter(([path]) => !path.includes('.p/') || path.includes('/273.p/')));
    const entries = await readTile(async (path) => full.get(path), 'entries', 1, 300);
    expect(entries.map(hex)).toEqual(Array.from({ length: 44 }, (_, i) => hex(entry(256 + i))));
  });

  test('says which tile is missing', async () => {
    const node = tileNodes(async () => undefined, 300);
    await expect(node(0, 299)).rejects.toThrow('tile/0/001.p/44 is missing');
    await expect(tileNodes(read, 300)(0, 300)).rejects.toThrow('beyond the end');
  });
});

describe('the bytes of a tile', () => {
  test('are refused when they end early or hold another number of entries', () => {
    const bundle = encodeBundle([entry(1), entry(2), new Uint8Array()]);
    expect(parseBundle(bundle, 3).map(hex)).toEqual([hex(entry(1)), hex(entry(2)), '']);
    expect(() => parseBundle(bundle.subarray(0, -1), 3)).toThrow('ends within');
    expect(() => parseBundle(bundle.subarray(0, -3), 3)).toThrow('ends within an entry');
    expect(() => parseBundle(bundle, 2)).toThrow('holds 3 entries, expected 2');
    expect(() => parseHashTile(new Uint8Array(33), 1)).toThrow('33 bytes, expected 32');
  });

  test('carry entries of up to 65,535 bytes', () => {
    const longest = new Uint8Array(65_535).fill(7);
    expect(parseBundle(encodeBundle([longest]), 1).map(hex)).toEqual([hex(longest)]);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow('over 65535');
  });
});
