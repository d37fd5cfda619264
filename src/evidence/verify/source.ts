import { constants, createReadStream } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EvidenceError } from '../error.ts';

export interface SourceObject {
  readonly key: string;
  /** False for what no store holds: a symbolic link, a socket, a device. */
  readonly regular: boolean;
}

/** A store to be verified, which may change meanwhile and is not trusted. Nothing is ever written. All throw `io`. */
export interface Source {
  get(key: string): Promise<Uint8Array | undefined>;
  /** The object in pieces; undefined when there is none. */
  stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Every object below a folder (`log/intents/`; empty: the whole store), at any depth, without `state/`. */
  walk(folder: string): AsyncIterable<SourceObject>;
}

const LOCAL_ONLY = 'state';

/** Bytes; no object that is read whole comes near it. */
const LARGEST = 1 << 28;
const PIECE = 1 << 15;
/** Opening must not wait for the other end of a pipe that lies in the place of a file. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** The store in a directory. */
export function directorySource(root: string): Source {
  async function openAt(key: string): Promise<FileHandle | undefined> {
    return open(join(root, key), FLAGS).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw ioError(key, error);
    });
  }
  return {
    async get(key) {
      const handle = await openAt(key);
      if (handle === undefined) return undefined;
      try {
        return await readWhole(handle);
      } catch (error) {
        throw ioError(key, error);
      } finally {
        await handle.close();
      }
    },
    async stream(key) {
      const handle = await openAt(key);
      return handle === undefined ? undefined : pieces(handle, key);
    },
    walk: (folder) => walk(root, folder.replace(/\/$/, '')),
  };
}

async function readWhole(handle: FileHandle): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let length = 0; ;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE));
    parts.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (bytesRead < PIECE) return parts.length === 1 ? buffer.subarray(0, bytesRead) : Buffer.concat(parts);
    if (length > LARGEST) throw new Error(`it is over ${LARGEST} bytes`);
  }
}

async function* pieces(handle: FileHandle, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream('', { fd: handle, autoClose: false });
  } catch (error) {
    throw ioError(key, error);
  } finally {
    await handle.close();
  }
}

async function* walk(root: string, folder: string): AsyncGenerator<SourceObject> {
  const directory = await opendir(join(root, folder)).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw ioError(folder, error);
  });
  if (directory === undefined) return;
  for await (const entry of directory) {
    const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) yield { key, regular: entry.isFile() };
    else if (key !== LOCAL_ONLY) yield* walk(root, key);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function ioError(key: string, cause: unknown): EvidenceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EvidenceError('io', `${key} can't be read: ${reason}`, { cause });
}
