import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Inventory, openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import type { IdentityRecord } from '../../src/inventory/kinds/identity.ts';
import type { QueryRow, Sandbox, Standing } from '../../src/inventory/query-contract.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { AWS, check, departure, HR, identity, META, NOW, person, stream, temporary } from './records.ts';

let inventory: Inventory;
let sandbox: Sandbox;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  const place = cleanup.use(await temporary());
  inventory = cleanup.use(openInventory(place.file));
  sandbox = cleanup.use(createSandbox({ file: place.file }));
});
afterAll(() => cleanup.disposeAsync());

async function load(...records: InventoryRecord[]): Promise<void> {
  await inventory.load(AWS, META, stream(...records));
}

describe('a record', () => {
  test.each<
    [string, Partial<IdentityRecord>, QueryRow['outcome'] | Standing, [population: number, undecided: number]]
  >([
    ['fails where the condition holds', { second_factor: false }, 'fail', [1, 0]],
    ['passes where it does not', { second_factor: true }, 'passed', [1, 0]],
    ['is unknown where the source does not say', { second_factor: null }, 'unknown', [1, 0]],
    [
      'is out of the population where `where` does not hold',
      { can_sign_in: false, second_factor: false },
      'out_of_population',
      [0, 0],
    ],
    [
      'is out of the population, whatever else is not known',
      { can_sign_in: false, second_factor: null },
      'out_of_population',
      [0, 0],
    ],
    [
      'is unknown where `where` can not be decided, though it would fail',
      { can_sign_in: null, second_factor: false },
      'unknown',
      [0, 1],
    ],
    [
      'is unknown where `where` can not be decided, though it would pass',
      { can_sign_in: null },
      'unknown',
      [0, 1],
    ],
    [
      'is unknown where neither can be decided',
      { can_sign_in: null, second_factor: null },
      'unknown',
      [0, 1],
    ],
  ])('%s', async (_, fields, expected, [population, undecided]) => {
    await load(identity('u1', fields));
    const result = await sandbox.run(check({ where: 'it.can_sign_in' }), NOW, { standing: ['aws:111:u1'] });
    const told = expected === 'fail' || expected === 'unknown' ? [expected] : [];
    expect(result.rows.map(({ outcome }) => outcome)).toEqual(told);
    expect(result.standing.get('aws:111:u1')).toBe(expected === 'fail' ? 'failing' : expected);
    expect(result.counts).toEqual([{ source: AWS, table: 1, population, undecided }]);
    const all = await sandbox.run(check({ where: 'it.can_sign_in' }), NOW, { population: true });
    expect(all.rows.filter(({ outcome }) => outcome !== 'pass')).toEqual(result.rows);
    expect(all.rows).toHaveLength(expected === 'passed' ? 1 : told.length);
    expect(all.counts).toEqual(result.counts);
  });
});

test('a population is every record of it, by id, and of those that pass nothing is told', async () => {
  const names = Array.from({ length: 1200 }, (_, at) => `u${String(at).padStart(4, '0')}`);
  await load(
    ...names.map((name, at) => identity(name, { second_factor: at % 3 > 0, can_sign_in: at % 2 > 0 })),
  );
  const { rows } = await sandbox.run(check({ where: 'it.can_sign_in' }), NOW, { population: true });
  expect(rows.map(({ id, outcome, reason }) => [id, outcome, reason === ''])).toEqual(
    names.flatMap((name, at) =>
      at % 2 > 0 ? [[`aws:111:${name}`, at % 3 > 0 ? 'pass' : 'fail', at % 3 > 0]] : [],
    ),
  );
});

test('ids that were asked about and are not there are gone', async () => {
  await load(identity('u1'));
  const { standing } = await sandbox.run(check(), NOW, {
    standing: ['aws:111:u1', 'aws:111:gone', "x'y"],
  });
  expect([...standing]).toEqual([
    ['aws:111:u1', 'passed'],
    ['aws:111:gone', 'gone'],
    ["x'y", 'gone'],
  ]);
});

test('reasons are told as the check words them; what is not known is named', async () => {
  await load(
    identity('a', { second_factor: false }),
    identity('b', { second_factor: null, created_at: null }),
    identity('c', { second_factor: null }),
  );
  const told = await sandbox.run(
    check({
      fails: 'NOT it.second_factor OR it.created_at < 0',
      reason: "'none since ' || date(it.created_at, 'unixepoch')",
    }),
    NOW,
  );
  expect(told.rows).toEqual([
    { id: 'aws:111:a', source: AWS, outcome: 'fail', reason: 'none since 2023-11-14' },
    { id: 'aws:111:b', source: AWS, outcome: 'unknown', reason: 'not known: created_at, second_factor' },
    { id: 'aws:111:c', source: AWS, outcome: 'unknown', reason: 'not known: second_factor' },
  ]);
});

test('a reason that is NULL or empty does not drop the record', async () => {
  await load(identity('a', { second_factor: false, created_at: null }));
  for (const reason of ["'since ' || it.created_at", "''"]) {
    const { rows } = await sandbox.run(check({ reason }), NOW);
    expect(rows).toEqual([{ id: 'aws:111:a', source: AWS, outcome: 'fail', reason: 'fails the check' }]);
  }
});

test('something undecided without a column of its own is unknown', async () => {
  await load(identity('a'));
  const { rows } = await sandbox.run(
    check({ fails: '(SELECT max(d.at) FROM departure AS d WHERE d.person = it.owner) < :now' }),
    NOW,
  );
  expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([['unknown', 'not known']]);
});

test('parameters, lists and the moment are bound', async () => {
  await load(
    identity('a', { last_active_at: NOW - 91 * 86_400 }),
    identity('b', { last_active_at: NOW - 89 * 86_400 }),
    identity('c', { last_active_at: 0 }),
  );
  const idle = check({
    where: 'it.name NOT IN (SELECT l.value FROM json_each(:except) AS l)',
    fails: 'it.last_active_at < :now - :days * 86400',
    params: { days: 90, except: ['c'] },
  });
  const ids = async (now: number, query = idle) => (await sandbox.run(query, now)).rows.map(({ id }) => id);
  expect(await ids(NOW)).toEqual(['aws:111:a']);
  expect(await ids(NOW + 2 * 86_400)).toEqual(['aws:111:a', 'aws:111:b']);
  expect(await ids(NOW, { ...idle, params: { days: 95, except: [] } })).toEqual(['aws:111:c']);
});

test('a leaver is found through the owner of the account', async () => {
  await load(identity('a', { logins: ['p1@example.org'] }), identity('b', { logins: ['p2@example.org'] }));
  await inventory.load(
    HR,
    META,
    stream(person('1', { status: 'left' }), departure('1', NOW - 86_400), person('2')),
  );
  const leaver = check({
    where: 'EXISTS (SELECT 1 FROM departure AS d WHERE d.person = it.owner AND d.at < :now)',
    fails: 'it.enabled',
    reason: "'still enabled'",
  });
  expect((await sandbox.run(leaver, NOW)).rows.map(({ id }) => id)).toEqual(['aws:111:a']);
  expect((await sandbox.run(leaver, NOW - 2 * 86_400)).rows).toEqual([]);
  await inventory.remove(HR);
});

test('counts are by source, sources without the kind are absent, and rows come by the bytes of their id', async () => {
  const other = { ...AWS, scope: '222' };
  const of = (scope: string, name: string, enabled = true): InventoryRecord => ({
    ...identity(name, { second_factor: false, enabled }),
    id: `aws:${scope}:${name}`,
    scope,
  });
  await load(of('111', 'z'), of('111', '\u{1f600}'), of('111', '\uff5e'));
  await inventory.load(other, META, stream(of('222', 'a', false), of('222', 'b')));
  await inventory.load(HR, META, stream(person('1')));
  const { counts, rows } = await sandbox.run(check({ where: 'it.enabled' }), NOW);
  expect(counts).toEqual(
    expect.arrayContaining([
      { source: AWS, table: 3, population: 3, undecided: 0 },
      { source: other, table: 2, population: 1, undecided: 0 },
    ]),
  );
  expect(counts).toHaveLength(2);
  expect(rows.map(({ id, source }) => [id, source.scope])).toEqual([
    ['aws:111:z', '111'],
    ['aws:111:\uff5e', '111'],
    ['aws:111:\u{1f600}', '111'],
    ['aws:222:b', '222'],
  ]);
  await inventory.remove(other);
  await inventory.remove(HR);
});

test('an empty table gives no counts and no rows', async () => {
  await inventory.remove(AWS);
  expect(await sandbox.run(check(), NOW)).toEqual({ counts: [], rows: [], standing: new Map() });
});

test('many rows arrive, all of them once', async () => {
  const many = Array.from({ length: 2_345 }, (_, n) =>
    identity(`u${String(n).padStart(5, '0')}`, { second_factor: n % 2 === 0 }),
  );
  await load(...many);
  const { rows } = await sandbox.run(check(), NOW);
  const expected = many.filter((record) => record.second_factor === false).map(({ id }) => id);
  expect(rows.map(({ id }) => id)).toEqual(expected);
});

test('checks that are started together answer each its own', async () => {
  await load(identity('a', { second_factor: false }), identity('b', { enabled: false }));
  const [one, other] = await Promise.all([
    sandbox.run(check(), NOW),
    sandbox.run(check({ name: 'other', fails: 'NOT it.enabled' }), NOW),
  ]);
  expect(one.rows.map(({ id }) => id)).toEqual(['aws:111:a']);
  expect(other.rows.map(({ id }) => id)).toEqual(['aws:111:b']);
});

test('a moment that is no whole second is refused', async () => {
  await expect(sandbox.run(check(), 1.5)).rejects.toThrow(
    'check sample: now is 1.5; expected whole Unix seconds',
  );
});
