import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { declarationsOf } from '../../inventory/declared.ts';
import { InventoryError } from '../../inventory/error.ts';
import { type Inventory, openInventory } from '../../inventory/inventory.ts';
import type { InventoryRecord } from '../../inventory/kind.ts';
import { typed } from '../../inventory/typed.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Evidence, Line } from '../contract.ts';
import type { Findings } from './findings.ts';
import { describeInventory, type SourceNote } from './inventory-tables.ts';
import type { Source } from './source.ts';

/**
 * The tables as the last assessment of the period read them, with views that re-perform its checks, as one compact SQLite file: the same input gives the
 * same bytes under the same version of SQLite. A snapshot of which records were erased is loaded as far as it is left, and marked.
 */
export async function* inventoryFile(findings: Findings): AsyncGenerator<Uint8Array> {
  const { evidence, replay, spill } = findings;
  const loading = join(spill.directory, 'inventory.db');
  const compact = join(spill.directory, 'inventory.sqlite');
  const notes = new Map<string, SourceNote>();
  {
    await using inventory = openInventory(loading, { declared: declarationsOf(replay.config?.scope) });
    const sources = replay.end?.sources ?? [];
    for (const source of sources.toSorted((one, other) => compareUtf8(one.id, other.id)))
      notes.set(source.id, await load(evidence, inventory, source));
  }
  const db = new DatabaseSync(loading);
  try {
    describeInventory(db, findings, notes);
    db.prepare('VACUUM INTO ?').run(compact);
  } finally {
    db.close();
  }
  for (const suffix of ['', '-wal', '-shm']) await rm(loading + suffix, { force: true });
  for await (const chunk of createReadStream(compact)) yield typed<Uint8Array>(chunk);
}

async function load(evidence: Evidence, inventory: Inventory, source: Source): Promise<SourceNote> {
  const { body, asOf, index } = source;
  if (body === null || asOf === null || index === null)
    return { loaded: false, erased: 0, note: source.detail };
  const lines = await evidence.lines(body);
  if (lines === undefined) return { loaded: false, erased: 0, note: 'The body is not part of this bundle.' };
  const erased = { count: 0 };
  try {
    await inventory.load(source, { asOf, body, index }, remaining(lines, erased));
    return { loaded: true, erased: erased.count, note: source.detail };
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    return { loaded: false, erased: erased.count, note: error.message };
  }
}

/** Each record is judged by its kind's schema when it is loaded. */
async function* remaining(
  lines: AsyncIterable<Line>,
  erased: { count: number },
): AsyncGenerator<InventoryRecord> {
  for await (const line of lines) {
    if ('erased' in line) erased.count += 1;
    else yield typed<InventoryRecord>(line.record);
  }
}
