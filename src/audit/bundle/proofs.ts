import type { Sealed } from '../../evidence/contract.ts';
import { EvidenceError } from '../../evidence/error.ts';
import {
  equalBytes,
  nodeHash,
  type NodeReader,
  proveConsistency,
  proveInclusion,
  readFrontier,
  treeRoot,
  verifyInclusion,
} from '../../evidence/merkle.ts';
import type { ConsistencyFile, FrontierFile, Proof } from '../layout.ts';
import { provenIn } from '../range.ts';

/** Levels of a tile: what is above is read from the tile above it. */
const TILE_HEIGHT = 8;
/** Nodes: more than the proofs of neighbouring entries share. */
const KEPT = 1 << 13;

/**
 * Reads nodes through a memory of the last ones. Those within a tile are made of their two children, so that neighbours share all work: about one hash
 * an entry.
 */
export function rememberNodes(read: NodeReader): NodeReader {
  const kept = new Map<string, Promise<Uint8Array>>();
  async function make(level: number, index: number): Promise<Uint8Array> {
    if (level % TILE_HEIGHT === 0) return read(level, index);
    return nodeHash(await node(level - 1, index * 2), await node(level - 1, index * 2 + 1));
  }
  function node(level: number, index: number): Promise<Uint8Array> {
    const key = `${level}/${index}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make(level, index);
    kept.set(key, made);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return made;
  }
  return node;
}

/** A checkpoint that a bundle holds. */
export interface Proven {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Prover {
  /** The proof of an entry, checked against the checkpoint's signed root. */
  prove(entry: Pick<Sealed, 'index' | 'leafHash'>): Promise<Proof>;
  frontier(size: number): Promise<FrontierFile>;
  /** Between each checkpoint and the next. */
  consistency(): Promise<ConsistencyFile>;
}

/**
 * Proves what a bundle says of the log. `checkpoints`: verified ones, ascending by size; `stamped`: the sizes of those with tokens, ascending.
 * Throws `corrupt` when the tiles don't have the roots that are signed.
 */
export async function createProver(
  checkpoints: readonly Proven[],
  stamped: readonly number[],
  nodes: NodeReader,
): Promise<Prover> {
  const sizes = checkpoints.map(({ size }) => size);
  const roots = new Map(checkpoints.map(({ size, root }) => [size, root]));
  for (const { size, root } of checkpoints) {
    if (!equalBytes(await treeRoot(size, nodes), root))
      throw new EvidenceError('corrupt', `log/checkpoints/${size}: its root is not the one of the tiles`);
  }
  return {
    async prove({ index, leafHash }) {
      const size = provenIn(index, sizes, stamped);
      const hashes = await proveInclusion(index, size, nodes);
      const leaf = Buffer.from(leafHash, 'hex');
      if (!verifyInclusion(index, size, leaf, hashes, roots.get(size) ?? leaf))
        throw new EvidenceError('corrupt', `entry ${index}: the tiles don't prove it in the tree of ${size}`);
      return { index, size, hashes: hashes.map(base64) };
    },
    async frontier(size) {
      const { hashes } = await readFrontier(size, nodes);
      return { size, hashes: hashes.map(base64) };
    },
    async consistency() {
      const proofs: { from: number; to: number; hashes: string[] }[] = [];
      for (const [at, to] of sizes.entries()) {
        const from = sizes[at - 1];
        if (from === undefined) continue;
        proofs.push({ from, to, hashes: (await proveConsistency(from, to, nodes)).map(base64) });
      }
      return proofs;
    },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
