import type { EvidenceLog } from '../../evidence/contract.ts';
import type { StateDatabase } from './database.ts';

const KEY = 'erasure';

/** The entry of the newest erasure; -1 when nothing was erased. */
export async function newestErasure(log: Pick<EvidenceLog, 'erasures'>): Promise<number> {
  let newest = -1;
  for (const { index } of (await log.erasures()).bodies.values()) newest = Math.max(newest, index);
  return newest;
}

/** The newest erasure that all of the state was made after: older rows may hold what it erased. */
export async function knownErasure(state: StateDatabase): Promise<number> {
  const row = await state.selectFrom('meta').select('value').where('key', '=', KEY).executeTakeFirst();
  return row === undefined ? -1 : Number(row.value);
}

/** Of an empty state, before anything is projected. */
export async function markErasure(state: StateDatabase, index: number): Promise<void> {
  await state
    .replaceInto('meta')
    .values({ key: KEY, value: String(index) })
    .execute();
}
