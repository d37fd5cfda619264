import type { DatabaseSync } from 'node:sqlite';
import { typed } from '../typed.ts';
import type { KindTables } from './protocol.ts';

export interface Column {
  readonly name: string;
  readonly type: 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' | 'ANY';
  readonly nullable: boolean;
}

export interface Table {
  readonly name: string;
  readonly kind: string;
  /** By lower-case name, without the inventory's own columns (those that begin with `_`). */
  readonly columns: ReadonlyMap<string, Column>;
  /** Tables that a computed column is computed from. */
  readonly computed: Readonly<Record<string, readonly string[]>>;
}

/** Every table that a check may read, by name. */
export type Tables = ReadonlyMap<string, Table>;

/** Creates the kinds' tables in an empty database and describes them. */
export function createTables(db: DatabaseSync, kinds: readonly KindTables[]): Tables {
  const tables = new Map<string, Table>();
  for (const { kind, tables: own, computed } of kinds) {
    own.forEach(({ name, ddl }, position) => {
      for (const statement of ddl) db.exec(statement);
      tables.set(name, {
        name,
        kind,
        columns: columnsOf(db, name),
        computed: position === 0 ? computed : {},
      });
    });
  }
  return tables;
}

function columnsOf(db: DatabaseSync, table: string): Map<string, Column> {
  const rows = typed<{ name: string; type: Column['type']; required: number }[]>(
    db.prepare('SELECT name, type, "notnull" AS required FROM pragma_table_xinfo(?)').all(table),
  );
  return new Map(
    rows
      .filter(({ name }) => !name.startsWith('_'))
      .map(({ name, type, required }) => [name.toLowerCase(), { name, type, nullable: required === 0 }]),
  );
}
