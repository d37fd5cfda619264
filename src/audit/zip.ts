import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw, crc32, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { EvidenceError } from '../evidence/error.ts';
import {
  DIRECTORY_HEADER_BYTES,
  encodeDescriptor,
  encodeDirectoryHeader,
  encodeLocalHeader,
  parseDirectoryHeader,
  parseEnd,
} from './zip-format.ts';
import type { ZipEntry } from './zip-format.ts';

/** Bytes that can be read at any place. */
export interface RandomAccess extends AsyncDisposable {
  readonly size: number;
  /** Exactly so many bytes. Throws `io` when they aren't there. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** A ZIP of exactly the form that bundles have. */
export interface ZipArchive extends AsyncDisposable {
  /** In their order. */
  readonly entries: readonly ZipEntry[];
  /**
   * An entry's bytes, at constant memory. Throws `corrupt` when its headers, sizes or CRC aren't those of the directory: at the end at the
   * latest, so that nothing may be used before.
   */
  stream(entry: ZipEntry): AsyncIterable<Uint8Array>;
}

const PIECE = 1 << 16;
/** Entries up to this size, packed and unpacked, are read at once. */
const SMALL = 1 << 18;
const MAX_DIRECTORY_BYTES = 1 << 28;
/** No deflated stream says more with less. */
const MAX_RATIO = 1032;
/** Portable everywhere: no way out of the folder, no other spelling of the same file. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const MAX_NAME = 255;

/** Opens the file. Throws `io`. Symbolic links are followed: who names the file means it. */
export async function openFile(path: string): Promise<RandomAccess> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) =>
    refuseIo(path, cause),
  );
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new Error('it is not a regular file');
    return fileAccess(path, handle, info.size);
  } catch (cause) {
    await handle.close();
    return refuseIo(path, cause);
  }
}

/** The same for bytes in memory. */
export function memoryAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    async read(position, length) {
      const part = bytes.subarray(position, position + length);
      if (part.length !== length) throw new EvidenceError('io', `no ${length} bytes at ${position}`);
      return part;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function fileAccess(path: string, handle: FileHandle, size: number): RandomAccess {
  return {
    size,
    async read(position, length) {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle
          .read(bytes, done, length - done, position + done)
          .catch((cause: unknown) => refuseIo(path, cause));
        if (bytesRead === 0) return refuseIo(path, new Error(`no ${length} bytes at ${position}`));
        done += bytesRead;
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/**
 * Reads the directory of a ZIP and holds it to the one form that our writer gives it: every byte that is not an entry's data follows
 * from names, sizes and CRCs. Throws `corrupt`, naming the offset and the entry. The archive owns `source` from then on.
 */
export async function openZip(source: RandomAccess): Promise<ZipArchive> {
  const entries = await readDirectory(source);
  return {
    entries,
    stream: (entry) => readEntry(source, entry),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

async function readDirectory(source: RandomAccess): Promise<ZipEntry[]> {
  const end = await parseEnd(source);
  if (end.length > MAX_DIRECTORY_BYTES) refuse(end.offset, 'the directory is too large');
  const directory = await source.read(end.offset, end.length);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (let at = 0; at < directory.length;) {
    const place = end.offset + at;
    const number = `entry ${entries.length + 1}`;
    if (directory.length - at < DIRECTORY_HEADER_BYTES) refuse(place, `${number}: its header is cut off`);
    const entry = { ...parseDirectoryHeader(directory.subarray(at)), offset };
    const where = `${number} (${JSON.stringify(entry.name)})`;
    const expected = encodeDirectoryHeader(entry);
    const found = directory.subarray(at, at + expected.length);
    if (Buffer.compare(found, expected) !== 0) {
      refuse(place + firstDifference(found, expected), `${where}: its header in the directory is not ours`);
    }
    checkEntry(entry, names, place, where);
    entries.push(entry);
    at += expected.length;
    offset += entryLength(entry);
  }
  if (entries.length !== end.count)
    refuse(end.offset, `${entries.length} entries, and ${end.count} are said`);
  if (offset !== end.offset)
    refuse(Math.min(offset, end.offset), 'bytes between the entries and the directory');
  return entries;
}

function checkEntry(entry: ZipEntry, names: Set<string>, place: number, where: string): void {
  if (entry.name.length > MAX_NAME || !NAME.test(entry.name)) refuse(place, `${where}: not a safe name`);
  const folded = entry.name.toLowerCase();
  if (names.has(folded)) refuse(place, `${where}: the name is there twice`);
  names.add(folded);
  if (entry.size > entry.compressedSize * MAX_RATIO)
    refuse(place, `${where}: can't be of the size that is said`);
}

/** Local header, data and descriptor. */
function entryLength(entry: ZipEntry): number {
  return encodeLocalHeader(entry).length + entry.compressedSize + encodeDescriptor(entry).length;
}

async function* readEntry(source: RandomAccess, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const header = encodeLocalHeader(entry);
  const descriptor = encodeDescriptor(entry);
  const begin = entry.offset + header.length;
  const end = begin + entry.compressedSize;
  if (entry.compressedSize <= SMALL && entry.size <= SMALL) {
    const all = await source.read(entry.offset, end + descriptor.length - entry.offset);
    same(all.subarray(0, header.length), header, entry, entry.offset);
    same(all.subarray(end - entry.offset), descriptor, entry, end);
    yield inflateWhole(all.subarray(header.length, end - entry.offset), entry);
    return;
  }
  same(await source.read(entry.offset, header.length), header, entry, entry.offset);
  same(await source.read(end, descriptor.length), descriptor, entry, end);
  yield* inflate(pieces(source, begin, end), entry);
}

function same(found: Uint8Array, expected: Uint8Array, entry: ZipEntry, offset: number): void {
  if (Buffer.compare(found, expected) === 0) return;
  refuse(
    offset + firstDifference(found, expected),
    `entry ${JSON.stringify(entry.name)}: not what the directory says`,
  );
}

async function* pieces(source: RandomAccess, begin: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = begin; at < end; at += PIECE) yield source.read(at, Math.min(PIECE, end - at));
}

function inflateWhole(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  const options = { info: true, maxOutputLength: Math.max(1, entry.size) };
  // With `info` the answer has the engine beside the buffer, which the type doesn't say.
  const { buffer, engine } = whole.parse(inflating(entry, (): unknown => inflateRawSync(packed, options)));
  checkInflated(entry, buffer.length, engine.bytesWritten, crc32(buffer));
  return buffer;
}

const whole = z.object({ buffer: z.instanceof(Buffer), engine: z.object({ bytesWritten: z.number() }) });

async function* inflate(packed: AsyncIterable<Uint8Array>, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: PIECE });
  const input = Readable.from(packed, { objectMode: false });
  input.on('error', (error) => inflater.destroy(error));
  let size = 0;
  let sum = 0;
  try {
    for await (const chunk of input.pipe(inflater) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > entry.size) checkInflated(entry, size, 0, 0);
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    inflating(entry, () => {
      throw error;
    });
  } finally {
    input.destroy();
    inflater.destroy();
  }
  checkInflated(entry, size, inflater.bytesWritten, sum);
}

function inflating<T>(entry: ZipEntry, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw corrupt(entry.offset, `entry ${JSON.stringify(entry.name)}: can't be inflated: ${why}`, cause);
  }
}

function checkInflated(entry: ZipEntry, size: number, consumed: number, sum: number): void {
  const where = `entry ${JSON.stringify(entry.name)}`;
  if (size !== entry.size) refuse(entry.offset, `${where}: not of the ${entry.size} bytes that are said`);
  if (consumed !== entry.compressedSize) refuse(entry.offset, `${where}: bytes after its deflated data`);
  if (sum !== entry.crc) refuse(entry.offset, `${where}: its CRC is wrong`);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

function corrupt(offset: number, message: string, cause?: unknown): EvidenceError {
  return new EvidenceError('corrupt', `ZIP, offset ${offset}: ${message}`, { cause });
}

function refuse(offset: number, message: string): never {
  throw corrupt(offset, message);
}

function refuseIo(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new EvidenceError('io', `${path} can't be read: ${reason}`, { cause });
}

export type { ZipEntry } from './zip-format.ts';
