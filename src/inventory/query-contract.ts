import type { Scalar, SourceRef } from './kind.ts';

/** The condition of a check, as SQL over one kind whose rows are aliased `it`. */
export interface CheckQuery {
  readonly name: string;
  readonly kind: string;
  /** Absent: every row. */
  readonly where?: string | undefined;
  readonly fails: string;
  /** An SQL expression that gives text; may not use `:now`. */
  readonly reason: string;
  /** Bound by name; a list is bound as a JSON array, for json_each. */
  readonly params: Readonly<Record<string, Scalar | readonly Scalar[]>>;
}

export interface CompiledQuery {
  /** Every table read, the kind's own first. */
  readonly tables: readonly string[];
  /** The kinds that own those tables: what the check depends on. */
  readonly kinds: readonly string[];
  /** Nullable columns of the kind's own table that `where` or `fails` reads: what the NULL sweep sets to NULL. */
  readonly nullable: readonly string[];
}

export interface SourceCount {
  readonly source: SourceRef;
  /** Rows of the kind from this source. */
  readonly table: number;
  /** Rows for which `where` is true. */
  readonly population: number;
  /** Rows for which `where` is NULL: each is among `rows` as unknown. */
  readonly undecided: number;
}

export interface QueryRow {
  readonly id: string;
  readonly source: SourceRef;
  readonly outcome: 'fail' | 'unknown' | 'pass';
  /** Empty for one that passes. */
  readonly reason: string;
}

export type Standing = 'failing' | 'passed' | 'unknown' | 'gone' | 'out_of_population';

export interface QueryResult {
  readonly counts: readonly SourceCount[];
  /** Failing and unknown rows, or the whole population, by the UTF-8 bytes of their id. */
  readonly rows: readonly QueryRow[];
  /** For each id of `standing` asked about: where it stands now. */
  readonly standing: ReadonlyMap<string, Standing>;
}

export interface RunOptions {
  /** Ids that are asked about beside the rows; none unless given. */
  readonly standing?: readonly string[];
  /** Also gives the rows that pass. */
  readonly population?: boolean;
}

/**
 * Runs checks against an inventory file in a child process that can be killed. `compile` rejects with an InventoryError
 * (`query-invalid`) that names the check and the place; `run` rejects with `query-deadline`, `query-memory` or `query-failed`.
 * The child is started on demand and again after it was killed.
 */
export interface Sandbox extends AsyncDisposable {
  /** Starts the process that compiles, ahead of the first check, unless checks were compiled before. */
  warm(): void;
  /** Checks run on this inventory file from now on; before, they can only be compiled. */
  attach(file: string): void;
  compile(query: CheckQuery): Promise<CompiledQuery>;
  run(query: CheckQuery, now: number, options?: RunOptions): Promise<QueryResult>;
}
