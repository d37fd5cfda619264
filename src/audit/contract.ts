import type { CheckpointInfo, Sealed } from '../evidence/contract.ts';

/** What a bundle is asked for. Times are Unix seconds. */
export interface Question {
  /** The period: [from, to). */
  readonly from: number;
  readonly to: number;
  /** Ids of controls (`A.8.5`), sorted; null: all. */
  readonly controls: readonly string[] | null;
  /** Names of collectors, sorted; null: all that the controls rest on. */
  readonly collectors: readonly string[] | null;
  /** Size of the checkpoint at which it is answered. */
  readonly at: number;
}

/** A verified RFC 3161 token over a checkpoint. */
export interface Token {
  /** Size of the checkpoint. */
  readonly size: number;
  readonly authority: string;
  /** SHA-256, hex, of the response's file. */
  readonly sha256: string;
  /** Unix seconds, as the authority says. */
  readonly genTime: number;
}

/** A line of a body. `raw`: its bytes as stored, salt included, without the LF: what the leaf hash is taken of, unless it was erased. */
export type Line =
  | { readonly record: Readonly<Record<string, unknown>> & { readonly id: string }; readonly raw: Uint8Array }
  /** Leaf hash, hex, of a record that was erased on request. */
  | { readonly erased: string; readonly raw: Uint8Array };

/**
 * What the answers are derived from: the same whether it is read from a store or from a bundle, and all of it verified before it is used.
 * Derived files follow from this and from the question alone.
 */
export interface Evidence {
  readonly origin: string;
  readonly sample: boolean;
  /** The checkpoint at which the question is answered. */
  readonly checkpoint: CheckpointInfo;
  /** Log indexes [first, end) that the question covers. */
  readonly range: { readonly first: number; readonly end: number };
  /** Entries of the range, in their order. */
  entries(): AsyncIterable<Sealed>;
  /**
   * Entries outside the range that those in it rest on, ascending: the genesis, rotations, the configuration in force at its
   * beginning, the last assessment of all checks before it, snapshots sealed before it that assessments in it used (and their configurations), attestations before it, erasures.
   */
  readonly context: readonly Sealed[];
  /** Tokens known of checkpoints of at most `at`, by size, then by authority. */
  readonly tokens: readonly Token[];
  /**
   * The lines of a body, salts taken off, in their order; undefined when the whole body was erased, or is not part of the answer. Rejects at
   * the end when the bytes don't follow from what is signed.
   */
  lines(sha256: string): Promise<AsyncIterable<Line> | undefined>;
}

/** Takes a derived file, piece by piece. */
export type Write = (name: string, bytes: AsyncIterable<Uint8Array>) => Promise<void>;
