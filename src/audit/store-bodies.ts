import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Erased } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { bodyReader } from '../evidence/read-erased.ts';
import type { StoreReader } from '../evidence/reader.ts';
import { bodyKey } from '../evidence/statement.ts';
import { decodeZstd } from '../evidence/zstd.ts';
import type { Evidence } from './contract.ts';

/** A body of the answer. */
export interface AnswerBody {
  readonly sha256: string;
  /** The digest of what is there: its own, that of what remains of it, or null when all of it was erased. */
  readonly present: string | null;
}

/** The bodies that belong to an answer, and their content. They are kept in the database: there may be hundreds of thousands. */
export interface StoreBodies {
  /** `index`: of an entry that refers to it. */
  add(sha256: string, index: number): void;
  count(): number;
  /** By digest. */
  all(): Iterable<AnswerBody>;
  /** As Evidence has them. */
  readonly lines: Evidence['lines'];
  /** What is left of the records of a small body, as the entry of this index refers to it. */
  kept(sha256: string, index: number): Promise<readonly unknown[]>;
}

/** The erasures of a log, in the order of their entries. */
export interface KnownErasures {
  readonly indexes: readonly number[];
  readonly bodies: ReadonlyMap<string, Erased>;
}

export function createStoreBodies(
  reader: StoreReader,
  database: DatabaseSync,
  erasures: KnownErasures,
): StoreBodies {
  const bodies = bodyReader(reader.store, reader, () => Promise.resolve(erasures.indexes));
  database.exec(
    'CREATE TABLE body (sha256 TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID; BEGIN',
  );
  const upsert = database.prepare(
    'INSERT INTO body VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  );
  const find = database.prepare('SELECT last FROM body WHERE sha256 = ?');
  const every = database.prepare('SELECT sha256, last FROM body ORDER BY sha256');
  const counted = database.prepare('SELECT count(*) AS bodies FROM body');
  let latest: { readonly key: string; readonly records: readonly unknown[] } | undefined;

  function present(sha256: string, last: number): string | null {
    const erased = erasures.bodies.get(sha256);
    return erased === undefined || erased.index <= last ? sha256 : erased.remainder;
  }

  return {
    add: (sha256, index) => void upsert.run(sha256, index),
    count: () => Number(counted.get()?.['bodies']),
    *all() {
      for (const { sha256, last } of every.iterate())
        yield { sha256: String(sha256), present: present(String(sha256), Number(last)) };
    },
    async lines(sha256) {
      const last = find.get(sha256)?.['last'];
      return last === undefined ? undefined : bodies.lines(sha256, Number(last));
    },
    async kept(sha256, index) {
      const key = `${sha256} ${present(sha256, index)}`;
      if (latest?.key === key) return latest.records;
      const records: unknown[] = [];
      for await (const line of (await bodies.lines(sha256, index)) ?? [])
        if ('record' in line) records.push(line.record);
      latest = { key, records };
      return records;
    },
  };
}

/** The bytes of a stored body, in pieces. Throws `corrupt`, at the end, when they don't have the digest. */
export async function* bodyBytes({ store }: StoreReader, sha256: string): AsyncGenerator<Uint8Array> {
  const pieces = await store.stream(bodyKey(sha256));
  if (pieces === undefined) throw new EvidenceError('corrupt', `body ${sha256}: it is missing`);
  const hash = createHash('sha256');
  for await (const piece of decodeZstd(pieces, `body ${sha256}`)) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== sha256)
    throw new EvidenceError('corrupt', `body ${sha256}: its bytes have another digest`);
}
