import { hash } from 'node:crypto';

/** The hash of the perfect subtree that covers the leaves [index * 2^level, (index + 1) * 2^level). */
export type NodeReader = (level: number, index: number) => Promise<Uint8Array>;

/** The roots of the perfect subtrees that a tree of `size` leaves splits into, largest (leftmost) first. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
  append(leafHash: Uint8Array): void;
  root(): Uint8Array;
}

export const HASH_BYTES = 32;

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 2.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array());

export function sha256(bytes: Uint8Array): Uint8Array {
  // By way of a string, its bytes come out of Buffer's pool: a buffer of its own takes longer than the hash.
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** SHA-256(0x00 || entry), RFC 6962 2.1. */
export function leafHash(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(entry.length + 1);
  input.set(entry, 1);
  return sha256(input);
}

/** SHA-256(0x01 || left || right), RFC 6962 2.1. Both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = 1;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return sha256(input);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * A tree that grows at the right and keeps only its frontier: memory is logarithmic in its size. Starts empty, or from
 * a frontier taken before (`size` and as many `hashes` as `size` has bits set; else a RangeError).
 */
export function createFrontier(size = 0, hashes: readonly Uint8Array[] = []): Frontier {
  if (!isSize(size) || perfectSubtrees(0, size).length !== hashes.length) {
    throw new RangeError(`a frontier of size ${size} can't have ${hashes.length} hashes`);
  }
  let leaves = size;
  const stack = [...hashes];
  return {
    get size() {
      return leaves;
    },
    get hashes() {
      return [...stack];
    },
    append(leaf) {
      let node = leaf;
      for (let before = leaves; isOdd(before); before = half(before)) {
        node = nodeHash(stack.pop() ?? EMPTY_ROOT, node);
      }
      stack.push(node);
      leaves += 1;
    },
    root: () => foldRight(stack),
  };
}

/** The audit path of a leaf, from the leaf upwards (RFC 6962 2.1.1). Throws a RangeError unless index < size. */
export async function proveInclusion(index: number, size: number, node: NodeReader): Promise<Uint8Array[]> {
  if (!isSize(index) || !isSize(size) || index >= size) {
    throw new RangeError(`no leaf ${index} in a tree of ${size}`);
  }
  const path: [number, number][] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + largestPowerBelow(end - begin);
    if (index < middle) {
      path.push([middle, end]);
      end = middle;
    } else {
      path.push([begin, middle]);
      begin = middle;
    }
  }
  return readRanges(path.toReversed(), node);
}

/** The consistency proof of RFC 6962 2.1.2. Throws a RangeError unless 0 < size1 <= size2. */
export async function proveConsistency(
  size1: number,
  size2: number,
  node: NodeReader,
): Promise<Uint8Array[]> {
  if (!isSize(size1) || !isSize(size2) || size1 === 0 || size1 > size2) {
    throw new RangeError(`no consistency proof from ${size1} to ${size2}`);
  }
  const path: [number, number][] = [];
  let [begin, end] = [0, size2];
  while (end !== size1) {
    const middle = begin + largestPowerBelow(end - begin);
    if (size1 <= middle) {
      path.push([middle, end]);
      end = middle;
    } else {
      path.push([begin, middle]);
      begin = middle;
    }
  }
  if (begin > 0) path.push([begin, end]);
  return readRanges(path.toReversed(), node);
}

/** True when the proof leads from the leaf hash at `index` to `root` (RFC 9162 2.1.3.2). Never throws. */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !areHashes([leaf, ...proof])) return false;
  let [position, last, node] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      node = nodeHash(sibling, node);
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      node = nodeHash(node, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(node, root);
}

/**
 * True when the tree of `size2` with `root2` begins with the tree of `size1` with `root1` (RFC 9162 2.1.4.2). An empty
 * first tree shows nothing and is false, as is size1 > size2. Never throws.
 */
export function verifyConsistency(
  size1: number,
  size2: number,
  proof: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): boolean {
  if (!isSize(size1) || !isSize(size2) || size1 === 0 || size1 > size2) return false;
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2);
  if (proof.length === 0) return false;
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  const [seed, ...rest] = path;
  if (seed === undefined || !areHashes(path)) return false;
  let [position, last] = [size1 - 1, size2 - 1];
  while (isOdd(position)) [position, last] = [half(position), half(last)];
  let [node1, node2] = [seed, seed];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      node1 = nodeHash(sibling, node1);
      node2 = nodeHash(sibling, node2);
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      node2 = nodeHash(node2, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && equalBytes(node1, root1) && equalBytes(node2, root2);
}

/** The root of the leaves [0, size), read by its perfect subtrees. */
export async function treeRoot(size: number, node: NodeReader): Promise<Uint8Array> {
  return size === 0 ? EMPTY_ROOT : readRange(0, size, node);
}

/** The frontier of the leaves [0, size), to go on appending. */
export async function readFrontier(size: number, node: NodeReader): Promise<Frontier> {
  const hashes: Uint8Array[] = [];
  for (const [level, index] of perfectSubtrees(0, size)) hashes.push(await node(level, index));
  return createFrontier(size, hashes);
}

async function readRanges(
  ranges: readonly (readonly [number, number])[],
  node: NodeReader,
): Promise<Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (const [begin, end] of ranges) hashes.push(await readRange(begin, end, node));
  return hashes;
}

async function readRange(begin: number, end: number, node: NodeReader): Promise<Uint8Array> {
  const hashes: Uint8Array[] = [];
  for (const [level, index] of perfectSubtrees(begin, end)) hashes.push(await node(level, index));
  return foldRight(hashes);
}

function foldRight(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The (level, index) of the perfect subtrees of [begin, end), where begin is a multiple of the largest. */
function perfectSubtrees(begin: number, end: number): [number, number][] {
  const nodes: [number, number][] = [];
  for (let at = begin; at < end;) {
    const width = largestPowerBelow(end - at + 1);
    nodes.push([Math.log2(width), at / width]);
    at += width;
  }
  return nodes;
}

// Bitwise operators work on 32 bits, and sizes go up to 2^53 - 1: hence arithmetic.

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

/** The largest power of two that is smaller than `value` (which is at least 2). */
function largestPowerBelow(value: number): number {
  let power = 1;
  while (power * 2 < value) power *= 2;
  return power;
}

function isPowerOfTwo(value: number): boolean {
  return largestPowerBelow(value + 1) === value;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}
