import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Findings } from '../../evidence/verify/report.ts';
import { compareInventory } from '../derive/compare-inventory.ts';
import type { Contents } from './contents.ts';
import { firstDifference } from './difference.ts';

/** Of the header: the version of SQLite that wrote the file, as sqlite3_libversion_number. Source: sqlite.org/fileformat2.html, 1.3. */
const VERSION_AT = 96;

/**
 * Holds inventory.sqlite to what is derived: byte by byte when the same version of SQLite wrote it, else table by table, which is told.
 */
export async function checkInventory(
  contents: Contents,
  name: string,
  expected: AsyncIterable<Uint8Array>,
  findings: Findings,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-inventory-'));
  const [found, derived] = [join(directory, 'found.sqlite'), join(directory, 'derived.sqlite')];
  try {
    await pipeline(expected, createWriteStream(derived));
    const difference = await firstDifference(contents.stream(name), createReadStream(derived));
    if (difference === undefined) return;
    await pipeline(contents.stream(name), createWriteStream(found));
    const [theirs, ours] = [await versionOf(found), await versionOf(derived)];
    if (theirs === ours) {
      findings.problem('altered', name, `not what the evidence gives, from byte ${difference.offset} on`);
      return;
    }
    for (const text of compareInventory(found, derived)) findings.problem('altered', name, text);
    findings.note(
      `${name} was written by SQLite ${textOf(theirs)} and this is ${textOf(ours)}: compared by what it says, not byte by byte`,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function versionOf(path: string): Promise<number> {
  await using handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, VERSION_AT);
  return bytesRead < 4 ? 0 : buffer.readUInt32BE(0);
}

function textOf(version: number): string {
  return [version / 1_000_000, (version / 1000) % 1000, version % 1000].map(Math.floor).join('.');
}
