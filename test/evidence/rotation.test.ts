import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Sealed } from '../../src/evidence/contract.ts';
import { bodyKeyId } from '../../src/evidence/keyring.ts';
import type { EvidenceKeys } from '../../src/evidence/keys.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { fingerprint } from '../../src/evidence/public-keys.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { draft, testKeys, testLog } from './helpers.ts';

const first = testKeys(1);
const second = testKeys(2);
const third = testKeys(3);

async function rotations(log: { entries(): AsyncIterable<Sealed> }) {
  const found = [];
  for await (const { index, predicate, fields } of log.entries())
    if (predicate === 'rotation') found.push({ index, ...fields });
  return found;
}

/** How many keys signed the checkpoint of a size. */
async function signatures(directory: string, size: number): Promise<number> {
  return parseNote(await readFile(join(directory, 'log/checkpoints', String(size)))).signatures.length;
}

describe('the envelope key', () => {
  const keys: EvidenceKeys = { ...first, envelope: second.envelope, previous: { envelope: first.envelope } };

  test('is replaced by two entries of the same payload, in one commit, and signs from the second on', async () => {
    await using t = await testLog();
    await t.log.append([draft('one')]);
    const log = await t.reopen({ keys });
    expect(log.checkpoint().size).toBe(4);
    expect(await readdir(join(t.directory, 'log/checkpoints'))).not.toContain('3');
    const [old, made] = [fingerprint(first.envelope.spki), fingerprint(second.envelope.spki)];
    const fields = { use: 'envelope', step: 'replace', from: old, to: made };
    expect(await rotations(log)).toMatchObject([
      { index: 2, ...fields },
      { index: 3, ...fields },
    ]);
    const payloadOf = async (index: number) =>
      JSON.parse(Buffer.from(await log.envelope(index)).toString()).payload;
    expect(await payloadOf(2)).toBe(await payloadOf(3));
    const [sealed] = await log.append([draft('two')]);
    expect(await log.entry(sealed!.index)).toEqual(sealed);
    expect(log.keys()).toMatchObject([
      { use: 'checkpoint', index: 0, retiring: false },
      { use: 'envelope', fingerprint: made, index: 3, retiring: false },
    ]);
  });
});
