import type { z } from 'zod';
import type { InventoryRecord } from '../inventory/kind.ts';

/** Where a collector collects: an account, an account in one region, an organisation, a cluster, a file. A scope `a:b` lies within the scope `a`. */
export interface Scope {
  /** The native id; part of record ids and of the stream's name. `[A-Za-z0-9._:-]{1,128}` */
  readonly id: string;
  readonly title?: string;
  /** The datasets that are collected there; absent: all of them. */
  readonly datasets?: readonly string[];
}

/** One dataset that a plugin offers. */
export interface DatasetSpec {
  readonly name: string;
  /** Names of inventory kinds that its records have. */
  readonly kinds: readonly string[];
  /** Default schedule, croner syntax or `every: <duration>`, such as `every 4h`. */
  readonly cadence: string;
  /** Default age, in seconds, after which a snapshot no longer supports a pass. Absent: twice the cadence. */
  readonly freshness?: number;
  /** Operations called, in the vendor's words, such as `iam:GetCredentialReport`. All read-only. */
  readonly operations: readonly string[];
  /** Permissions needed, in the vendor's words. */
  readonly permissions: readonly string[];
  /** Fewer records than this fail the dataset. Records that the collector carries over do not count. */
  readonly minRecords?: number;
  /** The share (0 to 1) by which a dataset may shrink between snapshots before it fails. */
  readonly maxShrink?: number;
  /** In how many scopes at most it is collected at once: for what must be held whole to be told. Absent: as many as there is room for. */
  readonly sideBySide?: number;
  /** The field of the settings that it needs: without it there is nothing to collect, and the dataset is not among the collector's. */
  readonly needs?: string;
}

/** A secret is named, never inline. */
export type SecretRef = { readonly env: string } | { readonly file: string };

/** What a dataset's collection tells about itself, beside its records. Filled while collecting, read when the iteration has ended. */
export interface Provenance {
  /** The source's own as-of time, Unix seconds. Left unset, the snapshot is `unknown`. */
  setAsOf(instant: number): void;
  /** Who called: ARN, app, customer, cluster UID, or the digest of the file that was read. */
  setCaller(identity: string): void;
  /** The endpoint; `vendor` is false for one that isn't the vendor's own. */
  setEndpoint(url: string, vendor: boolean): void;
  /** One answered or failed attempt of an API operation: counted, throttled ones apart; the request id is kept when there is one. */
  call(
    operation: string,
    outcome: { readonly throttled: boolean; readonly requestId?: string | undefined },
  ): void;
  /** A fact worth sealing: a file's digest, a count of rows. No personal data. */
  note(name: string, value: string | number): void;
}

export interface CollectorContext {
  /** The configured name of the collector. */
  readonly name: string;
  readonly logger: CollectorLogger;
  /** Unix seconds. */
  readonly now: () => number;
  /** The provenance of the collection of one dataset in one scope. */
  readonly provenance: (dataset: string, scope: string) => Provenance;
  /** The value of a named secret; rejects when it is not there. Never logged, never kept. */
  readonly secret: (ref: SecretRef) => Promise<string>;
  /**
   * The records of the last sealed snapshot of this collector's dataset in the scope, with its as-of time; undefined before the first.
   * Read back and verified.
   */
  readonly previous: (
    dataset: string,
    scope: string,
  ) => Promise<{ readonly asOf: number; readonly records: AsyncIterable<InventoryRecord> } | undefined>;
  /** The directory that relative paths of the configuration start from. */
  readonly directory: string;
}

export interface CollectorLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface PermissionReport {
  readonly caller: string;
  readonly permissions: readonly {
    readonly dataset: string;
    readonly permission: string;
    readonly scope: string;
    readonly held: boolean | 'unknown';
    /** Why it is not held or not known, and what to add. */
    readonly detail?: string;
  }[];
}

export interface Collector extends AsyncDisposable {
  scopes(signal: AbortSignal): Promise<readonly Scope[]>;
  /** Yields every record of the dataset in the scope, or rejects: never a part of them. Honours the signal. */
  collect(dataset: string, scope: Scope, signal: AbortSignal): AsyncIterable<InventoryRecord>;
  /**
   * Each permission the datasets need (all of them unless named) and whether it is held, without changing anything. What isn't examined when the
   * signal fires is `unknown`.
   */
  preflight(signal: AbortSignal, datasets?: readonly string[]): Promise<PermissionReport>;
}

export interface CollectorPlugin<C> {
  /** The folder's name. */
  readonly type: string;
  /** Its own section of the manifest. */
  readonly config: z.ZodType<C>;
  readonly datasets: readonly DatasetSpec[];
  connect(config: C, context: CollectorContext): Collector;
}
