import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestFile } from '../layout.ts';
import { placeOf } from '../layout.ts';
import { AuditError } from '../error.ts';
import type { Spool } from '../spool.ts';

/** A file that a bundle will hold. */
export interface PlannedFile extends ManifestFile {
  /** Its bytes, in pieces; each time the same. */
  read(): AsyncIterable<Uint8Array>;
}

/** The files of a bundle before it is written: their bytes on disk or still in the store, their sums known. */
export interface PlannedFiles {
  /** A small one. */
  add(name: string, bytes: Uint8Array | string): void;
  /** Takes the bytes now, to a temporary file; returns their SHA-256, hex. */
  spool(name: string, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string>;
  /** Reads the body now, for its length, and again when the bundle is written. */
  addBody(name: string, sha256: string): Promise<void>;
  /** By the bytes of their names. */
  byName(): Iterable<ManifestFile>;
  /** As the ZIP has them. */
  inOrder(): Iterable<PlannedFile>;
}

const PIECE = 1 << 18;

/** `body`: the bytes of a stored body, verified at the end. */
export function planFiles(spool: Spool, body: (sha256: string) => AsyncIterable<Uint8Array>): PlannedFiles {
  const database = spool.database('files.sqlite');
  database.exec(
    'CREATE TABLE file (name TEXT PRIMARY KEY, place INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, ' +
      'data BLOB, path TEXT) STRICT, WITHOUT ROWID; CREATE UNIQUE INDEX ordered ON file (place, name); BEGIN',
  );
  const insert = database.prepare('INSERT INTO file VALUES (?, ?, ?, ?, ?, ?)');
  const byName = database.prepare('SELECT name, bytes, sha256 FROM file ORDER BY name');
  const ordered = database.prepare('SELECT name, bytes, sha256, data, path FROM file ORDER BY place, name');
  let spooled = 0;

  function put({ name, bytes, sha256 }: ManifestFile, data: Uint8Array | null, path: string | null): void {
    const place = placeOf(name);
    if (place === undefined) throw new AuditError('invalid', `${name}: no file of a bundle`);
    insert.run(name, place, bytes, sha256, data, path);
  }

  return {
    add(name, content) {
      const data = Buffer.from(content);
      put({ name, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') }, data, null);
    },
    async spool(name, bytes) {
      spooled += 1;
      const path = join(spool.directory, `file-${spooled}`);
      const hash = createHash('sha256');
      let length = 0;
      await using handle = await open(path, 'wx', 0o600);
      for await (const piece of bytes) {
        hash.update(piece);
        length += piece.length;
        await handle.writeFile(piece);
      }
      const sha256 = hash.digest('hex');
      put({ name, bytes: length, sha256 }, null, path);
      return sha256;
    },
    async addBody(name, sha256) {
      let bytes = 0;
      for await (const piece of body(sha256)) bytes += piece.length;
      put({ name, bytes, sha256 }, null, null);
    },
    *byName() {
      for (const row of byName.iterate()) yield fileOf(row);
    },
    *inOrder() {
      for (const row of ordered.iterate()) {
        const file = fileOf(row);
        const { data, path } = row;
        if (data instanceof Uint8Array) yield { ...file, read: () => once(data) };
        else if (typeof path === 'string')
          yield { ...file, read: () => createReadStream(path, { highWaterMark: PIECE }) };
        else yield { ...file, read: () => body(file.sha256) };
      }
    },
  };
}

function fileOf(row: Readonly<Record<string, unknown>>): ManifestFile {
  return { name: String(row['name']), bytes: Number(row['bytes']), sha256: String(row['sha256']) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
