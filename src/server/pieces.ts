import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ByteRange } from './range.ts';

/** Bytes that are read at once. */
const PIECE = 65_536;
/** One is written, one waits, one is being read. */
const BUFFERS = 4;

/** Where a stream goes to. */
interface Sink {
  /** Bytes that it was given and has not passed on yet. */
  readonly writableLength: number;
}

/**
 * A range of a file, read as it is taken. `before` is asked before the piece with the last byte is given; when it rejects, that is not given.
 * A buffer is filled again when the sink has passed on what was in it: left to the collector, they would pile up.
 */
export function rangeStream(
  file: string,
  { first, last }: ByteRange,
  sink: Sink,
  before: () => Promise<void> = () => Promise.resolve(),
): Readable {
  const buffers: { bytes: Buffer; end: number }[] = [];
  let given = 0;

  /** What was given goes out in its order: all but what still waits, here or there, is gone. */
  function nextBuffer(): Buffer {
    const gone = given - stream.readableLength - sink.writableLength;
    const used = buffers.shift();
    const isFree = used !== undefined && used.end <= gone;
    if (used !== undefined && !isFree) buffers.unshift(used);
    return isFree ? used.bytes : Buffer.allocUnsafeSlow(PIECE);
  }

  async function* pieces(): AsyncGenerator<Buffer> {
    await using handle = await open(file);
    for (let at = first; at <= last;) {
      const length = Math.min(PIECE, last + 1 - at);
      const bytes = nextBuffer();
      const { bytesRead } = await handle.read(bytes, 0, length, at);
      if (bytesRead === 0) throw new Error(`${file} is shorter than it was`);
      at += bytesRead;
      if (at > last) await before();
      given += bytesRead;
      if (buffers.length < BUFFERS) buffers.push({ bytes, end: given });
      yield bytes.subarray(0, bytesRead);
    }
  }

  const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: PIECE });
  return stream;
}
