import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { EvidenceError } from './error.ts';

/** Bytes that a frame may decode to at once: beyond, it is decoded in pieces. */
const AT_ONCE = 1 << 20;

/**
 * What a file of exactly one zstd frame decodes to, in pieces. Throws `corrupt`, beginning with `where`, for anything else: a
 * frame cut short, of which the checksum is wrong, or with any byte after it (Node's decoder ignores those, or takes them
 * for a further frame).
 */
export async function* decodeZstd(
  compressed: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<Uint8Array> {
  const pieces = compressed[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    const whole = first.done === true ? undefined : decodeAtOnce(first.value);
    const rest = oneFrame(continued(first.done === true ? [] : [first.value], pieces), where);
    if (whole === undefined) {
      yield* through(rest, createZstdDecompress(PIECES));
    } else {
      // There must be no more of it.
      for await (const _ of rest);
      if (whole.length > 0) yield whole;
    }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EvidenceError('corrupt', `${where}: not a whole zstd frame: ${reason}`, { cause });
  }
}

/**
 * The bytes as exactly one zstd frame. Node's compressor begins a second, empty frame when the first one ends just where its own buffer does
 * (once in some 16,000 frames): it is left out.
 */
export async function* encodeZstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const encoder = createZstdCompress();
  const steps = createFrame('what was compressed');
  const beyond: Uint8Array[] = [];
  for await (const chunk of through(bytes, encoder)) {
    const own = steps.take(chunk);
    if (own > 0) yield chunk.subarray(0, own);
    if (own < chunk.length) beyond.push(chunk.subarray(own));
  }
  if (beyond.length > 0 && zstdDecompressSync(Buffer.concat(beyond)).length > 0) {
    throw new EvidenceError('io', 'the compressor gave more than one frame');
  }
}

async function* through(bytes: AsyncIterable<Uint8Array>, coder: Transform): AsyncGenerator<Uint8Array> {
  const fed = pipeline(bytes, coder);
  // The same error comes out of the coder, where it is thrown on.
  fed.catch(() => undefined);
  try {
    for await (const chunk of coder) yield asBytes(chunk);
    await fed;
  } finally {
    coder.destroy();
  }
}

/** Undefined unless it is one whole frame that decodes to little: a stream costs many times what the work does. */
function decodeAtOnce(compressed: Uint8Array): Uint8Array | undefined {
  if (!isWholeFrame(compressed)) return undefined;
  try {
    return zstdDecompressSync(compressed, { maxOutputLength: AT_ONCE, chunkSize: 1 << 12 });
  } catch {
    return undefined;
  }
}

function isWholeFrame(bytes: Uint8Array): boolean {
  try {
    const steps = frame('');
    let at = 0;
    for (let need = steps.next(); need.done !== true;) {
      const taken = bytes.subarray(at, at + need.value);
      if (taken.length < need.value) return false;
      at += need.value;
      need = steps.next(taken);
    }
    return at === bytes.length;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** Passes the bytes on, and throws `corrupt` for the first byte after the frame. */
async function* oneFrame(compressed: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  const steps = createFrame(where);
  for await (const chunk of compressed) {
    if (steps.take(chunk) < chunk.length) {
      throw new EvidenceError('corrupt', `${where}: bytes after the zstd frame`);
    }
    yield chunk;
  }
}

/** Follows a frame through its pieces: `take` tells how many bytes of a piece are the frame's. */
function createFrame(where: string): { take(chunk: Uint8Array): number } {
  const steps = frame(where);
  let need = steps.next();
  let held: Uint8Array = new Uint8Array();
  return {
    take(chunk) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      while (need.done !== true && held.length >= need.value) {
        const taken = held.subarray(0, need.value);
        held = held.subarray(need.value);
        need = steps.next(taken);
      }
      if (need.done !== true) return chunk.length;
      const beyond = held.length;
      held = new Uint8Array();
      return chunk.length - beyond;
    },
  };
}

/** What was read already, and the rest. */
async function* continued<T>(read: readonly T[], rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield* read;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Asks for the parts of a frame (RFC 8878 3.1.1), each at most 128 KiB long, until it is whole. */
function* frame(where: string): Generator<number, void, Uint8Array> {
  const start = Buffer.from(yield 5);
  const descriptor = start.readUInt8(4);
  if (start.readUInt32LE(0) !== MAGIC) throw new EvidenceError('corrupt', `${where}: not a zstd frame`);
  yield headerBytes(descriptor);
  for (let last = false; !last;) {
    const block = Buffer.from(yield 3).readUIntLE(0, 3);
    const repeated = ((block >> 1) & 3) === 1;
    last = (block & 1) === 1;
    yield repeated ? 1 : block >> 3;
  }
  if ((descriptor & 4) !== 0) yield 4;
}

const MAGIC = 0xfd2fb528;
/**
 * Bytes decoded at a time (with the 16 KiB of the default, handing them over costs as much as decoding), and ahead of who reads them: so that
 * both may go on side by side.
 */
const PIECES = { chunkSize: 1 << 18, highWaterMark: 1 << 20 };

/** The length of the header after its descriptor: window, dictionary id, content size. */
function headerBytes(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (single ? 0 : 1) + dictionary + content;
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a decoder gives bytes');
}
