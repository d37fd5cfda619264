import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyState, type StateDatabase } from '../../src/engine/state/database.ts';

let directory: string;
let state: StateDatabase;
let reads: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-state-'));
  state = await emptyState(join(directory, 'state.db'));
  reads = 0;
});
afterEach(async () => {
  await state.destroy();
  await rm(directory, { recursive: true });
});

const put = (work: Pick<StateDatabase, 'replaceInto'>, value: string) =>
  work.replaceInto('meta').values({ key: 'a', value }).execute();

async function read(from: Pick<StateDatabase, 'selectFrom'>): Promise<string | undefined> {
  reads += 1;
  return (await from.selectFrom('meta').select('value').where('key', '=', 'a').executeTakeFirst())?.value;
}

test('what was read is remembered until something changes', async () => {
  await put(state, 'x');
  expect(await Promise.all([state.remembered(read), state.remembered(read)])).toEqual(['x', 'x']);
  expect(reads).toBe(1);
  await put(state, 'y');
  expect(await state.remembered(read)).toBe('y');
  await state.deleteFrom('meta').where('key', '=', 'a').execute();
  expect(await state.remembered(read)).toBeUndefined();
  expect(reads).toBe(3);
});

test('what a transaction goes on to change is not remembered as it was, nor what it took back', async () => {
  await put(state, 'x');
  const half = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  const work = state.transaction().execute(async (transaction) => {
    await put(transaction, 'y');
    half.resolve();
    await seen.promise;
    await put(transaction, 'z');
  });
  await half.promise;
  const during = state.remembered(read);
  seen.resolve();
  await work;
  expect(await during).toBe('z');
  expect(await state.remembered(read)).toBe('z');
  const vain = state.transaction().execute(async (transaction) => {
    await put(transaction, 'w');
    throw new Error('taken back');
  });
  await expect(vain).rejects.toThrow('taken back');
  expect(await state.remembered(read)).toBe('z');
});

test('a failure is not remembered', async () => {
  const failing = () => {
    reads += 1;
    return Promise.reject(new Error('not now'));
  };
  await expect(state.remembered(failing)).rejects.toThrow('not now');
  await expect(state.remembered(failing)).rejects.toThrow('not now');
  expect(reads).toBe(2);
});
