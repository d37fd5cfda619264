import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { EvidenceError } from './error.ts';
import { STATE_FOLDER } from './directory.ts';

/** The largest size and root (hex) that the log published here: a smaller one later means it was rolled back. */
export interface HighWater {
  readonly size: number;
  readonly root: string;
}

/** What the writer looks up of an entry. */
export interface IndexedEntry {
  readonly index: number;
  readonly runId: string;
  readonly stream: string;
  readonly seq: number;
  readonly sealedAt: number;
}

/** The writer's own memory, outside the store. The index is a projection of the log. All methods throw `io`. */
export interface LogState extends Disposable {
  /** Undefined when there is no mark: a new directory, or state that was lost. */
  highWater(): HighWater | undefined;
  /** Raises the mark and indexes the new entries, together. Durable when it returns. */
  commit(mark: HighWater, entries: readonly IndexedEntry[]): void;
  /** Entries indexed, from 0 without a gap. */
  indexed(): number;
  clearIndex(): void;
  find(runId: string, stream: string): number | undefined;
  nextSeq(stream: string): number;
  /** Indexes of the stream's entries, ascending. */
  positions(stream: string): readonly number[];
  /** Of the last entry; 0 without entries. */
  lastSealedAt(): number;
}

const schema = `
  CREATE TABLE IF NOT EXISTS high_water(id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, root TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS entry(
    position INTEGER PRIMARY KEY, run_id TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, sealed_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entry_run ON entry(run_id, stream);
  CREATE INDEX IF NOT EXISTS entry_stream ON entry(stream, seq);
`;

const BUSY = 5;
/** Milliseconds: two that start at once may refuse each other for a moment. */
const LOCK_WAIT = 250;

/**
 * Takes the lock of the directory's writer until it is disposed, whatever ends the process. Throws `locked`, naming the
 * holder. Nothing may open the lock's file except through SQLite: closing any other handle would drop the lock (POSIX).
 */
export function lockDirectory(root: string): Disposable {
  const folder = join(root, STATE_FOLDER);
  const holder = join(folder, 'lock-holder.json');
  const database = io('open the lock', () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new DatabaseSync(join(folder, 'lock'), { timeout: LOCK_WAIT });
  });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY)) {
      throw new EvidenceError('io', `can't lock ${root}: ${String(cause)}`, { cause });
    }
    throw new EvidenceError('locked', `${root}: another process writes here (${describeHolder(holder)})`, {
      cause,
    });
  }
  io('name the lock holder', () => {
    writeFileSync(holder, `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`);
  });
  return {
    [Symbol.dispose]() {
      try {
        rmSync(holder, { force: true });
      } catch {
        // On a volume that can only be read it stays: it is asked only while somebody holds the lock.
      } finally {
        database.close();
      }
    },
  };
}

/** The state of the writer, who holds the lock. Throws `io` or, when the file is not what it should be, `corrupt`. */
export function openState(root: string): LogState {
  const path = join(root, STATE_FOLDER, 'log.sqlite');
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    database.exec(schema);
  } catch (cause) {
    database.close();
    throw new EvidenceError('corrupt', `${path}: can't be used: ${String(cause)}`, { cause });
  }
  const mark = database.prepare('SELECT size, root FROM high_water');
  const raise = database.prepare(
    'INSERT INTO high_water(id, size, root) VALUES (0, ?, ?) ON CONFLICT(id) DO UPDATE SET size = excluded.size, root = excluded.root',
  );
  const insert = database.prepare(
    'INSERT OR REPLACE INTO entry(position, run_id, stream, seq, sealed_at) VALUES (?, ?, ?, ?, ?)',
  );
  const count = database.prepare('SELECT count(*) AS n, coalesce(max(position) + 1, 0) AS next FROM entry');
  const find = database.prepare('SELECT min(position) AS n FROM entry WHERE run_id = ? AND stream = ?');
  const seq = database.prepare('SELECT coalesce(max(seq) + 1, 0) AS n FROM entry WHERE stream = ?');
  const positions = database.prepare(
    'SELECT position AS n FROM entry WHERE stream = ? ORDER BY seq, position',
  );
  const sealed = database.prepare('SELECT sealed_at AS n FROM entry ORDER BY position DESC LIMIT 1');
  return {
    highWater: () =>
      io('read the high-water mark', () => {
        const row = mark.get();
        return row === undefined ? undefined : { size: Number(row['size']), root: String(row['root']) };
      }),
    commit: ({ size, root }, entries) =>
      io('write the high-water mark', () => {
        database.exec('BEGIN IMMEDIATE');
        try {
          for (const entry of entries)
            insert.run(entry.index, entry.runId, entry.stream, entry.seq, entry.sealedAt);
          raise.run(size, root);
          database.exec('COMMIT');
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK');
          throw error;
        }
      }),
    indexed: () =>
      io('read the index', () => {
        const row = count.get();
        return row?.['n'] === row?.['next'] ? Number(row?.['n']) : 0;
      }),
    clearIndex: () => io('clear the index', () => database.exec('DELETE FROM entry')),
    find: (runId, stream) =>
      io('read the index', () => {
        const found = find.get(runId, stream)?.['n'];
        return typeof found === 'number' ? found : undefined;
      }),
    nextSeq: (stream) => io('read the index', () => Number(seq.get(stream)?.['n'])),
    positions: (stream) => io('read the index', () => positions.all(stream).map(({ n }) => Number(n))),
    lastSealedAt: () => io('read the index', () => Number(sealed.get()?.['n'] ?? 0)),
    [Symbol.dispose]: () => database.close(),
  };
}

/** The mark of a directory that another process may be writing to; undefined when there is none. Throws `corrupt`. */
export function readHighWater(root: string): HighWater | undefined {
  const path = join(root, STATE_FOLDER, 'log.sqlite');
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare('SELECT size, root FROM high_water').get();
    return row === undefined ? undefined : { size: Number(row['size']), root: String(row['root']) };
  } catch (cause) {
    if (cause instanceof Error && /unable to open/.test(cause.message)) return undefined;
    throw new EvidenceError('corrupt', `${path}: can't be read: ${String(cause)}`, { cause });
  }
}

const holderSchema = z.object({ pid: z.int(), host: z.string() });

function describeHolder(path: string): string {
  try {
    const { pid, host } = holderSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return `process ${pid} on ${host}`;
  } catch {
    return 'it has not said who it is';
  }
}

function io<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EvidenceError('io', `can't ${doing}: ${why}`, { cause });
  }
}
