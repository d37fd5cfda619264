import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EvidenceError } from './error.ts';

/** Lines of a body, sorted by the UTF-8 bytes of their ids at constant memory. */
export interface LineSorter extends Disposable {
  /** Throws `invalid` when the id is there already. */
  add(id: string, line: Uint8Array): void;
  sorted(): Iterable<Uint8Array>;
}

const CONSTRAINT = 19;
const CACHE_KIB = 8192;

/**
 * A sorter in a temporary SQLite file. Its name is removed as soon as it is open, so that a killed process leaves no records
 * behind. The key is a BLOB, whose order is that of its bytes: JS strings sort by UTF-16 units, which differs beyond U+FFFF.
 */
export function createSorter(temporary: string): LineSorter {
  const database = io(() => openTemporary(temporary));
  const insert = database.prepare('INSERT INTO line(text, id) VALUES (?, ?)');
  const select = database.prepare('SELECT text FROM line INDEXED BY sqlite_autoindex_line_1 ORDER BY id');
  return {
    add(id, line) {
      try {
        insert.run(line, Buffer.from(id));
      } catch (cause) {
        if (cause instanceof Error && 'errcode' in cause && Number(cause.errcode) % 256 === CONSTRAINT) {
          throw new EvidenceError(
            'invalid',
            `record ${JSON.stringify(id)}: its id is not unique in the body`,
          );
        }
        throw unsorted(cause);
      }
    },
    *sorted() {
      const rows = select.iterate();
      for (let row = io(() => rows.next()); row.done !== true; row = io(() => rows.next())) {
        const { text } = row.value;
        if (text instanceof Uint8Array) yield text;
      }
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function openTemporary(temporary: string): DatabaseSync {
  const path = join(temporary, `sort-${randomBytes(12).toString('hex')}`);
  const database = new DatabaseSync(path);
  try {
    database.exec(`
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -${CACHE_KIB};
    CREATE TABLE line(text BLOB NOT NULL, id BLOB NOT NULL UNIQUE) STRICT;
    BEGIN;
  `);
  } catch (error) {
    database.close();
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
  return database;
}

function io<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw unsorted(cause);
  }
}

function unsorted(cause: unknown): EvidenceError {
  return new EvidenceError('io', `can't sort a body: ${String(cause)}`, { cause });
}
