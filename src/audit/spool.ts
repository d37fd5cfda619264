import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuditError } from './error.ts';

const HELD = 1 << 18;
const LF = 0x0a;

/** A directory for what doesn't fit into memory; gone when it is disposed. */
export interface Spool extends AsyncDisposable {
  readonly directory: string;
  /** A new database in it, disposed with it. */
  database(name: string): DatabaseSync;
}

/** Within `parent`, which must have room: on the same disk as what is being made. */
export async function createSpool(parent: string): Promise<Spool> {
  const directory = await mkdtemp(join(parent, '.annexa-')).catch((cause: unknown) => {
    throw new AuditError('io', `can't write in ${parent}: ${String(cause)}`, { cause });
  });
  const databases: DatabaseSync[] = [];
  return {
    directory,
    database(name) {
      const database = new DatabaseSync(join(directory, name));
      databases.push(database);
      // What is lost with the process is not needed any more.
      database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE');
      return database;
    },
    async [Symbol.asyncDispose]() {
      for (const database of databases) database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A file that is written in pieces, from its beginning to its end. */
export interface SpoolFile extends AsyncDisposable {
  readonly path: string;
  write(text: string): Promise<void>;
  /** Nothing is written after this. */
  end(): Promise<void>;
}

export async function spoolFile(path: string): Promise<SpoolFile> {
  const handle: FileHandle = await open(path, 'wx', 0o600);
  let held: string[] = [];
  let length = 0;
  let isOpen = true;
  async function flush(): Promise<void> {
    await handle.writeFile(held.join(''));
    [held, length] = [[], 0];
  }
  async function close(): Promise<void> {
    if (isOpen) await handle.close();
    isOpen = false;
  }
  return {
    path,
    async write(text) {
      held.push(text);
      length += text.length;
      if (length > HELD) await flush();
    },
    async end() {
      await flush();
      await close();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** The lines of a file that was spooled, without their LF. */
export async function* spooledLines(path: string): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const piece of createReadStream(path, { highWaterMark: HELD })) {
    const chunk = Buffer.from(piece);
    let begin = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      const tail = chunk.subarray(begin, end);
      yield (rest.length === 0 ? tail : Buffer.concat([...rest, tail])).toString();
      [rest, begin] = [[], end + 1];
    }
    if (begin < chunk.length) rest.push(chunk.subarray(begin));
  }
}
