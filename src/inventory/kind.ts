import type { z } from 'zod';

/** A (collector, dataset, scope): what is collected whole, sealed, and can fail alone. */
export interface SourceRef {
  readonly collector: string;
  readonly dataset: string;
  readonly scope: string;
}

/** The one spelling of a source in keys, streams and bodies. */
export function sourceKey(source: SourceRef): string {
  return `${source.collector}/${source.dataset}/${source.scope}`;
}

export type Scalar = string | number | null;

/** The rows that one record becomes, by table. Columns that the inventory computes or adds are left out. */
export type Rows = Readonly<Record<string, readonly Readonly<Record<string, Scalar>>[]>>;

/** What a column of text can name. */
export type Named = 'person' | 'identity';

export interface KindTable {
  readonly name: string;
  /** STRICT table and its indexes. Every table has `_source INTEGER NOT NULL`, filled by the inventory. */
  readonly ddl: readonly string[];
}

/**
 * One kind of record: its schema, its tables (the first carries the kind's own name; the rest are child tables) and how a record
 * becomes rows. Kinds only gain columns.
 */
export interface Kind {
  readonly name: string;
  readonly schema: z.ZodType<InventoryRecord>;
  readonly tables: readonly [KindTable, ...KindTable[]];
  readonly rows: (record: never) => Rows;
  /** Columns of the first table that the inventory computes, with the tables they are computed from: who reads one depends on those. */
  readonly computed?: Readonly<Record<string, readonly string[]>>;
  /** Columns of the first table that name a person or an account, as people write it (named.ts). */
  readonly names?: Readonly<Record<string, Named>>;
  /** SHA-256, hex, of the JCS of { name, JSON Schema, tables }: named by snapshots and verdicts. */
  readonly digest: string;
}

/** What every record has. `raw` keeps the source's own words, only for fields that the plugin's schema names. */
export interface InventoryRecord {
  /** `source:scope:native immutable id`, unique within its body. */
  readonly id: string;
  /** A name in `kinds`. */
  readonly kind: string;
  /** The plugin's type, such as `aws`. */
  readonly source: string;
  /** The scope's native id: account, organisation, file. */
  readonly scope: string;
  readonly raw?: Readonly<Record<string, unknown>>;
}
