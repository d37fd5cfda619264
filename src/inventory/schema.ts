import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Kind } from './kind.ts';

/** Tables of the inventory's own: a check can't read what begins with `_`. */
const OWN_DDL = [
  `CREATE TABLE _schema (digest TEXT NOT NULL) STRICT`,
  // source: JSON of the SourceRef. index: log index of the snapshot. records: JSON, how many of each kind.
  `CREATE TABLE _source (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    body TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    records TEXT NOT NULL
  ) STRICT`,
  // source: empty where the login counts in every source.
  `CREATE TABLE _declared (
    key TEXT NOT NULL COLLATE NOCASE,
    source TEXT NOT NULL,
    login TEXT NOT NULL COLLATE NOCASE,
    person TEXT NOT NULL,
    service INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE _declared_role (
    role TEXT NOT NULL COLLATE NOCASE,
    person TEXT NOT NULL,
    PRIMARY KEY (role, person)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE _declared_scope (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID`,
];

/**
 * Opens the inventory's file for its one writer. The file is a projection of sealed bodies: one of another schema, or that isn't a
 * database, is replaced by an empty one.
 */
export function openDatabase(file: string, kinds: ReadonlyMap<string, Kind>): DatabaseSync {
  const ddl = [
    ...OWN_DDL,
    ...[...kinds.values()].flatMap(({ tables }) => tables.flatMap((table) => table.ddl)),
  ];
  const digest = createHash('sha256').update(JSON.stringify(ddl)).digest('hex');
  const existing = openExisting(file, digest);
  if (existing !== undefined) return existing;
  if (file !== ':memory:')
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
  const db = open(file);
  db.exec('BEGIN');
  for (const statement of ddl) db.exec(statement);
  db.prepare('INSERT INTO _schema VALUES (?)').run(digest);
  db.exec('COMMIT');
  return db;
}

function openExisting(file: string, digest: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = open(file);
    if (db.prepare('SELECT digest FROM _schema').get()?.['digest'] === digest) return db;
  } catch (error) {
    if (!isUnusable(error)) {
      db?.close();
      throw error;
    }
  }
  db?.close();
  return undefined;
}

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    // NORMAL can't corrupt a WAL database; what a power loss takes is loaded again from the log.
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -12000;
      PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864`);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** No such table, malformed, not a database: as opposed to locked, or a directory that can't be written. */
export function isUnusable(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  return code === 1 || code === 11 || code === 26;
}
