import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createConditions } from '../../src/engine/conditions.ts';
import { createStoreGuard } from '../../src/engine/store-guard.ts';
import { EvidenceError } from '../../src/evidence/error.ts';

async function guardOn(use: (given: ReturnType<typeof guardIn>) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-guard-'));
  try {
    await use(guardIn([directory]));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function guardIn(directories: readonly string[]) {
  const logger = { error() {}, info() {} };
  const conditions = createConditions(logger, () => 1);
  const stopping = new AbortController().signal;
  return { conditions, guard: createStoreGuard({ directories, conditions, logger, stopping }) };
}

/** An error as the operating system gives it, some causes deep. */
const system = (code: string) =>
  new EvidenceError('io', 'deep', {
    cause: new Error('inner', { cause: Object.assign(new Error(code), { code }) }),
  });

/** The error that SQLite itself gives when its file may not grow. */
function sqliteFull(): unknown {
  using database = new DatabaseSync(':memory:');
  database.exec('PRAGMA max_page_count = 2; CREATE TABLE t(x)');
  try {
    database.exec('INSERT INTO t VALUES (zeroblob(100000))');
  } catch (error) {
    return error;
  }
  throw new Error('SQLite found room');
}

describe('a failure of the store', () => {
  test.each([
    ['store-full', system('ENOSPC')],
    ['store-full', system('EDQUOT')],
    ['store-full', sqliteFull()],
    ['store-read-only', system('EROFS')],
    ['store-failed', system('EIO')],
    ['store-failed', new Error('something')],
  ])('is %s by what caused it, until the same work succeeds', async (condition, error) => {
    await guardOn(async ({ conditions, guard }) => {
      expect(await guard.attempt('assessment', () => Promise.reject(error))).toBeUndefined();
      expect(await guard.attempt('collector a', () => Promise.resolve(1))).toBe(1);
      expect(conditions.list().map((one) => one.condition)).toEqual([condition]);
      // Where something can be written, what is due goes on.
      expect(guard.paused()).toBe(false);
      await guard.attempt('assessment', () => Promise.resolve(1));
      expect(conditions.list()).toEqual([]);
    });
  });

  test('names the directory that can not be written', async () => {
    const { conditions, guard } = guardIn(['/proc/annexa']);
    await guard.attempt('assessment', () => Promise.reject(new Error('x')));
    expect(conditions.list()).toMatchObject([{ detail: '/proc/annexa: the store failed (ENOENT)' }]);
  });
});
