/** A value that JCS can write: no undefined, NaN, Infinity, lone surrogate, nor integer beyond 2^53-1. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** One line of a body. `salt` is added by the store and taken off again when a body is read. */
export interface BodyRecord {
  readonly id: string;
}

export interface StoredBody {
  /** Hex, of the uncompressed bytes. */
  readonly sha256: string;
  /** Length of the uncompressed bytes. */
  readonly bytes: number;
  /** RFC 6962 root, hex, over the lines with their LF taken off. */
  readonly records: { readonly count: number; readonly root: string };
}

export type PredicateName =
  | 'genesis'
  | 'snapshot'
  | 'run'
  | 'assessment'
  | 'config'
  | 'attestation'
  | 'access'
  | 'rotation'
  | 'erasure';

export interface Subject {
  readonly name: string;
  readonly sha256: string;
}

/** What its author says of a statement; the log adds `log`, `stream`, `seq`, `sealedAt`, `anchor`, `agent`, `sample`. */
export interface StatementDraft {
  readonly predicate: Exclude<PredicateName, 'genesis' | 'rotation'>;
  /** `snapshot/<collector>/<dataset>/<scope>`, `run/<collector>`, `assessment`, `config`, ... */
  readonly stream: string;
  readonly runId: string;
  /** Unix seconds. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Digest of the configuration in force; null before the first. */
  readonly config: string | null;
  readonly subjects: readonly Subject[];
  /** The predicate's own fields, no personal data. */
  readonly fields: JsonObject;
}

/** An entry of the log, its envelope verified. */
export interface Sealed {
  readonly index: number;
  readonly leafHash: string;
  readonly predicate: PredicateName;
  readonly stream: string;
  readonly seq: number;
  readonly runId: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly sealedAt: number;
  readonly config: string | null;
  readonly subjects: readonly Subject[];
  readonly fields: JsonObject;
}

export interface CheckpointInfo {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** The signed note, as published. */
  readonly note: string;
}

/** The one writer of a log, and its reader. */
export interface EvidenceLog extends AsyncDisposable {
  readonly origin: string;
  readonly sample: boolean;
  checkpoint(): CheckpointInfo;
  /** Sorts, salts and stores the records as one body. When this returns, the body is durable (though nothing refers to it yet). */
  storeBody(
    records: AsyncIterable<BodyRecord> | Iterable<BodyRecord>,
    signal?: AbortSignal,
  ): Promise<StoredBody>;
  /**
   * Signs and appends the statements, in their order. When this returns they are acknowledged: durable, and covered by a published
   * checkpoint. Concurrent calls are committed together. A draft whose (runId, stream) is in the log already is not sealed
   * again: its entry is returned. `hurry`: don't wait for the window in which others may join.
   */
  append(
    drafts: readonly StatementDraft[],
    options?: { readonly hurry: boolean },
  ): Promise<readonly Sealed[]>;
  entry(index: number): Promise<Sealed>;
  /** The DSSE envelope, as stored. */
  envelope(index: number): Promise<Uint8Array>;
  entries(from?: number, to?: number): AsyncIterable<Sealed>;
  /**
   * The records of a stored body, salts taken off. Rejects at the end when the bytes don't have the digest: what was
   * read until then must not be used before the iteration has ended well.
   */
  body(sha256: string): AsyncIterable<BodyRecord & Record<string, unknown>>;
}
