import { createHash } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  MANIFEST,
  MANIFEST_NOTE,
  SUMS,
  compareNames,
  manifestNoteText,
  manifestPieces,
  manifestSchema,
  sumLine,
} from '../../src/audit/layout.ts';
import type { Manifest } from '../../src/audit/layout.ts';
import { memoryAccess, openZip } from '../../src/audit/zip.ts';
import {
  encodeDescriptor,
  encodeDirectoryHeader,
  encodeEnd,
  encodeLocalHeader,
} from '../../src/audit/zip-format.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { nodeHash, proveConsistency, proveInclusion, treeRoot } from '../../src/evidence/merkle.ts';
import type { NodeReader } from '../../src/evidence/merkle.ts';
import { signNote } from '../../src/evidence/note.ts';
import { compareUtf8 } from '../../src/inventory/utf8.ts';

/** The files of a bundle, decoded. */
export type Files = Map<string, Buffer>;

export async function unpack(zip: Uint8Array): Promise<Files> {
  await using archive = await openZip(memoryAccess(zip));
  const files: Files = new Map();
  for (const entry of archive.entries) {
    const parts: Uint8Array[] = [];
    for await (const part of archive.stream(entry)) parts.push(part);
    files.set(entry.name, Buffer.concat(parts));
  }
  return files;
}

export interface Packing {
  /** The names in another order. */
  readonly order?: readonly string[];
  readonly level?: number;
}

/** The ZIP as the writer frames it. */
export function pack(files: Files, { order, level = 1 }: Packing = {}): Buffer {
  const [body, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const name of order ?? [...files.keys()].sort(compareNames)) {
    const content = files.get(name) ?? Buffer.alloc(0);
    const data = deflated(content, level);
    const entry = {
      name,
      size: content.length,
      compressedSize: data.length,
      crc: crc32(content),
      offset,
    };
    const parts = [encodeLocalHeader(entry), data, encodeDescriptor(entry)];
    body.push(...parts);
    directory.push(encodeDirectoryHeader(entry));
    offset += parts.reduce((sum, part) => sum + part.length, 0);
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const end = encodeEnd({ count: directory.length, length, offset });
  return Buffer.concat([...body, ...directory, end]);
}

/** Most files are the same in every round. */
const kept = new WeakMap<Buffer, Map<number, Buffer>>();

function deflated(content: Buffer, level: number): Buffer {
  const known = kept.get(content) ?? new Map<number, Buffer>();
  kept.set(content, known);
  const data = known.get(level) ?? deflateRawSync(content, { level });
  known.set(level, data);
  return data;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * How far whoever changed a bundle hides it: `none` leaves all sums, `sums` makes the manifest and SHA256SUMS anew, and the others sign the manifest,
 * by keys of their own or by the true ones.
 */
export type Hiding = 'none' | 'sums' | 'foreign' | 'true';

export function manifestOf(files: Files): Manifest {
  return manifestSchema.parse(JSON.parse((files.get(MANIFEST) ?? Buffer.alloc(0)).toString()));
}

/** Makes everything that speaks of other files fit them again. `say` changes what the manifest says otherwise. */
export async function reseal(
  files: Files,
  hiding: Hiding,
  keys: Pick<EvidenceKeys, 'checkpoint'>,
  say: (manifest: Manifest) => Manifest = (manifest) => manifest,
): Promise<void> {
  if (hiding === 'none') return;
  const { files: _, ...head } = say(manifestOf(files));
  const beside = new Set([MANIFEST, MANIFEST_NOTE, SUMS]);
  const listed = [...files]
    .filter(([name]) => !beside.has(name))
    .map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }))
    .sort((one, other) => compareUtf8(one.name, other.name));
  const manifest = Buffer.from([...manifestPieces(head, listed)].join(''));
  files.set(MANIFEST, manifest);
  if (hiding !== 'sums') {
    const { checkpoint } = keys;
    const text = manifestNoteText(head.origin, sha256(manifest));
    const sign = (message: Uint8Array) => checkpoint.sign(message);
    const signer = { name: head.origin, spki: checkpoint.spki, sign };
    files.set(MANIFEST_NOTE, Buffer.from(await signNote(text, [signer])));
  }
  const sums = [...files].filter(([name]) => name !== SUMS).sort(([one], [other]) => compareUtf8(one, other));
  files.set(SUMS, Buffer.from(sums.map(([name, bytes]) => sumLine(name, sha256(bytes))).join('')));
}

/** Nodes of the tree over leaf hashes. */
export function nodesOf(leaves: readonly Uint8Array[]): NodeReader {
  return async function node(level: number, index: number): Promise<Uint8Array> {
    if (level === 0) return leaves[index] ?? Buffer.alloc(32);
    return nodeHash(await node(level - 1, index * 2), await node(level - 1, index * 2 + 1));
  };
}

export async function inclusion(
  leaves: readonly Uint8Array[],
  index: number,
  size: number,
): Promise<string[]> {
  return (await proveInclusion(index, size, nodesOf(leaves))).map(base64);
}

export async function consistency(
  leaves: readonly Uint8Array[],
  from: number,
  to: number,
): Promise<string[]> {
  return (await proveConsistency(from, to, nodesOf(leaves))).map(base64);
}

export function rootOf(leaves: readonly Uint8Array[], size: number): Promise<Uint8Array> {
  return treeRoot(size, nodesOf(leaves));
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** What an entry of a ZIP inflates to; undefined when it doesn't. */
export function inflated(data: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(data);
  } catch {
    return undefined;
  }
}
