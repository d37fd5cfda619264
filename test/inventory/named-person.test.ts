import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord, SourceRef } from '../../src/inventory/kind.ts';
import { typed } from '../../src/inventory/typed.ts';
import { AWS, HR, identity, META, person, stream, temporary } from './records.ts';

const REGISTER: SourceRef = { collector: 'isms', dataset: 'register/roles', scope: 'main' };
const REVIEWS: SourceRef = { ...REGISTER, dataset: 'register/access-reviews' };

function registered(kind: string, id: string, fields: Readonly<Record<string, unknown>>): InventoryRecord {
  return typed<InventoryRecord>({
    id: `register:main:${id}`,
    kind,
    source: 'register',
    scope: 'main',
    ...fields,
  });
}

const holds = (id: string, holder: string) =>
  registered('role_holder', id, { role: 'ciso', holder, deputy: false, appointed_at: null });

const decides = (id: string, account: string, system = 'aws', reviewer = 'p1@example.org') =>
  registered('access_review', id, {
    review: 'r',
    system,
    listed_as_of: 1,
    account,
    decision: 'keep',
    reviewer,
    decided_at: null,
  });

function column(file: string, table: string, name: string): Record<string, string> {
  using db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare(`SELECT id, "${name}" AS found FROM ${table}`).all();
  return Object.fromEntries(
    rows.map((row) => [String(row['id']).replace('register:main:', ''), String(row['found'])]),
  );
}

async function named(holder: string, ...people: readonly InventoryRecord[]): Promise<string | undefined> {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  await inventory.load(HR, META, stream(...people));
  await inventory.load(REGISTER, META, stream(holds('1', holder)));
  return column(place.file, 'role_holder', 'holder_person')['1'];
}

describe('a person is named', () => {
  test.each([
    ['by address, whatever the case', 'P1@Example.org', {}],
    ['by a login', 'ann', { logins: ['Ann'] }],
    ['by the id of the record', 'hr:export:1', {}],
    ['by the number in HR', '1', {}],
  ])('%s', async (_, written, fields) => {
    expect(await named(written, person('1', fields), person('2'))).toBe('hr:export:1');
  });

  test.each([
    ['an address that nobody has', 'p3@example.org'],
    ['nothing', ''],
    ['a number of no HR register', 'other:export:1'],
    ['a part of an address', 'p1'],
  ])('not by %s', async (_, written) => {
    expect(await named(written, person('1'), person('2', { email: '' }))).toBe('');
  });

  test('by an address that was given again: who has not left', async () => {
    const again = person('2', { email: 'p1@example.org' });
    expect(await named('p1@example.org', person('1', { status: 'left' }), again)).toBe('hr:export:2');
    expect(await named('p1@example.org', person('1', { status: 'vanished' }), again)).toBe('hr:export:2');
  });

  test('who has left, when nobody else bears the name', async () => {
    expect(await named('p1@example.org', person('1', { status: 'left' }))).toBe('hr:export:1');
  });

  test.each([
    ['two who work here', 'active'],
    ['two who left', 'left'],
  ] as const)('not when %s bear the name', async (_, status) => {
    const people = ['1', '2'].map((number) => person(number, { email: 'both@example.org', status }));
    expect(await named('both@example.org', ...people)).toBe('');
  });

  test('not when an address leads to one and a number to another', async () => {
    expect(await named('1', person('1'), person('2', { logins: ['1'] }))).toBe('');
  });
});

describe('an account is named', () => {
  const users = [
    identity('ann', { logins: ['ann', 'ann@example.org'] }),
    identity('other', { id: 'aws:222:other', scope: '222', logins: ['other', 'twice'] }),
    identity('twice', { logins: ['twice'] }),
  ];

  test.each([
    ['by a login of its source', 'Ann', 'aws', 'aws:111:ann'],
    ['by a login of its scope', 'ann@example.org', 'aws:111', 'aws:111:ann'],
    ['by the id of its record', 'aws:222:other', 'aws', 'aws:222:other'],
    ['by a login that another scope has too', 'twice', 'aws:222', 'aws:222:other'],
    ['not by a login that two have', 'twice', 'aws', ''],
    ['not in another source', 'ann', 'google', ''],
    ['not in another scope', 'ann', 'aws:222', ''],
    ['not by the id of its record in another scope', 'aws:111:ann', 'aws:222', ''],
    ['not by a login that is nobody’s', 'eve', 'aws', ''],
  ])('%s', async (_, account, system, expected) => {
    await using place = await temporary();
    await using inventory = openInventory(place.file);
    await inventory.load(AWS, META, stream(...users));
    await inventory.load(REVIEWS, META, stream(decides('1', account, system)));
    expect(column(place.file, 'access_review', 'account_identity')).toEqual({ '1': expected });
  });
});

test('the order of loading makes no difference, and who leaves the register is no longer named', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  const holders = () => column(place.file, 'role_holder', 'holder_person');
  const both = { '1': 'hr:export:1', '2': 'hr:export:2' };
  await inventory.load(REGISTER, META, stream(holds('1', 'p1@example.org'), holds('2', 'p2@example.org')));
  expect(holders()).toEqual({ '1': '', '2': '' });
  await inventory.load(HR, META, stream(person('1'), person('2')));
  expect(holders()).toEqual(both);
  await inventory.load(HR, META, stream(person('2')));
  expect(holders()).toEqual({ ...both, '1': '' });
  await inventory.load(HR, META, stream(person('1'), person('2')));
  expect(holders()).toEqual(both);
  await inventory.load(REGISTER, META, stream(holds('1', 'p2@example.org')));
  expect(holders()).toEqual({ '1': 'hr:export:2' });
  await inventory.remove(HR);
  expect(holders()).toEqual({ '1': '' });
});

test('people and accounts of one record are named apart, each when its own kind changes', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  const found = () =>
    ['account_identity', 'reviewer_person'].map((name) => column(place.file, 'access_review', name)['1']);
  await inventory.load(REVIEWS, META, stream(decides('1', 'ann')));
  await inventory.load(AWS, META, stream(identity('ann')));
  expect(found()).toEqual(['aws:111:ann', '']);
  await inventory.load(HR, META, stream(person('1')));
  expect(found()).toEqual(['aws:111:ann', 'hr:export:1']);
  await inventory.remove(AWS);
  expect(found()).toEqual(['', 'hr:export:1']);
});

test('every row of a large register is looked at', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  await inventory.load(HR, META, stream(person('1')));
  const rows = Array.from({ length: 12_345 }, (_, n) => holds(String(n), 'p1@example.org'));
  await inventory.load(REGISTER, META, stream(...rows));
  const found = Object.values(column(place.file, 'role_holder', 'holder_person'));
  expect(found.filter((one) => one === 'hr:export:1')).toHaveLength(rows.length);
});
