import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { EvidenceError } from '../../evidence/error.ts';
import { compareNames } from '../layout.ts';
import { memoryAccess, openFile, openZip } from '../zip.ts';
import type { RandomAccess, ZipEntry } from '../zip.ts';

/** The files of a bundle, packed or unpacked. They are not trusted, and those in a folder may change meanwhile. Nothing is ever written. */
export interface BundleFiles extends AsyncDisposable {
  /** In the order of the ZIP, or as it would have them. */
  readonly names: readonly string[];
  readonly packed: boolean;
  has(name: string): boolean;
  /**
   * A file in pieces, at constant memory. Throws `corrupt` when it isn't there or its framing is wrong, at the end at the latest, and `io`.
   */
  stream(name: string): AsyncIterable<Uint8Array>;
}

const PIECE = 1 << 16;

/** The bundle at a path: a ZIP, or a folder where it was unpacked. Throws `corrupt` and `io`. */
export async function openFiles(path: string): Promise<BundleFiles> {
  const info = await lstat(path).catch((cause: unknown) => unreadable(path, cause));
  if (info.isDirectory()) return openFolder(path);
  return openPacked(await openFile(path));
}

/** The bundle that is a ZIP. It owns the bytes from then on. */
export async function openPacked(source: RandomAccess | Uint8Array): Promise<BundleFiles> {
  const bytes = 'read' in source ? source : memoryAccess(source);
  const archive = await openZip(bytes).catch(async (error: unknown) => {
    await bytes[Symbol.asyncDispose]();
    throw error;
  });
  const entries = new Map<string, ZipEntry>(archive.entries.map((entry) => [entry.name, entry]));
  return {
    names: [...entries.keys()],
    packed: true,
    has: (name) => entries.has(name),
    async *stream(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw absent(name);
      yield* archive.stream(entry);
    },
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

async function openFolder(root: string): Promise<BundleFiles> {
  const found = await list(root, '');
  found.sort(compareNames);
  const names = new Set(found);
  return {
    names: found,
    packed: false,
    has: (name) => names.has(name),
    async *stream(name) {
      if (!names.has(name)) throw absent(name);
      yield* readFile(root, name);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Throws `corrupt` for what unpacking doesn't make: a link, a pipe, a device. */
async function list(root: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  const directory = await opendir(join(root, folder)).catch((cause: unknown) => unreadable(folder, cause));
  for await (const entry of directory) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) names.push(...(await list(root, name)));
    else if (entry.isFile()) names.push(name);
    else throw new EvidenceError('corrupt', `${name}: not a regular file`);
  }
  return names;
}

async function* readFile(root: string, name: string): AsyncGenerator<Uint8Array> {
  await using file = await openFile(join(root, name));
  for (let at = 0; at < file.size; at += PIECE) yield file.read(at, Math.min(PIECE, file.size - at));
}

function absent(name: string): EvidenceError {
  return new EvidenceError('corrupt', `${name} is missing`);
}

function unreadable(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new EvidenceError('io', `${path} can't be read: ${reason}`, { cause });
}
