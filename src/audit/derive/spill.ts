import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { typed } from '../../inventory/typed.ts';
import type { Cell } from './csv.ts';

/** Sort keys of a row: a number, then two texts by their UTF-8 bytes, then the order of adding. */
export type SortKey = readonly [number: number, first?: string, second?: string];

/** Rows that don't fit into memory, kept in a temporary file until the files that they belong to are written. */
export interface Spill extends Disposable {
  /** A directory that goes with it. */
  readonly directory: string;
  add(list: string, key: SortKey, row: readonly Cell[]): void;
  /** Sorted. `first`: only the rows with this first text. */
  rows(list: string, first?: string): Iterable<readonly Cell[]>;
  count(list: string, first?: string): number;
}

export function openSpill(): Spill {
  const directory = mkdtempSync(join(tmpdir(), 'annexa-derive-'));
  const db = new DatabaseSync(join(directory, 'rows.db'));
  db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000;
    CREATE TABLE row (list TEXT, number REAL, first TEXT, second TEXT, cells TEXT);
    BEGIN`);
  const insert = db.prepare('INSERT INTO row VALUES (?, ?, ?, ?, ?)');
  const all = 'SELECT cells FROM row WHERE list = ? ORDER BY number, first, second, rowid';
  const some = 'SELECT cells FROM row WHERE list = ? AND first = ? ORDER BY number, second, rowid';
  // Filled first, then read: sorting once costs less than keeping the order.
  const sorted = () =>
    db.exec(`CREATE INDEX IF NOT EXISTS row_by_key ON row (list, number, first, second);
      CREATE INDEX IF NOT EXISTS row_by_first ON row (list, first, number, second)`);
  return {
    directory,
    add: (list, [number, first = '', second = ''], row) => {
      insert.run(list, number, first, second, JSON.stringify(row));
    },
    *rows(list, first) {
      sorted();
      const found =
        first === undefined ? db.prepare(all).iterate(list) : db.prepare(some).iterate(list, first);
      for (const { cells } of found) yield typed<Cell[]>(JSON.parse(String(cells)));
    },
    count(list, first) {
      sorted();
      const one = 'SELECT count(*) AS n FROM row WHERE list = ? AND (? IS NULL OR first = ?)';
      return Number(db.prepare(one).get(list, first ?? null, first ?? null)?.['n']);
    },
    [Symbol.dispose]() {
      db.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
