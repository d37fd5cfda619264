import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { typed } from '../../inventory/typed.ts';

/** Differences that are told at most. */
const MAX = 20;

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/**
 * How the file `found` differs from `expected` in what it says: for files of the same input that different versions of SQLite wrote. Empty: tables, views,
 * indexes and every row are the same, indexes fit their tables, and nothing follows the pages. `found` may be anybody's file: nothing in it is run.
 */
export function compareInventory(found: string, expected: string): readonly string[] {
  let one: DatabaseSync | undefined;
  const other = open(expected);
  try {
    one = open(found);
    return [...differences(found, one, other)].slice(0, MAX);
  } catch (error) {
    return [`can't be read: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    one?.close();
    other.close();
  }
}

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, defensive: true, allowExtension: false });
  db.exec('PRAGMA trusted_schema = 0; PRAGMA cell_size_check = 1; PRAGMA cache_size = -8000');
  return db;
}

function* differences(file: string, found: DatabaseSync, expected: DatabaseSync): Generator<string> {
  const [has, wants] = [schemaOf(found), schemaOf(expected)];
  for (const name of new Set([...wants.keys(), ...has.keys()]))
    if (has.get(name) !== wants.get(name)) yield `${name} is not defined as expected`;
  // With another schema, reading rows could run anything.
  if ([...wants].some(([name, sql]) => has.get(name) !== sql) || has.size !== wants.size) return;
  const size = pragma(found, 'page_count') * pragma(found, 'page_size');
  if (statSync(file).size !== size) yield 'bytes follow the pages of the database';
  for (const problem of found.prepare('PRAGMA integrity_check').all()) {
    const text = String(problem['integrity_check']);
    if (text !== 'ok') yield `not intact: ${text}`;
  }
  for (const name of ['user_version', 'application_id', 'freelist_count'])
    if (pragma(found, name) !== pragma(expected, name)) yield `${name} is not as expected`;
  for (const [key] of wants) {
    const table = /^table (.*)$/s.exec(key)?.[1];
    if (table === undefined) continue;
    const at = firstOther(rowsOf(found, table), rowsOf(expected, table));
    if (at !== undefined) yield `table ${table}: row ${at} is not as expected`;
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/** The text of each object, by type and name. */
function schemaOf(db: DatabaseSync): ReadonlyMap<string, string> {
  const rows = typed<SchemaRow[]>(
    db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all(),
  );
  return new Map(rows.map(({ type, name, sql }) => [`${type} ${name}`, sql ?? '']));
}

function rowsOf(db: DatabaseSync, table: string): Iterator<unknown> {
  const name = `"${table.replaceAll('"', '""')}"`;
  const columns = db.prepare(`SELECT * FROM ${name} LIMIT 0`).columns();
  const order = columns.map((_, at) => at + 1).join(', ');
  const statement = db.prepare(`SELECT * FROM ${name} ORDER BY ${order}`, {
    returnArrays: true,
    readBigInts: true,
  });
  return statement.iterate()[Symbol.iterator]();
}

/** The number of the first row that differs, from 1. */
function firstOther(found: Iterator<unknown>, expected: Iterator<unknown>): number | undefined {
  for (let number = 1; ; number++) {
    const [one, other] = [found.next(), expected.next()];
    if (one.done === true && other.done === true) return undefined;
    if (one.done !== other.done || textOf(one.value) !== textOf(other.value)) return number;
  }
}

function textOf(row: unknown): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
