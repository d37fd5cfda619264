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

/** What an erasure says of a body. */
export interface ErasedBody {
  /** Of the erasure. */
  readonly entry: number;
  /** Of the original. */
  readonly sha256: string;
  /** Digest of what remains; null: nothing does. */
  readonly remainder: string | null;
  /** Of the original. */
  readonly count: number;
  readonly root: string;
  /** How many of its lines are erased. */
  readonly erased: number;
}

/** What the lines of a body refer to further bodies for. */
export type IndexUse = 'verdicts' | 'erased';

/**
 * What has to be remembered of every entry, kept in a temporary SQLite file of this process alone (it has no name and goes
 * with the process), so that memory does not grow with the log. Digests are hex.
 */
export interface Ledger extends Disposable {
  /** False when the leaf was in the log already. */
  addLeaf(leafHash: string): boolean;
  hasLeaf(leafHash: string): boolean;
  /** A body that an entry refers to. Entries come in their order. */
  addSubject(entry: number, sha256: string): void;
  /** The last entry that refers to a body; undefined when none does. */
  lastReference(sha256: string): number | undefined;
  addClaim(claim: Claim): void;
  /** A body that an entry refers to as one whose lines refer to further bodies. */
  addIndex(entry: number, sha256: string, use: IndexUse): void;
  isIndex(sha256: string, use: IndexUse): boolean;
  /** Bodies of that use with the last entry that refers to each, in the order of the first that does. */
  indexes(use: IndexUse): IterableIterator<{ readonly sha256: string; readonly entry: number }>;
  /** A body that a line of another body refers to, with what that says of it. `entry`: the last one that refers to the other. */
  addNested(entry: number, sha256: string, says?: { readonly count: number; readonly root: string }): void;
  /** Digests of all bodies that statements refer to, in their order. */
  bodies(): IterableIterator<string>;
  /** Moves the nested bodies that no statement refers to among the others, and gives their digests. */
  takeNested(): IterableIterator<string>;
  countBodies(): number;
  /** What a body really holds. */
  setBody(sha256: string, count: number, root: string): void;
  /** A later erasure of the same body takes the place of an earlier one. */
  addErased(erased: ErasedBody): void;
  erasedBody(sha256: string): ErasedBody | undefined;
  /** In the order of their digests. */
  erasedBodies(): IterableIterator<ErasedBody>;
  /** `current`: what remains of a body by its newest erasure; `superseded`: by an earlier one. */
  remainderUse(sha256: string): 'current' | 'superseded' | undefined;
  /** Whether a statement or a line of a body signed says that the body holds these records. */
  isClaimed(sha256: string, count: number, root: string): boolean;
  /** `signedBy`: SPKIs. */
  addCheckpoint(size: number, root: string, signedBy: readonly Uint8Array[]): void;
  /** The root of the published checkpoint of a size. */
  rootAt(size: number): string | undefined;
  /** SPKIs of the keys that signed it. */
  signersAt(size: number): readonly Uint8Array[];
  addIntent(from: number): void;
  hasIntent(from: number): boolean;
  /** The certificates of an authority that a statement names. */
  addAuthority(sha256: string): void;
  hasAuthority(sha256: string): boolean;
  /** Claims that no body of their entry, or of a line, fulfils. */
  brokenClaims(): IterableIterator<Claim>;
  /** Digests of nested bodies that hold something else than a line says. */
  brokenNested(): IterableIterator<string>;
}

const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -16000;
  CREATE TABLE leaf (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE subject (entry INTEGER, sha256 BLOB, PRIMARY KEY (entry, sha256)) STRICT, WITHOUT ROWID;
  CREATE TABLE body (sha256 BLOB PRIMARY KEY, last INTEGER, count INTEGER, root BLOB) STRICT, WITHOUT ROWID;
  CREATE TABLE body_index (
    sha256 BLOB, use TEXT, first INTEGER, last INTEGER, PRIMARY KEY (sha256, use)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE nested (sha256 BLOB PRIMARY KEY, last INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE nested_claim (
    sha256 BLOB, count INTEGER, root BLOB, PRIMARY KEY (sha256, count, root)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE claim (entry INTEGER, field TEXT, count INTEGER, root BLOB) STRICT;
  CREATE TABLE erased (
    sha256 BLOB PRIMARY KEY, entry INTEGER, remainder BLOB, count INTEGER, root BLOB, erased INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE remainder (sha256 BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, root BLOB, signers TEXT) STRICT;
  CREATE TABLE intent (first INTEGER PRIMARY KEY) STRICT;
  CREATE TABLE authority (sha256 BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  BEGIN;`;

// A body that isn't there, or is none, has been told of, and holds nothing.
const BROKEN = `
  SELECT entry, field, count, hex(root) AS root FROM claim
  WHERE NOT EXISTS (
    SELECT 1 FROM subject JOIN body USING (sha256)
    WHERE subject.entry = claim.entry
      AND (body.count IS NULL OR (body.count = claim.count AND body.root = claim.root))
  )
  ORDER BY entry, field`;

const BROKEN_NESTED = `
  SELECT DISTINCT hex(sha256) AS sha256 FROM nested_claim JOIN body USING (sha256)
  WHERE body.count IS NOT NULL AND (body.count, body.root) IS NOT (nested_claim.count, nested_claim.root)
  ORDER BY 1`;

const CLAIMED = `
  SELECT 1 FROM nested_claim WHERE sha256 = ?1 AND count = ?2 AND root = ?3
  UNION ALL
  SELECT 1 FROM subject JOIN claim USING (entry) WHERE subject.sha256 = ?1 AND count = ?2 AND root = ?3
  LIMIT 1`;

/** Made when they are first asked for: only erasures do. */
const CLAIM_INDEXES = `
  CREATE INDEX subject_body ON subject(sha256);
  CREATE INDEX claim_entry ON claim(entry);`;

export function createLedger(): Ledger {
  const db = new DatabaseSync('');
  db.exec(SCHEMA);
  const addLeaf = db.prepare('INSERT OR IGNORE INTO leaf VALUES (?)');
  const hasLeaf = db.prepare('SELECT 1 FROM leaf WHERE hash = ?');
  const addSubject = db.prepare('INSERT OR IGNORE INTO subject VALUES (?, ?)');
  const addBody = db.prepare(
    'INSERT INTO body VALUES (?, ?, NULL, NULL) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  );
  const addIndex = db.prepare(
    'INSERT INTO body_index VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET last = excluded.last',
  );
  const isIndex = db.prepare('SELECT 1 FROM body_index WHERE sha256 = ? AND use = ?');
  const indexes = db.prepare(
    'SELECT hex(sha256) AS sha256, last FROM body_index WHERE use = ? ORDER BY first, sha256',
  );
  const addNested = db.prepare(
    'INSERT INTO nested VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  );
  const addNestedClaim = db.prepare('INSERT OR IGNORE INTO nested_claim VALUES (?, ?, ?)');
  const nextNested = db.prepare(
    'SELECT hex(sha256) AS sha256, last FROM nested WHERE sha256 > ? ORDER BY nested.sha256 LIMIT 1',
  );
  const lastReference = db.prepare('SELECT last FROM body WHERE sha256 = ?');
  const addClaim = db.prepare('INSERT INTO claim VALUES (?, ?, ?, ?)');
  const countBodies = db.prepare('SELECT count(*) AS n FROM body');
  const nextBody = db.prepare(
    'SELECT hex(sha256) AS sha256 FROM body WHERE sha256 > ? ORDER BY body.sha256 LIMIT 1',
  );
  const setBody = db.prepare('UPDATE body SET count = ?, root = ? WHERE sha256 = ?');
  const addErased = db.prepare(
    'INSERT OR REPLACE INTO erased(sha256, entry, remainder, count, root, erased) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const erasedColumns =
    'entry, hex(sha256) AS sha256, CASE WHEN remainder IS NOT NULL THEN hex(remainder) END AS remainder, count, hex(root) AS root, erased';
  const erasedBody = db.prepare(`SELECT ${erasedColumns} FROM erased WHERE sha256 = ?`);
  const erasedBodies = db.prepare(
    `SELECT ${erasedColumns} FROM erased WHERE sha256 > ? ORDER BY erased.sha256 LIMIT 1`,
  );
  const addRemainder = db.prepare('INSERT OR IGNORE INTO remainder VALUES (?)');
  const isRemainder = db.prepare('SELECT 1 FROM remainder WHERE sha256 = ?');
  const isCurrent = db.prepare('SELECT 1 FROM erased WHERE remainder = ?');
  const isClaimed = db.prepare(CLAIMED);
  const addCheckpoint = db.prepare('INSERT OR IGNORE INTO checkpoint VALUES (?, ?, ?)');
  const rootAt = db.prepare('SELECT hex(root) AS root FROM checkpoint WHERE size = ?');
  const signersAt = db.prepare('SELECT signers FROM checkpoint WHERE size = ?');
  const addIntent = db.prepare('INSERT OR IGNORE INTO intent VALUES (?)');
  const hasIntent = db.prepare('SELECT 1 FROM intent WHERE first = ?');
  const addAuthority = db.prepare('INSERT OR IGNORE INTO authority VALUES (?)');
  const hasAuthority = db.prepare('SELECT 1 FROM authority WHERE sha256 = ?');
  const broken = db.prepare(BROKEN);
  const brokenNested = db.prepare(BROKEN_NESTED);
  let indexed = false;
  return {
    addLeaf: (hash) => addLeaf.run(fromHex(hash)).changes === 1,
    hasLeaf: (hash) => hasLeaf.get(fromHex(hash)) !== undefined,
    addSubject(entry, sha256) {
      addSubject.run(entry, fromHex(sha256));
      addBody.run(fromHex(sha256), entry);
    },
    lastReference(sha256) {
      const row = lastReference.get(fromHex(sha256));
      return row === undefined ? undefined : Number(row['last']);
    },
    addClaim({ entry, field, count, root }) {
      addClaim.run(entry, field, count, fromHex(root));
    },
    addIndex(entry, sha256, use) {
      addIndex.run(fromHex(sha256), use, entry);
    },
    isIndex: (sha256, use) => isIndex.get(fromHex(sha256), use) !== undefined,
    *indexes(use) {
      for (const row of indexes.all(use)) yield { sha256: hex(row['sha256']), entry: Number(row['last']) };
    },
    addNested(entry, sha256, says) {
      addNested.run(fromHex(sha256), entry);
      if (says !== undefined) addNestedClaim.run(fromHex(sha256), says.count, fromHex(says.root));
    },
    *bodies() {
      for (const row of oneByOne(nextBody)) yield hex(row['sha256']);
    },
    *takeNested() {
      for (const row of oneByOne(nextNested)) {
        const sha256 = hex(row['sha256']);
        const known = lastReference.get(fromHex(sha256)) !== undefined;
        addBody.run(fromHex(sha256), Number(row['last']));
        if (!known) yield sha256;
      }
    },
    countBodies: () => Number(countBodies.get()?.['n']),
    setBody(sha256, count, root) {
      setBody.run(count, fromHex(root), fromHex(sha256));
    },
    addErased({ sha256, entry, remainder, count, root, erased }) {
      const left = remainder === null ? null : fromHex(remainder);
      addErased.run(fromHex(sha256), entry, left, count, fromHex(root), erased);
      if (left !== null) addRemainder.run(left);
    },
    erasedBody(sha256) {
      const row = erasedBody.get(fromHex(sha256));
      return row === undefined ? undefined : toErased(row);
    },
    *erasedBodies() {
      for (const row of oneByOne(erasedBodies)) yield toErased(row);
    },
    remainderUse(sha256) {
      if (isRemainder.get(fromHex(sha256)) === undefined) return undefined;
      return isCurrent.get(fromHex(sha256)) === undefined ? 'superseded' : 'current';
    },
    isClaimed(sha256, count, root) {
      if (!indexed) db.exec(CLAIM_INDEXES);
      indexed = true;
      return isClaimed.get(fromHex(sha256), count, fromHex(root)) !== undefined;
    },
    addCheckpoint(size, root, signedBy) {
      const signers = signedBy.map((spki) => Buffer.from(spki).toString('hex'));
      addCheckpoint.run(size, fromHex(root), signers.join(' '));
    },
    rootAt(size) {
      const row = rootAt.get(size);
      return row === undefined ? undefined : hex(row['root']);
    },
    signersAt(size) {
      const signers = String(signersAt.get(size)?.['signers'] ?? '');
      return signers === '' ? [] : signers.split(' ').map(fromHex);
    },
    addIntent(from) {
      addIntent.run(from);
    },
    hasIntent: (from) => hasIntent.get(from) !== undefined,
    addAuthority(sha256) {
      addAuthority.run(fromHex(sha256));
    },
    hasAuthority: (sha256) => hasAuthority.get(fromHex(sha256)) !== undefined,
    *brokenClaims() {
      for (const row of broken.iterate()) {
        yield {
          entry: Number(row['entry']),
          field: String(row['field']),
          count: Number(row['count']),
          root: hex(row['root']),
        };
      }
    },
    *brokenNested() {
      for (const row of brokenNested.iterate()) yield hex(row['sha256']);
    },
    [Symbol.dispose]() {
      db.close();
    },
  };
}

type Row = Readonly<Record<string, unknown>>;

function toErased(row: Row): ErasedBody {
  return {
    entry: Number(row['entry']),
    sha256: hex(row['sha256']),
    remainder: row['remainder'] === null ? null : hex(row['remainder']),
    count: Number(row['count']),
    root: hex(row['root']),
    erased: Number(row['erased']),
  };
}

/** Rows after the last one given, so that the tables may be written to between two steps. */
function* oneByOne(next: StatementSync): Generator<Row> {
  for (let last = ''; ;) {
    const row = next.get(fromHex(last));
    if (row === undefined) return;
    last = String(row['sha256']);
    yield row;
  }
}

function hex(value: unknown): string {
  return String(value).toLowerCase();
}

function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
