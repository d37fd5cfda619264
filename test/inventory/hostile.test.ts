import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { CheckQuery } from '../../src/inventory/query-contract.ts';
import { restrict } from '../../src/inventory/query/restrict.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { AWS, check, identity, META, NOW, stream, temporary } from './records.ts';

const cleanup = new AsyncDisposableStack();
let file: string;

beforeAll(async () => {
  const place = cleanup.use(await temporary());
  file = place.file;
  const inventory = cleanup.use(openInventory(file));
  const users = Array.from({ length: 3_000 }, (_, n) => identity(`u${n}`, { second_factor: n > 0 }));
  await inventory.load(AWS, META, stream(...users));
});
afterAll(() => cleanup.disposeAsync());

/** Nobody owns any of them: each join by owner multiplies by 3,000, and every step of it is a search by an index. */
const ENDLESS =
  '(SELECT count(*) FROM identity AS a JOIN identity AS b ON b.owner = a.owner JOIN identity AS c ON c.owner = b.owner) > 1';

describe('while a hostile check runs the process goes on, the check is stopped, and the next one is answered', () => {
  test.each<[string, Partial<CheckQuery>, { deadline?: number; memory?: number }, string, string]>([
    [
      'an endless join',
      { fails: ENDLESS },
      { deadline: 1 },
      'query-deadline',
      'check hostile: stopped, it took longer than 1 s',
    ],
    [
      'a sort of all pairs in memory',
      {
        fails:
          '(SELECT count(*) FROM (SELECT DISTINCT a.id || b.id AS pair FROM identity AS a JOIN identity AS b ON b.owner = a.owner) AS q WHERE q.pair > 0) > 1',
      },
      { memory: 200 * 1_048_576 },
      'query-memory',
      'check hostile: stopped, it took',
    ],
    [
      'a text of all pairs',
      {
        fails:
          '(SELECT length(group_concat(a.id || b.id)) FROM identity AS a JOIN identity AS b ON b.owner = a.owner) > 1',
      },
      {},
      'query-failed',
      'check hostile: string or blob too big',
    ],
    [
      'a text that doubles',
      { fails: "length(format('%.*c', 900000000, 'x')) > 1" },
      {},
      'query-failed',
      'check hostile: string or blob too big',
    ],
  ])('%s', async (_, fields, limits, code, message) => {
    await using sandbox = createSandbox({ file, deadline: 60, ...limits });
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    const running = sandbox.run(check({ name: 'hostile', ...fields }), NOW);
    await expect(running).rejects.toMatchObject({ name: 'InventoryError', code });
    await expect(running).rejects.toThrow(message);
    clearInterval(clock);
    expect(ticks).toBeGreaterThan(1);
    expect((await sandbox.run(check(), NOW)).rows.map(({ id }) => id)).toEqual(['aws:111:u0']);
  });
});

describe('even prepared directly, a restricted connection refuses', () => {
  test.each([
    "ATTACH DATABASE '/tmp/x' AS y",
    'DETACH DATABASE main',
    'DELETE FROM person',
    "UPDATE person SET id = 'x'",
    "INSERT INTO person VALUES ('x')",
    'CREATE TABLE x (y)',
    'CREATE TEMP TABLE x (y)',
    'CREATE TEMP VIEW x AS SELECT 1',
    'DROP TABLE person',
    'PRAGMA query_only = 0',
    "SELECT * FROM pragma_table_info('person')",
    'SELECT * FROM sqlite_master',
    'SELECT count(*) FROM secret',
    "SELECT load_extension('x')",
    'SELECT random()',
    'SELECT randomblob(1000000000)',
    'SELECT zeroblob(1000000000)',
    'SELECT CURRENT_TIMESTAMP',
    "SELECT strftime('%s', 'now')",
    "SELECT unixepoch('now')",
    'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c LIMIT 1',
    "VACUUM INTO '/tmp/x'",
    'SAVEPOINT x',
    'REINDEX',
    'ANALYZE',
  ])('%s', (sql) => {
    using db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE person (id TEXT UNIQUE); CREATE TABLE secret (id TEXT)');
    restrict(db, new Set(['person']));
    expect(() => db.prepare(sql).all()).toThrow(/not authorized|prohibited|authorization denied/);
    expect(db.prepare('SELECT id FROM person').all()).toEqual([]);
  });
});

test('the file stays as it was, and the child can not write it', async () => {
  await using sandbox = createSandbox({ file });
  await sandbox.run(check(), NOW);
  using db = new DatabaseSync(file, { readOnly: true });
  expect(db.prepare('SELECT count(*) AS n FROM identity').get()).toEqual({ n: 3_000 });
});

test('a missing inventory is said', async () => {
  await using sandbox = createSandbox({ file: `${file}.nowhere` });
  await expect(sandbox.run(check(), NOW)).rejects.toMatchObject({ code: 'query-failed' });
  await using none = createSandbox();
  await expect(none.run(check(), NOW)).rejects.toThrow('check sample: there is no inventory to run it on');
});

test('a closed sandbox says so', async () => {
  const sandbox = createSandbox({ file });
  await sandbox[Symbol.asyncDispose]();
  await expect(sandbox.compile(check())).rejects.toThrow('check sample: the sandbox is closed');
});

test('closing ends what runs', async () => {
  const sandbox = createSandbox({ file });
  await sandbox.compile(check({ name: 'hostile', fails: ENDLESS }));
  const running = sandbox.run(check({ name: 'hostile', fails: ENDLESS }), NOW);
  const [outcome] = await Promise.allSettled([running, sandbox[Symbol.asyncDispose]()]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'query-failed' } });
});
