import { expect, test } from 'vitest';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import { findRecords } from '../../src/evidence/find-records.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { draft, testLog } from './helpers.ts';

async function attest(log: EvidenceLog, records: { id: string; note?: string }[]): Promise<string> {
  const body = await log.storeBody(records);
  const subjects = [{ name: 'datasets', sha256: body.sha256 }];
  await log.append([draft(`run-${log.checkpoint().size}`, { subjects })]);
  return body.sha256;
}

test('a search tells the bodies that hold a record, and other records that name it, but no longer names', async () => {
  await using t = await testLog();
  const holding = await attest(t.log, [{ id: 'hr:a:1' }, { id: 'hr:a:12' }]);
  await attest(t.log, [
    { id: 'key:7', note: 'of hr:a:1, since May' },
    { id: 'key:8', note: 'of hr:a:12' },
    { id: 'hr:a:1#departure' },
    { id: 'xhr:a:1' },
  ]);
  const found = await findRecords(await readStore(t.directory), ['hr:a:1']);
  expect(found.holders).toMatchObject([{ sha256: holding, role: 'kept', records: ['hr:a:1'] }]);
  expect(Object.fromEntries(found.mentions)).toEqual({ 'hr:a:1#departure': 1, 'key:7': 1 });
  expect(found.searched).toBe(2);
});

test('a search finds names with characters that JSON escapes', async () => {
  await using t = await testLog();
  const id = 'hr:a:"ö\\';
  await attest(t.log, [{ id }]);
  expect((await findRecords(await readStore(t.directory), [id])).holders).toHaveLength(1);
});
