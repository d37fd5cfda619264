import { createReadStream } from 'node:fs';
import { opendir, readFile } from 'node:fs/promises';
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

/** The store in a directory. */
export function directorySource(root: string): Source {
  return {
    async get(key) {
      try {
        return await readFile(join(root, key));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw ioError(key, error);
      }
    },
    async stream(key) {
      const stream = createReadStream(join(root, key));
      try {
        await new Promise<void>((resolve, reject) => {
          stream.once('ready', resolve).once('error', reject);
        });
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw ioError(key, error);
      }
      return guarded(stream, key);
    },
    walk: (folder) => walk(root, folder.replace(/\/$/, '')),
  };
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

async function* guarded(stream: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw ioError(key, error);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

function ioError(key: string, cause: unknown): EvidenceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EvidenceError('io', `${key} can't be read: ${reason}`, { cause });
}
