import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { createReadStream } from 'node:fs';
import { kinds } from '../../../src/inventory/kinds.ts';
import type { CheckQuery } from '../../../src/inventory/query-contract.ts';
import { typed } from '../../../src/inventory/typed.ts';

// What the inventory is measured against: the same lines parsed and inserted into the same tables, nothing validated, nobody's owner
// looked for; and the same SQL alone, in this process.

type Value = string | number | null;

interface Insert {
  readonly table: string;
  readonly columns: readonly string[];
  readonly statement: StatementSync;
}

export async function bareLoad(file: string, sources: readonly string[]): Promise<void> {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32000');
  const inserts = new Map<string, Insert[]>();
  for (const kind of kinds.values()) {
    for (const ddl of kind.tables.flatMap((table) => table.ddl)) db.exec(ddl);
    inserts.set(
      kind.name,
      kind.tables.map(({ name }) => prepare(db, name, Object.keys(kind.computed ?? {}))),
    );
  }
  for (const [at, source] of sources.entries()) {
    db.exec('BEGIN');
    for await (const line of createInterface({ input: createReadStream(source) })) {
      const record: { kind: string } = JSON.parse(line);
      const rows = kinds.get(record.kind)!.rows(typed<never>(record));
      for (const { table, columns, statement } of inserts.get(record.kind)!) {
        for (const row of rows[table]!) statement.run(at + 1, ...columns.map((column) => row[column]!));
      }
    }
    db.exec('COMMIT');
  }
  db.close();
}

function prepare(db: DatabaseSync, table: string, computed: readonly string[]): Insert {
  const columns = db
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map((row) => String(row['name']))
    .filter((name) => name !== '_source' && !computed.includes(name));
  const names = ['_source', ...columns].join(', ');
  const values = names.replaceAll(/\w+/g, '?');
  return { table, columns, statement: db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${values})`) };
}

/** Failing and undecided rows, and the sizes of table and population: the same answers, less what the sandbox adds. */
export function bareQueries(file: string, queries: readonly CheckQuery[], now: number): { rows: number } {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA cache_size = -16000');
  let rows = 0;
  for (const { kind, where = 'TRUE', fails, reason, params } of queries) {
    const bound: Record<string, Value> = { now };
    for (const [name, value] of Object.entries(params)) {
      bound[name] = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    }
    const options = { allowUnknownNamedParameters: true };
    const scan = `SELECT it.id, CASE NOT (${where}) WHEN 0 THEN (${fails}) WHEN 1 THEN 0 END AS v, (${reason}) AS reason FROM ${kind} AS it WHERE v IS NOT FALSE`;
    const size = `SELECT count(*), count(*) FILTER (WHERE (${where})) FROM ${kind} AS it`;
    rows += db.prepare(scan, options).all(bound).length;
    db.prepare(size, options).get(bound);
  }
  db.close();
  return { rows };
}
