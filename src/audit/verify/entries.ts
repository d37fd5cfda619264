import { DatabaseSync } from 'node:sqlite';
import type { PredicateName, Sealed } from '../../evidence/contract.ts';
import { envelopeLeaf, parseEnvelope, verifyEnvelope } from '../../evidence/dsse.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { createKeyring } from '../../evidence/keyring.ts';
import type { Keyring } from '../../evidence/keyring.ts';
import { ed25519Key } from '../../evidence/note.ts';
import { genesisFields, parseStatement } from '../../evidence/statement.ts';
import type { Statement } from '../../evidence/statement.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { typed } from '../../inventory/typed.ts';
import { ENVELOPES, envelopeLine, parseEnvelopeLine } from '../layout.ts';
import type { Contents } from './contents.ts';
import { splitLines } from './lines.ts';

/** An entry whose signature, by the key in force, was verified. */
export interface BundleEntry {
  readonly index: number;
  /** Of its leaf. */
  readonly hash: Uint8Array;
  /** Parsed each time it is asked for. */
  readonly statement: Statement;
}

/** The entries of a bundle, on disk: memory doesn't grow with them. */
export interface BundleEntries extends Disposable {
  readonly origin: string;
  readonly sample: boolean;
  /** Every rotation among the entries taken. */
  readonly keyring: Keyring;
  readonly count: number;
  entry(index: number): BundleEntry | undefined;
  /** Those of [from, to) that are there, ascending. */
  between(from: number, to: number): Generator<BundleEntry>;
  /** Those of a predicate. */
  of(predicate: PredicateName): Generator<BundleEntry>;
  /** Sizes of all checkpoints that anchors name. */
  anchors(): readonly number[];
}

const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -16000;
  CREATE TABLE entry (
    position INTEGER PRIMARY KEY, hash BLOB UNIQUE, predicate TEXT, anchor INTEGER, statement TEXT
  ) STRICT;
  CREATE INDEX entry_predicate ON entry (predicate);
  BEGIN;`;
/** Rows read at once. */
const PAGE = 256;
const EVERY = 1000;

interface Row {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly statement: string;
}

/**
 * Reads every envelope, in the order of the log, and verifies it by the key that the entries before it put in force. What doesn't verify is among the
 * findings and not among the entries. Undefined when there is no genesis to begin with. The genesis itself is signed by the key that it
 * names: whether that is the right one is for the caller to ask.
 */
export async function readEntries(
  contents: Contents,
  findings: Findings,
  progress: (done: number) => void,
): Promise<BundleEntries | undefined> {
  const db = new DatabaseSync('');
  try {
    db.exec(SCHEMA);
    const taken = await takeAll(contents, db, findings, progress);
    if (taken !== undefined) return entriesOf(db, taken);
  } catch (error) {
    db.close();
    throw error;
  }
  db.close();
  return undefined;
}

interface Taken {
  readonly genesis: Statement;
  readonly keyring: Keyring;
  readonly count: number;
}

async function takeAll(
  contents: Contents,
  db: DatabaseSync,
  findings: Findings,
  progress: (done: number) => void,
): Promise<Taken | undefined> {
  const insert = db.prepare('INSERT OR IGNORE INTO entry VALUES (?, ?, ?, ?, ?)');
  let log: { readonly genesis: Statement; readonly keyring: Keyring } | undefined;
  let [number, last] = [0, -1];
  try {
    for await (const bytes of splitLines(contents.stream(ENVELOPES), ENVELOPES)) {
      number += 1;
      const where = `${ENVELOPES}, line ${number}`;
      try {
        const { index, envelope } = readLine(bytes, where);
        if (index <= last) throw new EvidenceError('corrupt', `${where}: entry ${index}, after ${last}`);
        last = index;
        const parsed = parseEnvelope(envelope, where);
        const statement = parseStatement(parsed.payload, where);
        log ??= begin(index, statement, where);
        const key = log.keyring.envelopeKey(index);
        if (verifyEnvelope(parsed, key)) {
          const { hash } = envelopeLeaf(parsed, key);
          for (const text of log.keyring.take(index, statement, key))
            findings.problem('sequence', where, text);
          const { predicate, anchor } = statement;
          const text = JSON.stringify(statement);
          const { changes } = insert.run(index, Buffer.from(hash, 'hex'), predicate, anchor.size, text);
          if (changes === 0) findings.problem('sequence', where, 'the same entry is in the log twice');
        } else {
          findings.problem('foreign-key', where, `entry ${index} is not signed by the envelope key in force`);
        }
      } catch (error) {
        findings.caught(where, error);
        if (log === undefined) return undefined;
      }
      if (number % EVERY === 0) progress(number);
    }
  } catch (error) {
    findings.caught(ENVELOPES, error);
  }
  if (log === undefined) {
    findings.problem('missing', ENVELOPES, 'there is no entry 0: the genesis, which says whose log it is');
    return undefined;
  }
  for (const text of log.keyring.unfinished()) findings.problem('sequence', ENVELOPES, text);
  return { ...log, count: number };
}

function readLine(
  bytes: Uint8Array,
  where: string,
): { readonly index: number; readonly envelope: Uint8Array } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const line = parseEnvelopeLine(text);
  if (line === undefined || envelopeLine(line.index, line.envelope) !== `${text}\n`) {
    throw new EvidenceError('corrupt', `${where}: not an index with an envelope`);
  }
  return line;
}

function begin(
  index: number,
  statement: Statement,
  where: string,
): { readonly genesis: Statement; readonly keyring: Keyring } {
  if (index !== 0) throw new EvidenceError('corrupt', `${where}: entry ${index}, not the genesis`);
  const { logId, keys } = genesisFields(statement);
  if (!statement.log.startsWith(`${logId}.`)) {
    throw new EvidenceError('corrupt', `${where}: the log ${statement.log} is not named after ${logId}`);
  }
  const [envelope, checkpoint] = [keys.envelope, keys.checkpoint].map((text) => Buffer.from(text, 'base64'));
  if (envelope === undefined || checkpoint === undefined) throw new EvidenceError('corrupt', where);
  ed25519Key(statement.log, checkpoint);
  return { genesis: statement, keyring: createKeyring({ envelope, checkpoint, at: statement.sealedAt }) };
}

function entriesOf(db: DatabaseSync, { genesis, keyring, count }: Taken): BundleEntries {
  const columns = 'SELECT position, hash, statement FROM entry';
  const one = db.prepare(`${columns} WHERE position = ?`);
  const page = db.prepare(`${columns} WHERE position >= ? AND position < ? ORDER BY position LIMIT ?`);
  const ofOne = db.prepare(`${columns} WHERE predicate = ? AND position > ? ORDER BY position LIMIT ?`);
  const anchors = db.prepare('SELECT DISTINCT anchor FROM entry');
  return {
    origin: genesis.log,
    sample: genesis.sample,
    keyring,
    count,
    entry(index) {
      const row = one.get(index);
      return row === undefined ? undefined : fromRow(typed(row));
    },
    *between(from, to) {
      for (let next = from; ;) {
        const rows = typed<readonly Row[]>(page.all(next, to, PAGE));
        for (const row of rows) yield fromRow(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        next = last.position + 1;
      }
    },
    *of(predicate) {
      for (let last = -1; ;) {
        const rows = typed<readonly Row[]>(ofOne.all(predicate, last, PAGE));
        for (const row of rows) yield fromRow(row);
        if (rows.length < PAGE) return;
        last = rows.at(-1)?.position ?? last;
      }
    },
    anchors: () => anchors.all().map(({ anchor }) => Number(anchor)),
    [Symbol.dispose]: () => db.close(),
  };
}

function fromRow({ position, hash, statement }: Row): BundleEntry {
  return {
    index: position,
    hash,
    get statement(): Statement {
      return typed(JSON.parse(statement));
    },
  };
}

/** As everything else knows an entry. */
export function sealedOf({ index, hash, statement }: BundleEntry): Sealed {
  const { log: _log, agent: _agent, sample: _sample, ...sealed } = statement;
  return { ...sealed, index, leafHash: Buffer.from(hash).toString('hex') };
}
