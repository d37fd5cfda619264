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

/** A line of a body, or of what remains of one. `raw`: as stored, salt included, without the LF. */
export type BodyLine =
  | { readonly record: BodyRecord & Record<string, unknown>; readonly raw: Uint8Array }
  /** The leaf hash, hex, of a record that was erased. */
  | { readonly erased: string; readonly raw: Uint8Array };

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
  readonly anchor: Anchor;
  readonly subjects: readonly Subject[];
  readonly fields: JsonObject;
}

/**
 * An earlier checkpoint (hex root): the newest one with timestamps, and the SHA-256 of each of its tokens' files; without any,
 * the newest before the statement, and no tokens. The statement was not sealed before it.
 */
export interface Anchor {
  readonly size: number;
  readonly root: string;
  readonly tokens: readonly string[];
}

/** A checkpoint with what authorities answered for it (TimeStampResp, DER). */
export interface Stamped {
  readonly size: number;
  /** The signed note that they timestamped. */
  readonly note: string;
  readonly tokens: readonly { readonly authority: string; readonly response: Uint8Array }[];
}

export interface CheckpointInfo {
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** The signed note, as published. */
  readonly note: string;
}

/** A key that the log's entries put in force. */
export interface KeyInForce {
  readonly use: 'envelope' | 'checkpoint' | 'body';
  /** SHA-256, hex: of the SPKI; of a body key, see bodyKeyId. */
  readonly fingerprint: string;
  /** DER; null for a body key. */
  readonly spki: Uint8Array | null;
  /** The entry that put it in force (0: the genesis), and when that was sealed, Unix seconds. */
  readonly index: number;
  readonly since: number;
  /** A checkpoint key that signs no longer alone: another one follows it. */
  readonly retiring: boolean;
}

export interface ErasureRequest {
  /** The body's digest, and the ids of the records to erase; `all`: the whole body. */
  readonly bodies: readonly { readonly sha256: string; readonly records: readonly string[] | 'all' }[];
  /** Who asked for it: a role or an operator, never the person whose records they are. */
  readonly by: string;
  readonly reason: string;
  readonly legalBasis: string;
}

/** What an erasure has done to a body. */
export interface Erased {
  /** Of the newest erasure's entry. */
  readonly index: number;
  /** Digest of what remains; null: nothing does. */
  readonly remainder: string | null;
  /** As signed when the body was whole. */
  readonly records: StoredBody['records'];
  /** How many of its lines are erased. */
  readonly erased: number;
}

export interface Erasures {
  /** By the digest of the original body. */
  readonly bodies: ReadonlyMap<string, Erased>;
  /** Digests of remainders that a later erasure of the same body has replaced. */
  readonly superseded: ReadonlySet<string>;
}

/** A body that an erasure names and that is still there. */
export interface Undeleted {
  readonly sha256: string;
  readonly why: string;
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
   * read until then must not be used before the iteration has ended well. Rejects with `erased` when records of it, or all, were erased.
   * `at`: as the entry of this index refers to it: an erasure after it counts even if the same bytes were collected again since.
   */
  body(sha256: string, at?: number): AsyncIterable<BodyRecord & Record<string, unknown>>;
  /** The lines of a body, or of what remains of it; undefined when all of it was erased. Rejects as `body` does, but for `erased`. */
  lines(sha256: string, at?: number): Promise<AsyncIterable<BodyLine> | undefined>;
  /** What was erased up to the head, by the digest of the original body. */
  erasures(): Promise<Erasures>;
  /** The consistency proof of RFC 6962 2.1.2 between two sizes up to the head's. Throws a RangeError unless 0 < from <= to. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** The keys in force at the head. */
  keys(): readonly KeyInForce[];
  /**
   * Keeps a timestamp (the whole TimeStampResp, DER, verified by the caller) beside the checkpoint of a size, for ever:
   * `log/checkpoints/<size>.<authority>.tsr`. Statements are anchored to it from now on.
   */
  addToken(size: number, authority: string, response: Uint8Array): Promise<void>;
  /** The newest checkpoint that has timestamps, as they are kept: not verified again. Undefined while there are none. */
  stamped(): Promise<Stamped | undefined>;
  /** Keeps signature lines of witnesses (verified by the caller) beside the checkpoint of a size: `log/checkpoints/<size>.sigs`. */
  addCosignatures(size: number, lines: string): Promise<void>;
  /** Keeps an authority's certificates (PEM) as `tsa/<sha256>.pem`: a subject for the configuration that names them. */
  publishAuthority(pem: string): Promise<Subject>;
  /**
   * Replaces bodies by what remains of them, seals what was erased and why, then deletes the originals. Rejects with `invalid` for a body or
   * a record that isn't there, or that may not be erased. Once sealed it never rejects: what the store did not delete yet is what
   * `finishErasures` tells. Nothing may be stored or appended meanwhile.
   */
  erase(request: ErasureRequest, progress?: (done: number, of: number) => void): Promise<Sealed>;
  /** Deletes what erasures have left to delete, as opening the log does. Returns what the store refuses to delete, and why. */
  finishErasures(): Promise<readonly Undeleted[]>;
}
