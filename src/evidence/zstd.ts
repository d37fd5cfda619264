import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { EvidenceError } from './error.ts';

/**
 * What a file of exactly one zstd frame decodes to, in pieces. Throws `corrupt`, beginning with `where`, for anything else: a
 * frame cut short, of which the checksum is wrong, or with any byte after it (Node's decoder ignores those, or takes them
 * for a further frame).
 */
export async function* decodeZstd(
  compressed: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<Uint8Array> {
  const decoder = createZstdDecompress({ chunkSize: CHUNK });
  const fed = pipeline(oneFrame(compressed, where), decoder);
  // The same error comes out of the decoder, where it is thrown on.
  fed.catch(() => undefined);
  try {
    for await (const chunk of decoder) yield asBytes(chunk);
    await fed;
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EvidenceError('corrupt', `${where}: not a whole zstd frame: ${reason}`, { cause });
  } finally {
    decoder.destroy();
  }
}

/** Passes the bytes on, and throws `corrupt` for the first byte after the frame. */
async function* oneFrame(compressed: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  const steps = frame(where);
  let need = steps.next();
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of compressed) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (need.done !== true && held.length >= need.value) {
      const taken = held.subarray(0, need.value);
      held = held.subarray(need.value);
      need = steps.next(taken);
    }
    if (need.done === true && held.length > 0) {
      throw new EvidenceError('corrupt', `${where}: bytes after the zstd frame`);
    }
    yield chunk;
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
/** Bytes given at a time: with the 16 KiB of the default, handing them over costs as much as decoding. */
const CHUNK = 1 << 16;

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
