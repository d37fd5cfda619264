import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  MANIFEST,
  MANIFEST_NOTE,
  type ManifestFile,
  manifestNoteText,
  manifestPieces,
  manifestSchema,
  sumLine,
  SUMS,
} from '../../src/audit/layout.ts';
import type { Signer } from '../../src/evidence/keys.ts';
import { signNote } from '../../src/evidence/note.ts';
import { compareUtf8 } from '../../src/inventory/utf8.ts';

/** Names of the files in a folder where a bundle was unpacked, by their bytes. */
async function namesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of found) if ((await stat(join(folder, name))).isFile()) files.push(name);
  return files.toSorted(compareUtf8);
}

/** Makes the sums anew: all that somebody can do who has no key. */
export async function sumAnew(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const name of await namesIn(folder))
    if (name !== SUMS) lines.push(sumLine(name, (await fileOf(folder, name)).sha256));
  await writeFile(join(folder, SUMS), lines.join(''));
}

/** Lists and signs the files anew, as somebody can who holds the key of the checkpoints. */
export async function sealAnew(folder: string, signer: Signer): Promise<void> {
  const { files: _, ...head } = manifestSchema.parse(
    JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')),
  );
  const files: ManifestFile[] = [];
  for (const name of await namesIn(folder))
    if (![MANIFEST, MANIFEST_NOTE, SUMS].includes(name)) files.push(await fileOf(folder, name));
  const manifest = [...manifestPieces(head, files)].join('');
  await writeFile(join(folder, MANIFEST), manifest);
  const text = manifestNoteText(head.origin, createHash('sha256').update(manifest).digest('hex'));
  const key = { name: head.origin, spki: signer.spki, sign: (bytes: Uint8Array) => signer.sign(bytes) };
  await writeFile(join(folder, MANIFEST_NOTE), await signNote(text, [key]));
  await sumAnew(folder);
}

async function fileOf(folder: string, name: string): Promise<ManifestFile> {
  const bytes = await readFile(join(folder, name));
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
