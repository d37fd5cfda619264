import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { EvidenceError } from '../../evidence/error.ts';
import { parseJcs } from '../../evidence/jcs.ts';
import { createFrontier, leafHash } from '../../evidence/merkle.ts';
import { erasedLeaf, remainderLeaf } from '../../evidence/remainder.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { typed } from '../../inventory/typed.ts';
import { bodyName } from '../layout.ts';
import type { Contents } from './contents.ts';
import { splitLines } from './lines.ts';

/** What a file of `evidence/` holds. */
export interface BodySums {
  /** Lines, and their RFC 6962 root (hex): erased ones count as what they were. */
  readonly count: number;
  readonly root: string;
  /** How many lines were erased. */
  readonly erased: number;
}

/** The bodies of a bundle, and which of them are asked for: on disk, since there may be hundreds of thousands. */
export interface Bodies extends Disposable {
  /** Of the file that is named by the digest; undefined when it isn't there or isn't right. */
  sums(sha256: string): BodySums | undefined;
  /** An entry of this index refers to the body, and the question asks for it. */
  want(sha256: string, index: number): void;
  /** The largest index of those; undefined when the body is not asked for. */
  wantedBy(sha256: string): number | undefined;
  wanted(): Generator<{ readonly sha256: string; readonly last: number }>;
  /** The file was accounted for. */
  expect(sha256: string): void;
  /** Digests that name files which nothing accounts for. */
  unexpected(): readonly string[];
  readonly count: number;
}

const FILE = /^evidence\/([0-9a-f]{64})\.ndjson$/;
const EVERY = 100;
const PAGE = 256;

const recordSchema = z.looseObject({
  id: z.string().min(1),
  salt: z.string().regex(/^[0-9a-f]{32}$/),
});

const SCHEMA = `
  PRAGMA journal_mode = OFF;
  PRAGMA synchronous = OFF;
  PRAGMA cache_size = -16000;
  CREATE TABLE body (
    sha256 TEXT PRIMARY KEY, count INTEGER NOT NULL, root TEXT NOT NULL, erased INTEGER NOT NULL, expected INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE wanted (sha256 TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  BEGIN;`;

/** Reads every body to its end and checks its form: what is wrong is among the findings. */
export async function readBodies(
  contents: Contents,
  findings: Findings,
  progress: (done: number, total: number) => void,
): Promise<Bodies> {
  const db = new DatabaseSync('');
  try {
    db.exec(SCHEMA);
    const insert = db.prepare('INSERT INTO body VALUES (?, ?, ?, ?, 0)');
    const names = contents.matching(FILE);
    for (const [at, name] of names.entries()) {
      const sha256 = FILE.exec(name)?.[1] ?? '';
      try {
        const { count, root, erased } = await readBody(contents, sha256);
        insert.run(sha256, count, root, erased);
      } catch (error) {
        findings.caught(name, error);
      }
      if (at % EVERY === 0) progress(at, names.length);
    }
    progress(names.length, names.length);
    return bodiesOf(db, names.length);
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * The digest that names it, canonical lines each ended by LF, sorted by the bytes of their unique ids; in the place of erased ones what
 * ADR 0017 puts there. Throws `corrupt` and `io`.
 */
async function readBody(contents: Contents, sha256: string): Promise<BodySums> {
  const name = bodyName(sha256);
  const hash = createHash('sha256');
  const frontier = createFrontier();
  let erased = 0;
  let last: Uint8Array = new Uint8Array();
  for await (const line of splitLines(hashed(contents.stream(name), hash), name)) {
    const where = `${name}, line ${frontier.size + 1}`;
    if (erasedLeaf(line) === undefined) {
      const id = idOf(line, where);
      if (Buffer.compare(id, last) <= 0)
        throw new EvidenceError('corrupt', `${where}: out of order, or an id twice`);
      last = id;
      frontier.append(leafHash(line));
    } else {
      erased += 1;
      frontier.append(remainderLeaf(line));
    }
  }
  if (hash.digest('hex') !== sha256)
    throw new EvidenceError('corrupt', `${name}: not the bytes that it is named by`);
  return { count: frontier.size, root: Buffer.from(frontier.root()).toString('hex'), erased };
}

function idOf(line: Uint8Array, where: string): Uint8Array {
  const record = recordSchema.safeParse(parseJcs(line, where));
  if (record.success) return Buffer.from(record.data.id);
  const [issue] = record.error.issues;
  throw new EvidenceError('corrupt', `${where}: ${issue?.path.join('.')}: ${issue?.message}`);
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

function bodiesOf(db: DatabaseSync, count: number): Bodies {
  const sums = db.prepare('SELECT count, root, erased FROM body WHERE sha256 = ?');
  const want = db.prepare(
    'INSERT INTO wanted VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  );
  const wantedBy = db.prepare('SELECT last FROM wanted WHERE sha256 = ?');
  const page = db.prepare('SELECT sha256, last FROM wanted WHERE sha256 > ? ORDER BY sha256 LIMIT ?');
  const expect = db.prepare('UPDATE body SET expected = 1 WHERE sha256 = ?');
  const unexpected = db.prepare('SELECT sha256 FROM body WHERE expected = 0 ORDER BY sha256');
  return {
    count,
    sums(sha256) {
      const row = sums.get(sha256);
      return row === undefined ? undefined : typed(row);
    },
    want: (sha256, index) => void want.run(sha256, index),
    wantedBy(sha256) {
      const last = wantedBy.get(sha256)?.['last'];
      return last === undefined ? undefined : Number(last);
    },
    *wanted() {
      for (let after = ''; ;) {
        const rows = typed<readonly { readonly sha256: string; readonly last: number }[]>(
          page.all(after, PAGE),
        );
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        after = last.sha256;
      }
    },
    expect: (sha256) => void expect.run(sha256),
    unexpected: () => unexpected.all().map((row) => String(row['sha256'])),
    [Symbol.dispose]: () => db.close(),
  };
}
