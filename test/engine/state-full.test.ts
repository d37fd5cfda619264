import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openState } from '../../src/engine/state/database.ts';

test('a state without room takes nothing of a transaction, says why, and goes on when there is room', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-state-'));
  const state = await openState(join(directory, 'state.db'));
  const fill = (key: string) =>
    state.transaction().execute(async (transaction) => {
      await transaction.insertInto('meta').values({ key, value: 'small' }).execute();
      await transaction
        .insertInto('meta')
        .values({ key: `${key} large`, value: 'x'.repeat(1 << 20) })
        .execute();
    });
  const keys = async () =>
    (await state.selectFrom('meta').select('key').execute()).map(({ key }) => key).toSorted();
  try {
    const before = await keys();
    await sql`PRAGMA max_page_count = 60`.execute(state);
    await expect(fill('a')).rejects.toMatchObject({ errcode: 13, message: 'database or disk is full' });
    expect(await keys()).toEqual(before);
    await sql`PRAGMA max_page_count = 100000`.execute(state);
    await fill('b');
    expect(await keys()).toEqual([...before, 'b', 'b large'].toSorted());
  } finally {
    await state.destroy();
    await rm(directory, { recursive: true });
  }
});
