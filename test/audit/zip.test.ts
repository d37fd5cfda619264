import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import ZipStream from 'zip-stream';
import { ZIP } from '../../src/audit/layout.ts';
import { memoryAccess, openFile, openZip } from '../../src/audit/zip.ts';
import type { RandomAccess } from '../../src/audit/zip.ts';
import {
  encodeDescriptor,
  encodeDirectoryHeader,
  encodeEnd,
  encodeLocalHeader,
} from '../../src/audit/zip-format.ts';

type Files = readonly (readonly [name: string, content: Uint8Array | string])[];

interface Settings {
  readonly forceZip64?: boolean;
  readonly comment?: string;
}

interface EntrySettings {
  readonly date?: Date;
  readonly mode?: number;
  readonly comment?: string;
  readonly store?: boolean;
}

/** As the writer of bundles makes it. */
async function packed(files: Files, settings: Settings = {}, entry: EntrySettings = {}): Promise<Buffer> {
  const zip = new ZipStream({ ...settings, zlib: { level: ZIP.level } });
  const whole = buffer(zip);
  for (const [name, content] of files) {
    await new Promise<void>((resolve, reject) => {
      const source = Readable.from([Buffer.from(content)], { objectMode: false });
      zip.entry(source, { name, date: ZIP.date, mode: ZIP.mode, ...entry }, (error?: Error | null) =>
        error instanceof Error ? reject(error) : resolve(),
      );
    });
  }
  zip.finish();
  return whole;
}

async function readAll(source: Uint8Array | RandomAccess): Promise<Map<string, Buffer>> {
  await using archive = await openZip('read' in source ? source : memoryAccess(source));
  const found = new Map<string, Buffer>();
  for (const entry of archive.entries) {
    const parts: Uint8Array[] = [];
    for await (const part of archive.stream(entry)) parts.push(part);
    found.set(entry.name, Buffer.concat(parts));
  }
  return found;
}

/** One entry as its own fields say, whatever they say. */
function handMade(name: string, data: Buffer, said: { size: number; crc: number }): Buffer {
  const entry = { name, ...said, compressedSize: data.length, offset: 0 };
  const body = Buffer.concat([encodeLocalHeader(entry), data, encodeDescriptor(entry)]);
  const directory = encodeDirectoryHeader(entry);
  return Buffer.concat([
    body,
    directory,
    encodeEnd({ count: 1, length: directory.length, offset: body.length }),
  ]);
}

const large = Buffer.alloc(3_000_000, 'one line of evidence and another\n');
const files: Files = [
  ['README.md', 'hello\n'],
  ['evidence/empty.ndjson', ''],
  ['evidence/large.ndjson', large],
];

describe('a ZIP that the writer made', () => {
  test('gives back every file, from memory and from disk', async () => {
    const bytes = await packed(files);
    const directory = await mkdtemp(join(tmpdir(), 'annexa-zip-'));
    try {
      await writeFile(join(directory, 'a.zip'), bytes);
      for (const source of [memoryAccess(bytes), await openFile(join(directory, 'a.zip'))]) {
        const found = await readAll(source);
        expect([...found]).toEqual(files.map(([name, content]) => [name, Buffer.from(content)]));
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('may have no files', async () => {
    expect(await readAll(await packed([]))).toEqual(new Map());
  });

  // zip-stream takes many seconds for so many, and gives the same bytes.
  test.each([65_535, 65_540])('may have %i files, as many as 16 bits count or more', async (count) => {
    const data = deflateRawSync('');
    const length = 30 + 7 + data.length + 16;
    const parts: Buffer[] = [];
    for (let i = 0; i < count; i += 1) {
      const name = `f/${String(i).padStart(5, '0')}`;
      const entry = { name, size: 0, compressedSize: data.length, crc: 0, offset: i * length };
      parts.push(encodeDirectoryHeader(entry));
    }
    const directory = Buffer.concat(parts);
    const offset = count * length;
    const end = encodeEnd({ count, length: directory.length, offset });
    const bytes = Buffer.concat([Buffer.alloc(offset), directory, end]);
    await using archive = await openZip(memoryAccess(bytes));
    expect(archive.entries).toHaveLength(count);
    expect(archive.entries.at(-1)).toMatchObject({ offset: (count - 1) * length });
  });

  test('may be larger than 32 bits say', async () => {
    const source = sparse(5_000_000_000);
    await using archive = await openZip(source);
    expect(archive.entries.map(({ name, offset }) => [name, offset])).toEqual([
      ['first', 0],
      ['second', 30 + 5 + 5_000_000_000 + 24],
    ]);
    const second = archive.entries[1];
    if (second === undefined) throw new Error('no second entry');
    const parts: Uint8Array[] = [];
    for await (const part of archive.stream(second)) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('hello');
  });
});

/** Two entries, the first one's data being a hole. */
function sparse(hole: number): RandomAccess {
  const data = deflateRawSync('hello');
  const first = { name: 'first', size: hole, compressedSize: hole, crc: 1, offset: 0 };
  const secondAt = 30 + 5 + hole + 24;
  const second = { name: 'second', size: 5, compressedSize: data.length, crc: 0x3610a686, offset: secondAt };
  const directoryAt = secondAt + 36 + data.length + 16;
  const directory = Buffer.concat([encodeDirectoryHeader(first), encodeDirectoryHeader(second)]);
  const pieces: (readonly [number, Buffer])[] = [
    [0, encodeLocalHeader(first)],
    [35 + hole, encodeDescriptor(first)],
    [secondAt, Buffer.concat([encodeLocalHeader(second), data, encodeDescriptor(second)])],
    [directoryAt, directory],
    [directoryAt + directory.length, encodeEnd({ count: 2, length: directory.length, offset: directoryAt })],
  ];
  const last = pieces.at(-1);
  return {
    size: (last?.[0] ?? 0) + (last?.[1].length ?? 0),
    async read(position, length) {
      const bytes = Buffer.alloc(length);
      for (const [at, piece] of pieces) {
        const from = Math.max(at, position);
        const to = Math.min(at + piece.length, position + length);
        if (from < to) piece.copy(bytes, from - position, from - at, to - at);
      }
      return bytes;
    },
    async [Symbol.asyncDispose]() {},
  };
}

describe('any other ZIP is refused', () => {
  test('with a changed byte anywhere in its framing', async () => {
    const bytes = await packed([
      ['a.txt', 'alpha'],
      ['b.txt', 'beta, and more of it'],
    ]);
    await using archive = await openZip(memoryAccess(bytes));
    const data = archive.entries.flatMap(({ offset, compressedSize }) =>
      Array.from({ length: compressedSize }, (_, i) => offset + 35 + i),
    );
    const inside = new Set(data);
    for (let at = 0; at < bytes.length; at += 1) {
      if (inside.has(at)) continue;
      for (const bit of [1, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bit;
        await expect(readAll(changed), `byte ${at}`).rejects.toMatchObject({ code: 'corrupt' });
      }
    }
  });

  test('with bytes before, between or after', async () => {
    const bytes = await packed(files);
    for (const at of [0, 45, bytes.length - 22, bytes.length]) {
      const changed = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1), bytes.subarray(at)]);
      await expect(readAll(changed), `at ${at}`).rejects.toMatchObject({ code: 'corrupt' });
    }
  });

  test('cut at any place', async () => {
    const bytes = await packed([['a.txt', 'alpha']]);
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(readAll(bytes.subarray(0, length)), `${length}`).rejects.toMatchObject({
        code: 'corrupt',
      });
    }
  });

  test.each<[string, Settings, EntrySettings]>([
    ['with a comment', { comment: 'x' }, {}],
    ['with the comment of an entry', {}, { comment: 'x' }],
    ['with ZIP64 forced', { forceZip64: true }, {}],
    ['with another date', {}, { date: new Date('2026-11-22T00:00:00Z') }],
    ['with another mode', {}, { mode: 0o755 }],
    ['with stored entries', {}, { store: true }],
  ])('%s', async (_, settings, entry) => {
    const bytes = await packed([['a.txt', 'alpha']], settings, entry);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test.each([
    '../a',
    '/a',
    'a/../b',
    'a//b',
    'a/',
    './a',
    'a\\b',
    'a\u0000b',
    'C:a',
    '.hidden',
    '-r',
    'a\u00e9',
    '',
    'x'.repeat(256),
  ])('with an entry named %j', async (name) => {
    const data = deflateRawSync('hello');
    const bytes = handMade(name, data, { size: 5, crc: 0x3610a686 });
    await expect(readAll(bytes)).rejects.toMatchObject({ code: 'corrupt' });
  });

  test.each([
    ['the same', 'a.txt', 'a.txt'],
    ['another case of the same', 'a.txt', 'A.txt'],
  ])('with %s name twice', async (_, one, other) => {
    const bytes = await packed([
      [one, 'alpha'],
      [other, 'beta'],
    ]);
    await expect(readAll(bytes)).rejects.toThrow(/entry 2 .*twice/);
  });

  test.each([
    ['a wrong CRC', deflateRawSync('hello'), { size: 5, crc: 1 }, /CRC/],
    ['more bytes than are said', deflateRawSync('hello'), { size: 4, crc: 0x3610a686 }, /inflated/],
    [
      'fewer bytes than are said',
      deflateRawSync('hello'),
      { size: 6, crc: 0x3610a686 },
      /bytes that are said/,
    ],
    ['no deflated data', Buffer.from('hello'), { size: 5, crc: 0x3610a686 }, /inflated/],
    ['data cut off', deflateRawSync('hello').subarray(0, 4), { size: 5, crc: 0x3610a686 }, /inflated/],
    [
      'bytes after its data',
      Buffer.concat([deflateRawSync('hello'), Buffer.alloc(3)]),
      { size: 5, crc: 0x3610a686 },
      /after its/,
    ],
    ['an impossible size', deflateRawSync('hello'), { size: 1e12, crc: 0x3610a686 }, /size that is said/],
  ])('whose entry has %s', async (_, data, said, message) => {
    await expect(readAll(handMade('a.txt', data, said))).rejects.toThrow(message);
  });

  test('whose large entry has more, fewer or other bytes than are said', async () => {
    const data = deflateRawSync(large);
    const crc = (await openZip(memoryAccess(await packed(files)))).entries[2]?.crc ?? 0;
    expect((await readAll(handMade('a', data, { size: large.length, crc }))).get('a')).toEqual(large);
    const after = Buffer.concat([data, Buffer.alloc(3)]);
    const wrong: [Buffer, number, number, RegExp][] = [
      [data, large.length - 1, crc, /bytes that are said/],
      [data, large.length + 1, crc, /bytes that are said/],
      [data, large.length, (crc ^ 1) >>> 0, /CRC/],
      [after, large.length, crc, /after its/],
      [data.subarray(0, -5), large.length, crc, /inflated/],
      [
        Buffer.concat([data.subarray(0, 100), Buffer.alloc(data.length - 100, 255)]),
        large.length,
        crc,
        /inflated/,
      ],
    ];
    for (const [bytes, size, sum, message] of wrong) {
      await expect(readAll(handMade('a', bytes, { size, crc: sum }))).rejects.toThrow(message);
    }
  });

  test('and the message names the offset and the entry', async () => {
    const bytes = await packed([
      ['a.txt', 'alpha'],
      ['b.txt', 'beta'],
    ]);
    const at = bytes.indexOf('b.txt');
    bytes[at] = 'c'.charCodeAt(0);
    await expect(readAll(bytes)).rejects.toThrow(`ZIP, offset ${at}: entry "b.txt"`);
  });

  test('what is no file at all says so', async () => {
    await expect(openFile(tmpdir())).rejects.toMatchObject({ code: 'io' });
    await expect(openFile(join(tmpdir(), 'annexa-no-such.zip'))).rejects.toMatchObject({ code: 'io' });
  });
});
