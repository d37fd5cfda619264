import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deriveFrom, type DeriveWorld, makeDeriveWorld, rowsOf } from './derive-world.ts';

const GONE = 'hr:test:2';
let made: DeriveWorld;
let before: ReadonlyMap<string, Buffer>;
let files: ReadonlyMap<string, Buffer>;

beforeAll(async () => {
  made = await makeDeriveWorld();
  before = await deriveFrom(made.store);
  await using opened = await made.world.open();
  const { log } = opened.stores;
  const named = ['verdicts.csv', 'evidence/index.csv'].flatMap((file) =>
    rowsOf(before, file).map(
      (row) => row['records_sha256'] ?? (row['subject'] === 'records' && row['sha256']),
    ),
  );
  const bodies: { sha256: string; records: string[] }[] = [];
  for (const sha256 of new Set(named)) {
    if (!sha256) continue;
    const all = await Array.fromAsync(log.body(sha256));
    const records = all.filter((record) => JSON.stringify(record).includes(GONE)).map(({ id }) => id);
    if (records.length > 0) bodies.push({ sha256, records });
  }
  await log.erase({
    bodies,
    by: 'data protection officer',
    reason: 'asked for by the person',
    legalBasis: 'GDPR Art. 17',
  });
  files = await deriveFrom(made.store);
}, 240_000);
afterAll(() => made[Symbol.asyncDispose]());

describe('a person whose records were erased on request', () => {
  test('is named in no file', () => {
    expect(String(before.get('deviations.csv'))).toContain(GONE);
    const naming = [...files].filter(([, bytes]) => bytes.includes(GONE)).map(([name]) => name);
    expect(naming).toEqual([]);
  });

  test('is counted in the index (the person and the departure), which names the file of what remains', () => {
    const rows = rowsOf(files, 'evidence/index.csv').filter((row) => row['sha256'] === made.snapshot);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row['erased_lines']).toBe('2');
      expect(row['file']).toMatch(/^evidence\/[0-9a-f]{64}\.ndjson$/);
      expect(row['file']).not.toContain(made.snapshot);
    }
  });

  test('still fails: its deviation has no name, and no status gets better', () => {
    const hidden = rowsOf(files, 'deviations.csv').filter((row) => row['record']?.startsWith('erased:'));
    expect(hidden.map((row) => [row['check'], row['state'], row['overdue'], row['reason']])).toEqual([
      ['leavers', 'open', 'yes', 'The record was erased on request.'],
      ['second', 'closed', 'no', 'The record was erased on request.'],
    ]);
    const statuses = (from: ReadonlyMap<string, Buffer>) =>
      rowsOf(from, 'controls.csv').map((row) => [row['control'], row['aspect'], row['status_at_end']]);
    expect(statuses(files)).toEqual(statuses(before));
  });

  test('is missing from the tables, which say so', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-test-'));
    try {
      const file = join(directory, 'inventory.sqlite');
      await writeFile(file, files.get('inventory.sqlite') ?? '');
      const db = new DatabaseSync(file, { readOnly: true });
      expect(db.prepare('SELECT count(*) AS n FROM person').get()).toEqual({ n: 4 });
      expect(db.prepare("SELECT loaded, erased FROM annexa_source WHERE collector = 'people'").get()).toEqual(
        {
          loaded: 1,
          erased: 2,
        },
      );
      db.close();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
