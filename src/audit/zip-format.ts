import { EvidenceError } from '../evidence/error.ts';

/** What a ZIP of ours says of a file; all other bytes of its framing follow from it. */
export interface ZipEntry {
  /** ASCII. */
  readonly name: string;
  /** Bytes, unpacked and deflated. */
  readonly size: number;
  readonly compressedSize: number;
  readonly crc: number;
  /** Of the local header. */
  readonly offset: number;
}

// The framing that zip-stream 7 gives a file that is streamed into it, deflated, with the date and the mode of layout.ts and no comment.
// Source: PKWARE APPNOTE 6.3.10, 4.3; compress-commons 7, zip-archive-output-stream.js.

const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const DIRECTORY = 0x02014b50;
const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const VERSION_DESCRIPTOR = 20;
const VERSION_64 = 45;
/** A data descriptor follows the data. */
const FLAGS = 1 << 3;
const DEFLATED = 8;
/** 1980-01-01T00:00:00 as DOS has it. */
const DATE = 0x00210000;
const EXTRA_64 = 1;
/** Made on Unix, by version 4.5. */
const MADE_BY = (3 << 8) | VERSION_64;
/** A regular file of mode 0644, and what DOS calls an archive. */
const ATTRIBUTES = 0o100644 * 0x10000 + 0x20;

const LOCAL_BYTES = 30;
export const DIRECTORY_HEADER_BYTES = 46;
const END_BYTES = 22;
const END_64_BYTES = 56;
const LOCATOR_64_BYTES = 20;

interface RandomRead {
  readonly size: number;
  read(position: number, length: number): Promise<Uint8Array>;
}

/** The directory, as the end of the file says. */
export interface ZipEnd {
  readonly count: number;
  readonly length: number;
  readonly offset: number;
}

/** Sizes alone decide on the form of the descriptor. */
function isLarge({ size, compressedSize }: ZipEntry): boolean {
  return size > MAX_32 || compressedSize > MAX_32;
}

/** Written before sizes and CRC are known. */
export function encodeLocalHeader({ name }: ZipEntry): Buffer {
  const bytes = Buffer.alloc(LOCAL_BYTES + name.length);
  bytes.writeUInt32LE(LOCAL, 0);
  bytes.writeUInt16LE(VERSION_DESCRIPTOR, 4);
  bytes.writeUInt16LE(FLAGS, 6);
  bytes.writeUInt16LE(DEFLATED, 8);
  bytes.writeUInt32LE(DATE, 10);
  bytes.writeUInt16LE(name.length, 26);
  bytes.write(name, LOCAL_BYTES, 'latin1');
  return bytes;
}

export function encodeDescriptor(entry: ZipEntry): Buffer {
  const large = isLarge(entry);
  const bytes = Buffer.alloc(large ? 24 : 16);
  bytes.writeUInt32LE(DESCRIPTOR, 0);
  bytes.writeUInt32LE(entry.crc, 4);
  if (large) {
    writeUInt64(bytes, entry.compressedSize, 8);
    writeUInt64(bytes, entry.size, 16);
  } else {
    bytes.writeUInt32LE(entry.compressedSize, 8);
    bytes.writeUInt32LE(entry.size, 12);
  }
  return bytes;
}

export function encodeDirectoryHeader(entry: ZipEntry): Buffer {
  const { name, size, compressedSize, crc, offset } = entry;
  const large = isLarge(entry) || offset > MAX_32;
  const bytes = Buffer.alloc(DIRECTORY_HEADER_BYTES + name.length + (large ? 28 : 0));
  bytes.writeUInt32LE(DIRECTORY, 0);
  bytes.writeUInt16LE(MADE_BY, 4);
  bytes.writeUInt16LE(large ? VERSION_64 : VERSION_DESCRIPTOR, 6);
  bytes.writeUInt16LE(FLAGS, 8);
  bytes.writeUInt16LE(DEFLATED, 10);
  bytes.writeUInt32LE(DATE, 12);
  bytes.writeUInt32LE(crc, 16);
  bytes.writeUInt32LE(large ? MAX_32 : compressedSize, 20);
  bytes.writeUInt32LE(large ? MAX_32 : size, 24);
  bytes.writeUInt16LE(name.length, 28);
  bytes.writeUInt16LE(large ? 28 : 0, 30);
  bytes.writeUInt32LE(ATTRIBUTES, 38);
  bytes.writeUInt32LE(large ? MAX_32 : offset, 42);
  bytes.write(name, DIRECTORY_HEADER_BYTES, 'latin1');
  if (!large) return bytes;
  const extra = DIRECTORY_HEADER_BYTES + name.length;
  bytes.writeUInt16LE(EXTRA_64, extra);
  bytes.writeUInt16LE(24, extra + 2);
  writeUInt64(bytes, size, extra + 4);
  writeUInt64(bytes, compressedSize, extra + 12);
  writeUInt64(bytes, offset, extra + 20);
  return bytes;
}

/** What encodeDirectoryHeader needs to write these bytes again, if it can: the caller compares. `bytes` has at least a header's length. */
export function parseDirectoryHeader(bytes: Uint8Array): Omit<ZipEntry, 'offset'> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extra = DIRECTORY_HEADER_BYTES + view.readUInt16LE(28);
  const name = view.toString('latin1', DIRECTORY_HEADER_BYTES, extra);
  const crc = view.readUInt32LE(16);
  const large = view.readUInt16LE(30) === 28 && view.length >= extra + 28;
  if (!large) return { name, crc, compressedSize: view.readUInt32LE(20), size: view.readUInt32LE(24) };
  return { name, crc, size: readUInt64(view, extra + 4), compressedSize: readUInt64(view, extra + 12) };
}

/** `count`, `length` and `offset` of the directory that ends where this begins. */
export function encodeEnd({ count, length, offset }: ZipEnd): Buffer {
  const large = count > MAX_16 || length > MAX_32 || offset > MAX_32;
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(large ? MAX_16 : count, 8);
  end.writeUInt16LE(large ? MAX_16 : count, 10);
  end.writeUInt32LE(large ? MAX_32 : length, 12);
  end.writeUInt32LE(large ? MAX_32 : offset, 16);
  if (!large) return end;
  const record = Buffer.alloc(END_64_BYTES + LOCATOR_64_BYTES);
  record.writeUInt32LE(END_64, 0);
  writeUInt64(record, 44, 4);
  record.writeUInt16LE(VERSION_64, 12);
  record.writeUInt16LE(VERSION_64, 14);
  writeUInt64(record, count, 24);
  writeUInt64(record, count, 32);
  writeUInt64(record, length, 40);
  writeUInt64(record, offset, 48);
  record.writeUInt32LE(LOCATOR_64, END_64_BYTES);
  writeUInt64(record, offset + length, END_64_BYTES + 8);
  record.writeUInt32LE(1, END_64_BYTES + 16);
  return Buffer.concat([record, end]);
}

/** Where the directory is. Throws `corrupt` unless the file ends as encodeEnd has it. */
export async function parseEnd(source: RandomRead): Promise<ZipEnd> {
  const longest = END_64_BYTES + LOCATOR_64_BYTES + END_BYTES;
  const held = Math.min(source.size, longest);
  const start = source.size - held;
  const tail = Buffer.from(await source.read(start, held));
  const at = held - END_BYTES;
  if (at < 0 || tail.readUInt32LE(at) !== END) {
    throw new EvidenceError(
      'corrupt',
      `ZIP, offset ${Math.max(0, start + at)}: no end record, or bytes after it`,
    );
  }
  const small = {
    count: tail.readUInt16LE(at + 10),
    length: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const large = small.count === MAX_16 && small.offset === MAX_32 && held === longest;
  const end = large
    ? { count: readUInt64(tail, 32), length: readUInt64(tail, 40), offset: readUInt64(tail, 48) }
    : small;
  const expected = encodeEnd(end);
  const found = tail.subarray(Math.max(0, held - expected.length));
  if (!expected.equals(found) || end.offset + end.length + expected.length !== source.size) {
    throw new EvidenceError('corrupt', `ZIP, offset ${start + at}: the end record is not ours`);
  }
  return end;
}

function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

/** 0 for what no file can be long: then the bytes written for it differ. */
function readUInt64(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at));
  return Number.isSafeInteger(value) ? value : 0;
}
