import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';

/** What a statement says of one of its bodies. */
export interface Claim {
  readonly entry: number;
  /** The field that says it. */
  readonly field: string;
  readonly count: number;
  readonly root: string;
}

/**
 * What has to be remembered of every entry, kept in a temporary SQLite file of this process alone (it has no name and goes
 * with the process), so that memory does not grow with the log. Digests are hex.
 */
export interface Ledger extends Disposable {
  /** False when the leaf was in the log already. */
  addLeaf(leafHash: string): boolean;
  hasLeaf(leafHash: string): boolean;
  /** A body that an entry refers to. */
  addSubject(entry: number, sha256: string): void;
  isReferenced(sha256: string): boolean;
  addClaim(claim: Claim): void;
  /** A body that a statement refers to as one whose lines refer to further bodies. */
  addIndex(sha256: string): void;
  isIndex(sha256: string): boolean;
  /** A body that a line of another body refers to. */
  addNested(sha256: string): void;
  /** Digests of all bodies that statements refer to, in their order. */
  bodies(): IterableIterator<string>;
  /** Moves the nested bodies that no statement refers to among the others, and gives their digests. */
  takeNested(): IterableIterator<string>;
  countBodies(): number;
  /** What a body really holds. */
  setBody(sha256: string, count: number, root: string): void;
  addCheckpoint(size: number, root: string): void;
  /** The root of the published checkpoint of a size. */
  rootAt(size: number): string | undefined;
  addIntent(from: number): void;
  hasIntent(from: number): boolean;
  /** Claims that no body of their entry fulfils. */
  brokenClaims(): IterableIterator<Claim>;
}

const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -16000;
  CREATE TABLE leaf (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE subject (entry INTEGER, sha256 BLOB, PRIMARY KEY (entry, sha256)) STRICT, WITHOUT ROWID;
  CREATE TABLE body (sha256 BLOB PRIMARY KEY, count INTEGER, root BLOB) STRICT, WITHOUT ROWID;
  CREATE TABLE body_index (sha256 BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE nested (sha256 BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE claim (entry INTEGER, field TEXT, count INTEGER, root BLOB) STRICT;
  CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB) STRICT;
  CREATE TABLE intent (first INTEGER PRIMARY KEY) STRICT;
  BEGIN;`;

const BROKEN = `
  SELECT entry, field, count, hex(root) AS root FROM claim
  WHERE NOT EXISTS (
    SELECT 1 FROM subject JOIN body USING (sha256)
    WHERE subject.entry = claim.entry AND body.count = claim.count AND body.root = claim.root
  )
  ORDER BY entry, field`;

export function createLedger(): Ledger {
  const db = new DatabaseSync('');
  db.exec(SCHEMA);
  const addLeaf = db.prepare('INSERT OR IGNORE INTO leaf VALUES (?)');
  const hasLeaf = db.prepare('SELECT 1 FROM leaf WHERE hash = ?');
  const addSubject = db.prepare('INSERT OR IGNORE INTO subject VALUES (?, ?)');
  const addBody = db.prepare('INSERT OR IGNORE INTO body VALUES (?, NULL, NULL)');
  const addIndex = db.prepare('INSERT OR IGNORE INTO body_index VALUES (?)');
  const isIndex = db.prepare('SELECT 1 FROM body_index WHERE sha256 = ?');
  const addNested = db.prepare('INSERT OR IGNORE INTO nested VALUES (?)');
  const nextNested = db.prepare(
    'SELECT hex(sha256) AS sha256 FROM nested WHERE sha256 > ? ORDER BY sha256 LIMIT 1',
  );
  const isReferenced = db.prepare('SELECT 1 FROM body WHERE sha256 = ?');
  const addClaim = db.prepare('INSERT INTO claim VALUES (?, ?, ?, ?)');
  const countBodies = db.prepare('SELECT count(*) AS n FROM body');
  const nextBody = db.prepare(
    'SELECT hex(sha256) AS sha256 FROM body WHERE sha256 > ? ORDER BY sha256 LIMIT 1',
  );
  const setBody = db.prepare('UPDATE body SET count = ?, root = ? WHERE sha256 = ?');
  const addCheckpoint = db.prepare('INSERT OR IGNORE INTO checkpoint VALUES (?, ?)');
  const rootAt = db.prepare('SELECT hex(root) AS root FROM checkpoint WHERE size = ?');
  const addIntent = db.prepare('INSERT OR IGNORE INTO intent VALUES (?)');
  const hasIntent = db.prepare('SELECT 1 FROM intent WHERE first = ?');
  const broken = db.prepare(BROKEN);
  return {
    addLeaf: (hash) => addLeaf.run(fromHex(hash)).changes === 1,
    hasLeaf: (hash) => hasLeaf.get(fromHex(hash)) !== undefined,
    addSubject(entry, sha256) {
      addSubject.run(entry, fromHex(sha256));
      addBody.run(fromHex(sha256));
    },
    isReferenced: (sha256) => isReferenced.get(fromHex(sha256)) !== undefined,
    addClaim({ entry, field, count, root }) {
      addClaim.run(entry, field, count, fromHex(root));
    },
    addIndex(sha256) {
      addIndex.run(fromHex(sha256));
    },
    isIndex: (sha256) => isIndex.get(fromHex(sha256)) !== undefined,
    addNested(sha256) {
      addNested.run(fromHex(sha256));
    },
    bodies: () => oneByOne(nextBody),
    *takeNested() {
      for (const sha256 of oneByOne(nextNested)) {
        if (addBody.run(fromHex(sha256)).changes === 1) yield sha256;
      }
    },
    countBodies: () => Number(countBodies.get()?.['n']),
    setBody(sha256, count, root) {
      setBody.run(count, fromHex(root), fromHex(sha256));
    },
    addCheckpoint(size, root) {
      addCheckpoint.run(size, fromHex(root));
    },
    rootAt(size) {
      const row = rootAt.get(size);
      return row === undefined ? undefined : String(row['root']).toLowerCase();
    },
    addIntent(from) {
      addIntent.run(from);
    },
    hasIntent: (from) => hasIntent.get(from) !== undefined,
    *brokenClaims() {
      for (const row of broken.iterate()) {
        yield {
          entry: Number(row['entry']),
          field: String(row['field']),
          count: Number(row['count']),
          root: String(row['root']).toLowerCase(),
        };
      }
    },
    [Symbol.dispose]() {
      db.close();
    },
  };
}

/** Digests after the last one given, so that the tables may be written to between two steps. */
function* oneByOne(next: StatementSync): Generator<string> {
  for (let last = ''; ;) {
    const row = next.get(fromHex(last));
    if (row === undefined) return;
    last = String(row['sha256']).toLowerCase();
    yield last;
  }
}

function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
