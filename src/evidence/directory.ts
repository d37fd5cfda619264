import { randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EvidenceError } from './error.ts';
import { mapLimited } from './limited.ts';
import { type Created, type ObjectStore, safeKey, type StoreObject } from './store.ts';

const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;
const COMPARED_AT_ONCE = 1 << 16;

/** Local files beside the objects, never published: see state.ts. */
export const STATE_FOLDER = 'state';

/**
 * An object store in a directory. An object is written under a temporary name, synced, and linked to its own name, which
 * fails when that is taken; then the directory is synced. `temporary` is a directory on the same file system.
 */
export function directoryStore(root: string, temporary: string): ObjectStore {
  // The name of the root itself must last, too.
  const synced = new Set<string>([dirname(root)]);
  const pathOf = (key: string) => join(root, safeKey(key));

  /** Makes the directory, and syncs every directory above it once, since a crash may have come between the two. */
  async function ensureDirectory(path: string): Promise<void> {
    if (synced.has(path)) return;
    const parent = dirname(path);
    await ensureDirectory(parent);
    await mkdir(path, { mode: DIRECTORY_MODE }).catch(unless('EEXIST'));
    await syncPath(parent);
    synced.add(path);
  }

  async function publish(
    key: string,
    write: (temporary: string) => Promise<void>,
  ): Promise<'created' | 'taken'> {
    const path = pathOf(key);
    await ensureDirectory(dirname(path));
    const draft = join(temporary, randomBytes(12).toString('hex'));
    try {
      await write(draft);
      await link(draft, path);
      return 'created';
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return 'taken';
    } finally {
      await unlink(draft).catch(unless('ENOENT'));
    }
  }

  async function createOne({ key, bytes }: StoreObject): Promise<Created> {
    if ((await publish(key, (draft) => writeNew(draft, bytes))) === 'created') return 'created';
    // Who wrote it may have been killed before it was durable.
    await syncPath(pathOf(key));
    return Buffer.compare(await readFile(pathOf(key)), bytes) === 0 ? 'same' : 'differs';
  }

  return {
    get: (key) => wrap('read', key, () => readWhole(pathOf(key))),
    has: (key) =>
      wrap(
        'read',
        key,
        async () => (await stat(pathOf(key)).catch(unless('ENOENT', 'ENOTDIR'))) !== undefined,
      ),
    stream: (key) =>
      wrap('read', key, async () => {
        const handle = await openFile(pathOf(key));
        return handle === undefined ? undefined : pieces(key, handle);
      }),
    // Synced side by side: the file system joins their journal commits.
    create: (objects) =>
      wrap('create', objects.map(({ key }) => key).join(', '), async () => {
        const outcomes = await mapLimited(objects, createOne);
        const directories = new Set(objects.map(({ key }) => dirname(pathOf(key))));
        await mapLimited([...directories], syncPath);
        return outcomes;
      }),
    createFromFile: (key, source) =>
      wrap('create', key, async () => {
        const outcome = await publish(key, async (draft) => {
          await copyFile(source, draft);
          await syncPath(draft);
        });
        if (outcome === 'taken') await syncPath(pathOf(key));
        await syncPath(dirname(pathOf(key)));
        if (outcome === 'created') return 'created';
        return (await sameFiles(pathOf(key), source)) ? 'same' : 'differs';
      }),
    // What was read can't change before the rename: the directory's lock keeps other writers out.
    replace: (key, bytes, supersedes) =>
      wrap('replace', key, async () => {
        const path = pathOf(key);
        await ensureDirectory(dirname(path));
        const current = await readWhole(path);
        if (current !== undefined && !supersedes(current)) {
          await syncPath(path);
          return syncPath(dirname(path));
        }
        const draft = join(temporary, randomBytes(12).toString('hex'));
        try {
          await writeNew(draft, bytes);
          await rename(draft, path);
        } finally {
          await unlink(draft).catch(unless('ENOENT'));
        }
        await syncPath(dirname(path));
      }),
    list: (folder) =>
      wrap('list', folder, async () => {
        const start = folder === '' ? root : pathOf(folder.replace(/\/$/, ''));
        return listFiles(start, folder, folder === '' ? new Set([STATE_FOLDER]) : new Set());
      }),
    delete: (key) =>
      wrap('delete', key, async () => {
        const path = pathOf(key);
        await unlink(path).catch(unless('ENOENT'));
        synced.delete(dirname(path));
        await rmdir(dirname(path)).catch(unless('ENOTEMPTY', 'ENOENT'));
      }),
  };
}

/** Undefined when nothing is there. Who put a pipe in the place of a file can't make us wait for its other end. */
async function openFile(path: string): Promise<FileHandle | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    unless('ENOENT', 'ENOTDIR'),
  );
  if (handle === undefined || (await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error('not a file');
}

async function readWhole(path: string): Promise<Uint8Array | undefined> {
  const handle = await openFile(path);
  try {
    return await handle?.readFile();
  } finally {
    await handle?.close();
  }
}

async function* pieces(key: string, handle: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream('', { fd: handle, autoClose: false });
  } catch (cause) {
    throw failure('read', key, cause);
  } finally {
    await handle.close();
  }
}

async function listFiles(path: string, prefix: string, skipped: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  const entries = (await readdir(path, { withFileTypes: true }).catch(unless('ENOENT', 'ENOTDIR'))) ?? [];
  for (const entry of entries) {
    if (skipped.has(entry.name)) continue;
    const key = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(join(path, entry.name), `${key}/`, new Set())));
    else found.push(key);
  }
  return found;
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', FILE_MODE);
  try {
    await handle.writeFile(bytes);
    // A file system that claims to have written what it has not.
    const { size } = await handle.stat();
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes were written`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a file, or the names in a directory, durable. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sameFiles(a: string, b: string): Promise<boolean> {
  const [first, second] = [await open(a), await open(b)];
  try {
    const [left, right] = [Buffer.alloc(COMPARED_AT_ONCE), Buffer.alloc(COMPARED_AT_ONCE)];
    for (;;) {
      const [read, other] = [await fill(first, left), await fill(second, right)];
      if (!left.subarray(0, read).equals(right.subarray(0, other))) return false;
      if (read === 0) return true;
    }
  } finally {
    await first.close();
    await second.close();
  }
}

async function fill(handle: FileHandle, buffer: Buffer): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function wrap<T>(doing: string, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(doing, key, error);
  }
}

function failure(doing: string, key: string, cause: unknown): EvidenceError {
  if (cause instanceof EvidenceError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EvidenceError('io', `can't ${doing} ${key.slice(0, 200)}: ${why}`, { cause });
}

/** For `catch`: undefined instead of these error codes. */
function unless(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(codeOf(error) ?? '')) throw error;
    return undefined;
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
