import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import type { OwnerMap } from '../../src/inventory/owner.ts';
import { AWS, HR, identity, META, person, stream, temporary } from './records.ts';

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
