import { closeSync, constants, createReadStream, type Dir, opendirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { EvidenceError } from '../error.ts';

export interface SourceObject {
  readonly key: string;
  /** False for what no store holds: a symbolic link, a socket, a device. */
  readonly regular: boolean;
  /** What the store itself says was done to the object, such as a further version of what is written once. */
  readonly tampered?: string;
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
const PIECE = 1 << 16;
/** Opening must not wait for the other end of a pipe that lies in the place of a file. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** Entries of a folder that are asked for at once. */
const LISTED = 1024;

/**
 * The store in a directory. Small objects are read at once, without leaving the thread: there are several an entry, and each
 * change of threads costs more than the read.
 */
export function directorySource(root: string): Source {
  const piece = Buffer.alloc(PIECE);

  function openAt(key: string): number | undefined {
    try {
      return openSync(join(root, key), FLAGS);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw ioError(key, error);
    }
  }
  /** The first piece; when it is not full, it is all there is. */
  function readPiece(file: number): Buffer {
    const length = readSync(file, piece);
    return Buffer.from(piece.subarray(0, length));
  }
  return {
    async get(key) {
      const file = openAt(key);
      if (file === undefined) return undefined;
      try {
        return readWhole(() => readPiece(file));
      } catch (error) {
        throw ioError(key, error);
      } finally {
        closeSync(file);
      }
    },
    async stream(key) {
      const file = openAt(key);
      if (file === undefined) return undefined;
      try {
        const first = readPiece(file);
        if (first.length === PIECE) return pieces(file, first, key);
        closeSync(file);
        return oneByOne(first);
      } catch (error) {
        closeSync(file);
        throw ioError(key, error);
      }
    },
    async *walk(folder) {
      for (const object of walk(root, folder.replace(/\/$/, ''))) yield object;
    },
  };
}

function readWhole(read: () => Buffer): Uint8Array {
  const first = read();
  const parts = [first];
  for (let [length, last] = [first.length, first]; last.length === PIECE; length += last.length) {
    if (length > LARGEST) throw new Error(`it is over ${LARGEST} bytes`);
    last = read();
    parts.push(last);
  }
  return parts.length === 1 ? first : Buffer.concat(parts);
}

async function* oneByOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Closes the file at the end, or when nobody asks for more. */
async function* pieces(file: number, first: Uint8Array, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    yield* createReadStream('', { fd: file, autoClose: false });
  } catch (error) {
    throw ioError(key, error);
  } finally {
    closeSync(file);
  }
}

function* walk(root: string, folder: string): Generator<SourceObject> {
  const directory = openFolder(root, folder);
  if (directory === undefined) return;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const key = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) yield { key, regular: entry.isFile() };
      else if (key !== LOCAL_ONLY) yield* walk(root, key);
    }
  } finally {
    directory.closeSync();
  }
}

function openFolder(root: string, folder: string): Dir | undefined {
  try {
    return opendirSync(join(root, folder), { bufferSize: LISTED });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw ioError(folder, error);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function ioError(key: string, cause: unknown): EvidenceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EvidenceError('io', `${key} can't be read: ${reason}`, { cause });
}
