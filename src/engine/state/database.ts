import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type Generated, Kysely, SqliteDialect } from 'kysely';
import type { ControlStatus, Outcome, Population, Severity } from '../../controls/contract.ts';
import type { ClosedBy } from '../../controls/deviations.ts';
import type { PopulationState, Standing } from '../../controls/population.ts';
import { isUnusable } from '../../inventory/schema.ts';
import { own } from '../own.ts';

/** Columns ending in `_at` and `as_of` are Unix seconds; `entry` columns are log indexes; `_json` columns hold JSON text. */
export interface StateTables {
  meta: { key: string; value: string };
  entry: {
    index: number;
    leaf_hash: string;
    predicate: string;
    stream: string;
    seq: number;
    run_id: string;
    sealed_at: number;
    subjects_json: string;
  };
  document: {
    id: string;
    kind: string;
    name: string;
    manifest_json: string;
    /** When this very text was first sealed, without having been away since. */
    sealed_at: number;
  };
  /** Given through the API; of those that one of the same name has replaced there is none. */
  attestation: {
    entry: number;
    leaf_hash: string;
    sealed_at: number;
    aspects_json: string;
    /** Null: it was erased. */
    line_json: string | null;
    withdrawn_at: number | null;
    /** Entry of the withdrawal. */
    withdrawal: number | null;
    withdrawal_json: string | null;
  };
  snapshot: {
    collector: string;
    dataset: string;
    scope: string;
    as_of: number | null;
    records: number;
    listed: number;
    body: string;
    sealed_at: number;
    entry: number;
  };
  run: {
    id: string;
    collector: string;
    started_at: number;
    finished_at: number;
    outcome: 'ok' | 'failed';
    entry: number;
    api_calls: number;
    throttled: number;
    datasets_json: string;
  };
  /** Runs in which a dataset failed, by the reason. */
  failure: { collector: string; reason: string; runs: number };
  source: {
    collector: string;
    dataset: string;
    scope: string;
    state: 'fresh' | 'stale' | 'missing';
    detail: string;
    as_of: number | null;
  };
  verdict: {
    check_name: string;
    /** Digest of the check that was judged. */
    text: string;
    outcome: Outcome;
    why: string;
    counts_json: string;
    scopes_json: string;
    body: string | null;
    /** Null too where the body had lost records when it was read. */
    population: Population | null;
    assessed_at: number;
    entry: number;
  };
  deviation: {
    id: string;
    check_name: string;
    /** The kind of the record. */
    kind: string;
    record: string;
    source: string;
    reason: string;
    severity: Severity;
    first_seen_at: number;
    due_at: number;
    exception: string | null;
    closed_at: number | null;
    closed_by: ClosedBy | null;
    ordinal: Generated<number>;
  };
  control: {
    id: string;
    ordinal: number;
    status: ControlStatus;
    why: string;
    aspects_json: string;
    assessed_at: number;
    /** The first assessment of those in a row that gave this status. */
    since_at: number;
    /** The last assessment that gave another status than `unknown`. */
    known_at: number | null;
  };
  /** When the status of a control, or of an aspect, became what. */
  status_change: { subject: string; entry: number; at: number; status: ControlStatus };
  /** When a record of an event check was first judged so, or left the population. */
  event_change: { check_name: string; record: string; entry: number; at: number; outcome: Standing };
  /** When what the verdicts on an event check say of its population became what. */
  population_change: { check_name: string; entry: number; at: number; state: PopulationState };
  /** When no assessment spoke: the one before was too old already. */
  gap: { from: number; to: number };
  /** Of one row: the latest moment that an assessment judged. */
  assessed: { only: 1; at: number };
  /** Documents that changed with a configuration, the product's own left out, by whether their approval is evidenced. */
  config_change: { approval: Approved; documents: number };
}

export type Approved = 'evidenced' | 'not_evidenced';

const DDL = [
  'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
  `CREATE TABLE entry ("index" INTEGER PRIMARY KEY, leaf_hash TEXT NOT NULL, predicate TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
    run_id TEXT NOT NULL, sealed_at INTEGER NOT NULL, subjects_json TEXT NOT NULL) STRICT`,
  'CREATE INDEX entry_stream ON entry (stream, "index")',
  'CREATE TABLE document (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, manifest_json TEXT NOT NULL, sealed_at INTEGER NOT NULL) STRICT',
  `CREATE TABLE attestation (entry INTEGER PRIMARY KEY, leaf_hash TEXT NOT NULL, sealed_at INTEGER NOT NULL, aspects_json TEXT NOT NULL, line_json TEXT,
    withdrawn_at INTEGER, withdrawal INTEGER, withdrawal_json TEXT) STRICT`,
  `CREATE TABLE snapshot (collector TEXT NOT NULL, dataset TEXT NOT NULL, scope TEXT NOT NULL, as_of INTEGER, records INTEGER NOT NULL,
    listed INTEGER NOT NULL, body TEXT NOT NULL, sealed_at INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (collector, dataset, scope)) STRICT`,
  `CREATE TABLE run (id TEXT PRIMARY KEY, collector TEXT NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, outcome TEXT NOT NULL,
    entry INTEGER NOT NULL, api_calls INTEGER NOT NULL, throttled INTEGER NOT NULL, datasets_json TEXT NOT NULL) STRICT`,
  'CREATE INDEX run_entry ON run (entry)',
  'CREATE INDEX run_collector ON run (collector, entry)',
  'CREATE TABLE failure (collector TEXT NOT NULL, reason TEXT NOT NULL, runs INTEGER NOT NULL, PRIMARY KEY (collector, reason)) STRICT',
  `CREATE TABLE source (collector TEXT NOT NULL, dataset TEXT NOT NULL, scope TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, as_of INTEGER,
    PRIMARY KEY (collector, dataset, scope)) STRICT`,
  `CREATE TABLE verdict (check_name TEXT PRIMARY KEY, text TEXT NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL, counts_json TEXT NOT NULL, scopes_json TEXT NOT NULL,
    body TEXT, population TEXT, assessed_at INTEGER NOT NULL, entry INTEGER NOT NULL) STRICT`,
  `CREATE TABLE deviation (ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, check_name TEXT NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, severity TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL, due_at INTEGER NOT NULL, exception TEXT, closed_at INTEGER, closed_by TEXT) STRICT`,
  'CREATE UNIQUE INDEX deviation_open ON deviation (check_name, record) WHERE closed_at IS NULL',
  `CREATE TABLE control (id TEXT PRIMARY KEY, ordinal INTEGER NOT NULL, status TEXT NOT NULL, why TEXT NOT NULL, aspects_json TEXT NOT NULL,
    assessed_at INTEGER NOT NULL, since_at INTEGER NOT NULL, known_at INTEGER) STRICT`,
  'CREATE TABLE status_change (subject TEXT NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY (subject, entry)) STRICT, WITHOUT ROWID',
  'CREATE TABLE event_change (check_name TEXT NOT NULL, record TEXT NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (check_name, record, entry)) STRICT, WITHOUT ROWID',
  'CREATE TABLE population_change (check_name TEXT NOT NULL, entry INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (check_name, entry)) STRICT, WITHOUT ROWID',
  'CREATE TABLE gap ("from" INTEGER PRIMARY KEY, "to" INTEGER NOT NULL) STRICT',
  'CREATE TABLE assessed (only INTEGER PRIMARY KEY CHECK (only = 1), at INTEGER NOT NULL) STRICT',
  'CREATE TABLE config_change (approval TEXT PRIMARY KEY, documents INTEGER NOT NULL) STRICT',
];

/** Raised whenever the same entries are projected to other rows than before: a state that was made by the old rules is made anew. */
const PROJECTION = 2;

const SCHEMA = createHash('sha256')
  .update([PROJECTION, ...DDL].join(';'))
  .digest('hex');

export interface StateDatabase extends Kysely<StateTables> {
  /** Another number after each change, also while a transaction goes on: what is read after it holds for as long as it stays. */
  revision(): number;
  /** What `read` gives, read once for each revision. */
  remembered<T>(read: (state: Kysely<StateTables>) => Promise<T>): Promise<T>;
}

/**
 * Opens the state, or starts an empty one when there is none, when an older or a newer version made it, or when it isn't a database: it is
 * a projection of the log.
 */
export async function openState(path: string): Promise<StateDatabase> {
  const found = connectIfUsable(path);
  if (found === undefined) return emptyState(path);
  if (schemaOf(found) === SCHEMA) return kysely(found);
  found.close();
  return emptyState(path);
}

function connectIfUsable(path: string): DatabaseSync | undefined {
  try {
    return connect(path);
  } catch (error) {
    if (isUnusable(error)) return undefined;
    throw error;
  }
}

/** Starts an empty state in place of whatever stands at the path. */
export async function emptyState(path: string): Promise<StateDatabase> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  const database = connect(path);
  database.exec(`BEGIN; ${DDL.join(';')}; COMMIT`);
  database.prepare('INSERT INTO meta VALUES (?, ?)').run('schema', SCHEMA);
  return kysely(database);
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    // A lost tail is projected again from the log: no fsync a transaction is needed.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function schemaOf(database: DatabaseSync): string | undefined {
  try {
    const row = database.prepare("SELECT value FROM meta WHERE key = 'schema'").get();
    return typeof row?.['value'] === 'string' ? row['value'] : undefined;
  } catch {
    return undefined;
  }
}

/** Kysely has no dialect of its own for node:sqlite: this is the driver's surface that its SQLite dialect asks for. */
function kysely(database: DatabaseSync): StateDatabase {
  // Of all that may write: nobody else does, and to ask SQLite at each request would cost more than the answer.
  let written = 0;
  const dialect = new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare: (sql) => {
        // SQLite itself takes back what finds no room; taking it back once more would hide that.
        const vain = sql === 'rollback' && !database.isTransaction;
        const statement = database.prepare(vain ? 'SELECT 1 WHERE FALSE' : sql);
        const writes = /^select\b/i.test(sql) ? 0 : 1;
        const bind = (parameters: readonly unknown[]) => {
          written += writes;
          return own<SQLInputValue[]>(parameters);
        };
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...bind(parameters)),
          run: (parameters) => statement.run(...bind(parameters)),
          iterate: (parameters) => statement.iterate(...bind(parameters)),
        };
      },
    },
  });
  const revision = () => written;
  const state = new Kysely<StateTables>({ dialect });
  return Object.assign(state, { revision, remembered: rememberer(state, revision) });
}

function rememberer(state: Kysely<StateTables>, revision: () => number): StateDatabase['remembered'] {
  const known = new Map<unknown, { readonly revision: number; readonly value: Promise<unknown> }>();
  return <T>(read: (state: Kysely<StateTables>) => Promise<T>) => {
    // Before anything is read: what is read can only be newer.
    const now = revision();
    const before = known.get(read);
    if (before?.revision === now) return own<Promise<T>>(before.value);
    const entry = { revision: now, value: read(state) };
    known.set(read, entry);
    entry.value.catch(() => {
      if (known.get(read) === entry) known.delete(read);
    });
    return entry.value;
  };
}
