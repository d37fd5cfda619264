import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import type { OwnerMap } from '../../src/inventory/owner.ts';
import { AWS, departure, HR, identity, META, person, stream, temporary } from './records.ts';

const NOTHING: OwnerMap = { identities: {}, services: {} };

function owners(file: string): Record<string, string> {
  using db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare('SELECT name, owner, owner_reason FROM identity').all();
  return Object.fromEntries(
    rows.map((row) => [String(row['name']), `${String(row['owner_reason'])} ${String(row['owner'])}`.trim()]),
  );
}

async function matched(
  identities: readonly InventoryRecord[],
  people: readonly InventoryRecord[],
  declared: OwnerMap = NOTHING,
): Promise<Record<string, string>> {
  await using place = await temporary();
  await using inventory = openInventory(place.file, { declared: { owners: declared, scopes: [] } });
  await inventory.load(AWS, META, stream(...identities));
  await inventory.load(HR, META, stream(...people));
  return owners(place.file);
}

describe('an identity belongs to the person', () => {
  test.each([
    [
      'whose work address is one of its logins, whatever the case',
      ['ann', 'P1@Example.ORG'],
      {},
      'email hr:export:1',
    ],
    ['who has one of its logins', ['ann'], { logins: ['ANN'] }, 'login hr:export:1'],
    ['who has one of its logins in that source', ['ann'], { logins: ['aws:ann'] }, 'login hr:export:1'],
    [
      'by address rather than by login, when both lead there',
      ['ann', 'p1@example.org'],
      { logins: ['ann'] },
      'email hr:export:1',
    ],
  ])('%s', async (_, logins, fields, expected) => {
    expect(await matched([identity('u1', { logins })], [person('1', fields), person('2')])).toEqual({
      u1: expected,
    });
  });
});

test.each([
  ['nothing leads to anybody', ['ann'], {}, 'none'],
  ['the login counts in another source alone', ['ann'], { logins: ['github:ann'] }, 'none'],
  ['it has no login', [], {}, 'none'],
])('an identity belongs to nobody when %s', async (_, logins, fields, expected) => {
  expect(await matched([identity('u1', { logins })], [person('1', fields)])).toEqual({ u1: expected });
});

test('people without an address match nothing by it', async () => {
  expect(await matched([identity('u1')], [person('1', { email: '' }), person('2', { email: '' })])).toEqual({
    u1: 'none',
  });
});

test('two people make it ambiguous, and then it belongs to nobody', async () => {
  const logins = ['p1@example.org', 'shared'];
  expect(
    await matched([identity('u1', { logins })], [person('1'), person('2', { logins: ['shared'] })]),
  ).toEqual({ u1: 'ambiguous' });
});

describe('a plus-address', () => {
  const of = async (logins: readonly string[], ...people: readonly InventoryRecord[]) =>
    (await matched([identity('u1', { logins: [...logins] })], people))['u1'];

  test.each([
    ['P1+AWS@Example.org', 'plus-address hr:export:1'],
    ['p1+a+b@example.org', 'plus-address hr:export:1'],
    ['p1+aws@example.com', 'none'],
    ['+aws@example.org', 'none'],
    ['p1@example.org+aws', 'none'],
    ['p1+aws', 'none'],
  ])('%s: %s', async (login, expected) => {
    expect(await of([login], person('1'))).toBe(expected);
  });

  test('counts less than whoever has the address as such', async () => {
    const other = person('2', { logins: ['p1+aws@example.org'] });
    expect(await of(['p1+aws@example.org'], person('1'), other)).toBe('login hr:export:2');
  });

  test('of two people is ambiguous', async () => {
    expect(await of(['p1+aws@example.org', 'p2+aws@example.org'], person('1'), person('2'))).toBe(
      'ambiguous',
    );
  });
});

describe('two people with one login', () => {
  const owner = async (
    first: Parameters<typeof person>[1],
    second: Parameters<typeof person>[1],
    ...more: readonly InventoryRecord[]
  ) => {
    const people = [
      person('1', { email: 'lea@example.org', ...first }),
      person('2', { email: 'lea@example.org', ...second }),
      ...more,
    ];
    const users = [
      identity('u1', { logins: ['LEA@example.org'] }),
      identity('u2', { logins: ['lea+aws@example.org'] }),
    ];
    const { u1, u2 } = await matched(users, people);
    expect(u2).toBe(u1?.replace('email', 'plus-address'));
    return u1;
  };

  test.each([
    ['left', 'active', 'email hr:export:2'],
    ['vanished', 'leave', 'email hr:export:2'],
    ['active', 'left', 'email hr:export:1'],
    ['active', 'active', 'ambiguous'],
    ['active', 'leave', 'ambiguous'],
    ['active', 'future', 'ambiguous'],
    ['left', 'future', 'email hr:export:1'],
    ['future', 'future', 'ambiguous'],
  ] as const)('%s and %s: %s', async (one, other, expected) => {
    expect(await owner({ status: one }, { status: other })).toBe(expected);
  });

  test('of whom both left: it is the one who left last', async () => {
    const left = { status: 'left' } as const;
    expect(await owner(left, left, departure('1', 200), departure('2', 100))).toBe('email hr:export:1');
    expect(await owner(left, left, departure('1', 100), departure('2', 200))).toBe('email hr:export:2');
    expect(await owner(left, left, departure('1', 100), departure('2', 100))).toBe('ambiguous');
    expect(await owner(left, left, departure('1', 100))).toBe('ambiguous');
  });

  test('a login in one source goes to the one who is here, too', async () => {
    const people = [
      person('1', { logins: ['aws:lea'], status: 'left' }),
      person('2', { logins: ['aws:lea'] }),
    ];
    expect(await matched([identity('u1', { logins: ['lea'] })], people)).toEqual({
      u1: 'login hr:export:2',
    });
  });

  test('who is here has no better right to what the other has alone', async () => {
    const people = [person('1', { status: 'left' }), person('2', { logins: ['shared'] })];
    expect(await matched([identity('u1', { logins: ['p1@example.org', 'shared'] })], people)).toEqual({
      u1: 'ambiguous',
    });
  });
});

describe('what is declared', () => {
  const people = [person('1'), person('2')];
  const byAddress = identity('u1', { logins: ['u1', 'p1@example.org'] });

  test.each<[string, OwnerMap, string]>([
    ['wins over addresses', { identities: { 'aws:111:u1': 'hr:export:2' }, services: {} }, 'map hr:export:2'],
    ['may name a login', { identities: { U1: 'hr:export:2' }, services: {} }, 'map hr:export:2'],
    [
      'may name a login of a source',
      { identities: { 'aws:u1': 'hr:export:2' }, services: {} },
      'map hr:export:2',
    ],
    [
      'does not count for another source',
      { identities: { 'github:u1': 'hr:export:2' }, services: {} },
      'email hr:export:1',
    ],
    [
      'may say who answers for a service',
      { identities: {}, services: { 'aws:111:u1': 'hr:export:2' } },
      'declared-service hr:export:2',
    ],
    [
      'is preferred by id',
      { identities: { 'aws:111:u1': 'hr:export:1', u1: 'hr:export:2' }, services: {} },
      'map hr:export:1',
    ],
    [
      'can contradict itself',
      { identities: { u1: 'hr:export:1', 'p1@example.org': 'hr:export:2' }, services: {} },
      'ambiguous',
    ],
    ['may name a person who is not listed', { identities: { u1: 'hr:export:9' }, services: {} }, 'missing'],
  ])('%s', async (_, declared, expected) => {
    expect(await matched([byAddress], people, declared)).toEqual({ u1: expected });
  });

  test('can change', async () => {
    await using place = await temporary();
    await using inventory = openInventory(place.file, {
      declared: { owners: { identities: { u1: 'hr:export:2' }, services: {} }, scopes: [] },
    });
    await inventory.load(HR, META, stream(...people));
    await inventory.load(AWS, META, stream(byAddress));
    await inventory.declare({ owners: NOTHING, scopes: [] });
    expect(owners(place.file)).toEqual({ u1: 'email hr:export:1' });
  });
});

test('the order of loading makes no difference, and who leaves the register takes the ownership along', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  const people = () => stream(person('1'), person('2', { logins: ['bob'] }));
  const users = () =>
    stream(identity('ann', { logins: ['p1@example.org'] }), identity('bob'), identity('eve'));
  const expected = { ann: 'email hr:export:1', bob: 'login hr:export:2', eve: 'none' };
  await inventory.load(HR, META, people());
  await inventory.load(AWS, META, users());
  expect(owners(place.file)).toEqual(expected);
  await inventory.load(HR, META, stream(person('1')));
  expect(owners(place.file)).toEqual({ ...expected, bob: 'none' });
  await inventory.load(HR, META, people());
  expect(owners(place.file)).toEqual(expected);
  await inventory.remove(HR);
  expect(owners(place.file)).toEqual({ ann: 'none', bob: 'none', eve: 'none' });
});

test('every identity of a large source is looked at', async () => {
  const count = 12_345;
  const users = Array.from({ length: count }, (_, n) => identity(`u${n}`, { logins: ['p1@example.org'] }));
  const found = await matched(users, [person('1')]);
  expect(Object.values(found).filter((owner) => owner === 'email hr:export:1')).toHaveLength(count);
});
