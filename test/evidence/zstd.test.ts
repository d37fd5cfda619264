import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { EvidenceError } from '../../src/evidence/error.ts';
import { decodeZstd, encodeZstd } from '../../src/evidence/zstd.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function decode(bytes: Uint8Array, size = 65_536): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decodeZstd(pieces(bytes, size), 'file')) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes that don't compress, always the same. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const bodies: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['a line', Buffer.from('{"id":"a"}\n')],
  ['one byte, repeated', Buffer.alloc(1_000_000, 'a')],
  ['noise of several blocks', noise(700_000)],
  ['noise of exactly a block', noise(131_072)],
];

describe('one zstd frame', () => {
  test.each(bodies)('of %s is decoded, however it is cut into pieces', async (_, body) => {
    for (const options of [{}, checksum]) {
      const frame = zstdCompressSync(body, options);
      for (const size of [frame.length, 65_536, 1000]) {
        expect(Buffer.compare(await decode(frame, size), body)).toBe(0);
      }
      const small = body.length < 100 ? frame : zstdCompressSync(body.subarray(0, 10), options);
      expect((await decode(small, 1)).length).toBe(
        Math.min(body.length, body.length < 100 ? body.length : 10),
      );
    }
  });

  test.each(bodies)('of %s is refused with anything after it', async (_, body) => {
    const frame = zstdCompressSync(body, checksum);
    const skippable = Buffer.from('502a4d1801000000aa', 'hex');
    for (const after of [Buffer.from([0]), zstdCompressSync(Buffer.alloc(0)), skippable, frame]) {
      for (const size of [frame.length, frame.length + after.length, 65_536]) {
        await expect(decode(Buffer.concat([frame, after]), size)).rejects.toThrow('after the zstd frame');
      }
    }
    await expect(decode(Buffer.concat([skippable, frame]))).rejects.toThrow('not a zstd frame');
  });

  test('is what anything is encoded as, also when the frame ends where the buffer of the compressor does', async () => {
    const buffer = 1 << 14;
    for (const length of [0, 1, ...Array.from({ length: 64 }, (_, i) => buffer - 48 + i), 2 * buffer]) {
      const body = noise(length);
      const frame = Buffer.concat(await Array.fromAsync(encodeZstd(pieces(body, 1000))));
      expect(Buffer.compare(await decode(frame), body), `${length} bytes`).toBe(0);
    }
  });

  test('is refused cut anywhere', async () => {
    const frame = zstdCompressSync(noise(300), checksum);
    for (let end = 0; end < frame.length; end += 1) {
      await expect(decode(frame.subarray(0, end)), `cut at ${end}`).rejects.toThrow(EvidenceError);
    }
  });

  test('is refused with a wrong checksum', async () => {
    const frame = zstdCompressSync(noise(300), checksum);
    frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1);
    await expect(decode(frame)).rejects.toThrow('checksum');
  });

  test('may be left half read', async () => {
    for await (const chunk of decodeZstd(pieces(zstdCompressSync(noise(1_000_000)), 1000), 'file')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });
});
