import { readFileSync, globSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  EMPTY_ROOT,
  createFrontier,
  leafHash,
  nodeHash,
  proveConsistency,
  proveInclusion,
  readFrontier,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/evidence/merkle.ts';
import type { NodeReader } from '../../src/evidence/merkle.ts';

const decode = (text: string): Uint8Array => Buffer.from(text, 'base64');
const vectors = 'test/fixtures/vectors/merkle';

const vector = {
  desc: z.string(),
  wantErr: z.boolean(),
  proof: z
    .array(z.base64())
    .nullable()
    .transform((proof) => (proof ?? []).map(decode)),
};
const bytes = z.base64().transform(decode);
const inclusionVector = z.strictObject({
  ...vector,
  leafIdx: z.number(),
  treeSize: z.number(),
  root: bytes,
  leafHash: bytes,
});
const consistencyVector = z.strictObject({
  ...vector,
  size1: z.number(),
  size2: z.number(),
  root1: bytes,
  root2: bytes,
});

function load(folder: string): { file: string; json: unknown }[] {
  return globSync(`${vectors}/${folder}/**/*.json`)
    .sort()
    .map((file) => ({ file, json: JSON.parse(readFileSync(file, 'utf8')) }));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const leaves = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));

/** MTH of RFC 6962 2.1, word for word: what everything else is held against. */
function definedRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [only] = hashes;
  if (only === undefined) return EMPTY_ROOT;
  if (hashes.length === 1) return only;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return nodeHash(definedRoot(hashes.slice(0, k)), definedRoot(hashes.slice(k)));
}

function nodesOf(hashes: readonly Uint8Array[]): NodeReader {
  return async (level, index) => {
    const span = 2 ** level;
    if ((index + 1) * span > hashes.length) throw new Error(`no node ${level}/${index}`);
    return definedRoot(hashes.slice(index * span, (index + 1) * span));
  };
}

describe('the published proofs', () => {
  const inclusion = load('inclusion');
  const consistency = load('consistency');

  test('are all there', () => {
    expect([inclusion.length, consistency.length]).toEqual([98, 98]);
    const empty = consistency
      .map(({ json }) => consistencyVector.parse(json))
      .filter(({ size1, desc }) => size1 === 0 && desc.includes('size1 is zero'));
    expect(empty.map(({ wantErr }) => wantErr)).toEqual([true, true, true]);
  });

  test.each(inclusion)('inclusion: $file', ({ json }) => {
    const v = inclusionVector.parse(json);
    expect(verifyInclusion(v.leafIdx, v.treeSize, v.leafHash, v.proof, v.root)).toBe(!v.wantErr);
  });

  test.each(consistency)('consistency: $file', ({ json }) => {
    const v = consistencyVector.parse(json);
    expect(verifyConsistency(v.size1, v.size2, v.proof, v.root1, v.root2)).toBe(!v.wantErr);
  });
});

describe('a growing tree', () => {
  test('has the root of RFC 6962 at every size, from its frontier alone', () => {
    const all = leaves(70);
    const frontier = createFrontier();
    for (const [i, leaf] of all.entries()) {
      expect(hex(frontier.root())).toBe(hex(definedRoot(all.slice(0, i))));
      frontier.append(leaf);
      expect(frontier.size).toBe(i + 1);
      expect(frontier.hashes.length).toBe((i + 1).toString(2).replaceAll('0', '').length);
    }
  });

  test('goes on from a frontier that was read back', async () => {
    const all = leaves(45);
    for (let size = 0; size <= 45; size += 1) {
      const frontier = await readFrontier(size, nodesOf(all.slice(0, size)));
      for (const leaf of all.slice(size)) frontier.append(leaf);
      expect(hex(frontier.root())).toBe(hex(definedRoot(all)));
      expect(hex(await treeRoot(size, nodesOf(all)))).toBe(hex(definedRoot(all.slice(0, size))));
    }
  });

  test('refuses a frontier that no tree has', () => {
    expect(() => createFrontier(3, leaves(1))).toThrow(RangeError);
    expect(() => createFrontier(-1)).toThrow(RangeError);
  });
});

describe('proofs made here', () => {
  const all = leaves(35);
  const node = nodesOf(all);
  const root = (size: number): Uint8Array => definedRoot(all.slice(0, size));

  test('lead from every leaf to the root of every size, and from nothing else', async () => {
    for (let size = 1; size <= all.length; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = await proveInclusion(index, size, node);
        const leaf = all[index] ?? EMPTY_ROOT;
        expect(verifyInclusion(index, size, leaf, proof, root(size))).toBe(true);
        expect(verifyInclusion(index, size, EMPTY_ROOT, proof, root(size))).toBe(false);
        expect(verifyInclusion(index + 1, size, leaf, proof, root(size))).toBe(false);
        expect(verifyInclusion(index, size, leaf, [...proof, leaf], root(size))).toBe(false);
        expect(verifyInclusion(index, size, leaf, proof.slice(1), root(size))).toBe(proof.length === 0);
      }
    }
  });

  test('connect every two sizes, and no others', async () => {
    for (let size2 = 1; size2 <= all.length; size2 += 1) {
      for (let size1 = 1; size1 <= size2; size1 += 1) {
        const proof = await proveConsistency(size1, size2, node);
        expect(verifyConsistency(size1, size2, proof, root(size1), root(size2))).toBe(true);
        expect(verifyConsistency(size1, size2, proof, EMPTY_ROOT, root(size2))).toBe(false);
        expect(verifyConsistency(size1, size2, proof, root(size1), EMPTY_ROOT)).toBe(false);
        expect(verifyConsistency(size1, size2, [...proof, EMPTY_ROOT], root(size1), root(size2))).toBe(false);
      }
    }
  });

  test('work beyond 32 bits', async () => {
    // Every perfect subtree of a tree whose leaves are all the same has a root that depends on its level alone.
    const levels = [leafHash(Buffer.from('same'))];
    for (let i = 0; i < 53; i += 1) {
      const below = levels[i] ?? EMPTY_ROOT;
      levels.push(nodeHash(below, below));
    }
    const same: NodeReader = async (level) => levels[level] ?? EMPTY_ROOT;
    const [size1, size2] = [2 ** 40 + 12_345, 2 ** 53 - 1];
    const [root1, root2] = [await treeRoot(size1, same), await treeRoot(size2, same)];
    const leaf = levels[0] ?? EMPTY_ROOT;
    const inclusion = await proveInclusion(2 ** 39 + 7, size1, same);
    expect(verifyInclusion(2 ** 39 + 7, size1, leaf, inclusion, root1)).toBe(true);
    const consistency = await proveConsistency(size1, size2, same);
    expect(verifyConsistency(size1, size2, consistency, root1, root2)).toBe(true);
    expect(verifyConsistency(size1 + 2 ** 33, size2, consistency, root1, root2)).toBe(false);
  });

  test('are refused for what is not in the tree', async () => {
    await expect(proveInclusion(5, 5, node)).rejects.toThrow(RangeError);
    await expect(proveInclusion(-1, 5, node)).rejects.toThrow(RangeError);
    await expect(proveConsistency(0, 5, node)).rejects.toThrow(RangeError);
    await expect(proveConsistency(6, 5, node)).rejects.toThrow(RangeError);
  });
});
