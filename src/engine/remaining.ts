import { z } from 'zod';
import type { CollectorContext } from '../collectors/contract.ts';
import type { EvidenceLog, Subject } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import type { InventoryRecord, SourceRef } from '../inventory/kind.ts';
import { own, ownJson } from './own.ts';
import type { StateDatabase } from './state/database.ts';

type Previous = Awaited<ReturnType<CollectorContext['previous']>>;

export function isErasure(error: unknown): error is EvidenceError {
  return error instanceof EvidenceError && error.code === 'erased';
}

/** A snapshot for the collector of the next one. */
export function earlier(
  log: EvidenceLog,
  { asOf, body, index }: { readonly asOf: number | null; readonly body: string; readonly index: number },
): Previous {
  if (asOf === null) return undefined;
  return { asOf, records: own<AsyncIterable<InventoryRecord>>(log.body(body, index)) };
}

/**
 * The records that remain of the newest snapshot of a source of which anything remains. It is no evidence; but what a collector carries over
 * from one snapshot to the next must not be lost because one person's record was erased.
 */
export async function lastRemaining(
  state: StateDatabase,
  log: EvidenceLog,
  { collector, dataset, scope }: SourceRef,
): Promise<Previous> {
  const rows = await state
    .selectFrom('entry')
    .select(['index', 'subjects_json'])
    .where('stream', '=', `snapshot/${collector}/${dataset}/${scope}`)
    .orderBy('index', 'desc')
    .execute();
  for (const { index, subjects_json } of rows) {
    const body = ownJson<Subject[]>(subjects_json).find(({ name }) => name === 'records');
    const lines = body && (await log.lines(body.sha256, index));
    if (lines === undefined) continue;
    const { asOf } = z.object({ asOf: z.int() }).parse((await log.entry(index)).fields);
    return { asOf, records: own<AsyncIterable<InventoryRecord>>(recordsOf(lines)) };
  }
  return undefined;
}

async function* recordsOf(lines: AsyncIterable<object>): AsyncGenerator {
  for await (const line of lines) if ('record' in line) yield line.record;
}
