import type { InventoryErrorCode } from '../error.ts';
import type { CheckQuery, CompiledQuery, Standing } from '../query-contract.ts';

/** What the child needs to know of a kind; it doesn't load the kinds themselves. */
export interface KindTables {
  readonly kind: string;
  readonly tables: readonly { readonly name: string; readonly ddl: readonly string[] }[];
  readonly computed: Readonly<Record<string, readonly string[]>>;
}

export type Request =
  /** Without a file the child compiles, with one it runs. */
  | { readonly type: 'start'; readonly kinds: readonly KindTables[]; readonly file: string | undefined }
  | { readonly type: 'compile'; readonly query: CheckQuery }
  | {
      readonly type: 'run';
      /** Compiled before. */
      readonly query: CheckQuery;
      readonly nullable: readonly string[];
      /** Unix seconds. */
      readonly now: number;
      readonly standing: readonly string[];
      readonly population: boolean;
    };

/** Per source, by its number in the inventory: number, key as JSON, rows of the kind, population, undecided. */
export type SourceTally = readonly [
  number: number,
  source: string,
  table: number,
  population: number,
  undecided: number,
];

/** Rows, by column: ids, numbers of their sources, and the reason of a failure, the bits of what isn't known (statements.ts), or null for what passes. */
export interface RowColumns {
  readonly ids: string[];
  readonly sources: number[];
  readonly told: (string | number | null)[];
}

/** A run is answered by tallies, any number of rows, and done. */
export type Reply =
  | { readonly type: 'started' }
  | { readonly type: 'compiled'; readonly compiled: CompiledQuery }
  | { readonly type: 'tallies'; readonly tallies: readonly SourceTally[] }
  | { readonly type: 'rows'; readonly rows: RowColumns }
  | { readonly type: 'done'; readonly standing: readonly (readonly [id: string, standing: Standing])[] }
  | { readonly type: 'error'; readonly code: InventoryErrorCode; readonly message: string };
