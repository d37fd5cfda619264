import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import { kinds } from '../../src/inventory/kinds.ts';
import { AWS, credential, HR, identity, META, person, stream, temporary } from './records.ts';

function read(file: string, sql: string): unknown[] {
  using db = new DatabaseSync(file, { readOnly: true });
  return db
    .prepare(sql)
    .all()
    .map((row) => Object.values(row)[0]);
}

const names = (file: string) => read(file, 'SELECT name FROM identity ORDER BY name');

test('a load replaces what the source held, whole', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  await inventory.load(
    AWS,
    META,
    stream(identity('u1', { groups: ['g'] }), identity('u2'), credential('u1', 'k')),
  );
  await inventory.load(AWS, { ...META, index: 8 }, stream(identity('u2'), identity('u3')));
  expect(names(place.file)).toEqual(['u2', 'u3']);
  for (const kind of kinds.values()) {
    for (const { name } of kind.tables) {
      if (name === 'identity' || name === 'identity_login') continue;
      expect([name, read(place.file, `SELECT count(*) FROM ${name}`)]).toEqual([name, [0]]);
    }
  }
  expect(inventory.sources()).toEqual([{ ...AWS, ...META, index: 8, records: { identity: 2 } }]);
});

test('sources are apart, and removing one leaves the others', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  const other = { ...AWS, scope: '222' };
  const elsewhere: InventoryRecord = { ...identity('u9'), id: 'aws:222:u9', scope: '222' };
  await inventory.load(AWS, META, stream(identity('u1')));
  await inventory.load(other, META, stream(elsewhere));
  await inventory.remove(AWS);
  await inventory.remove(HR);
  expect(names(place.file)).toEqual(['u9']);
  expect(inventory.sources().map(({ scope }) => scope)).toEqual(['222']);
});

describe('the old rows stay', () => {
  const bad: InventoryRecord = Object.assign(identity('u3'), { enabled: 'yes' });
  async function* broken(): AsyncGenerator<InventoryRecord> {
    yield identity('u2');
    throw new Error('the body does not have its digest');
  }

  test.each([
    ['the iteration rejects at its end', broken, 'the body does not have its digest'],
    ['a record is refused', () => stream(identity('u2'), bad), 'record aws:111:u3: enabled: '],
    [
      'a record has no such kind',
      () => stream({ ...identity('u2'), kind: 'cat' }),
      'record aws:111:u2: kind: expected one of access_review',
    ],
    [
      'an id comes twice',
      () => stream(identity('u2'), identity('u2')),
      'record aws:111:u2: id: is already among the records of cloud/aws/iam-identities/111',
    ],
    [
      'a tag comes twice',
      () =>
        stream(
          identity('u2', {
            tags: [
              { key: 'k', value: '1' },
              { key: 'k', value: '2' },
            ],
          }),
        ),
      'record aws:111:u2',
    ],
  ])('when %s', async (_, records, message) => {
    await using place = await temporary();
    await using inventory = openInventory(place.file);
    await inventory.load(AWS, META, stream(identity('u1')));
    const before = inventory.sources();
    await expect(inventory.load(AWS, { ...META, index: 9 }, records())).rejects.toThrow(message);
    expect(names(place.file)).toEqual(['u1']);
    expect(inventory.sources()).toEqual(before);
    await inventory.load(AWS, META, stream(identity('u4')));
    expect(names(place.file)).toEqual(['u4']);
  });
});

test('two sources with the same record are refused, with the other named', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  await inventory.load(AWS, META, stream(identity('u1')));
  const twin = inventory.load({ ...AWS, collector: 'again' }, META, stream(identity('u1')));
  await expect(twin).rejects.toMatchObject({
    code: 'record-invalid',
    message:
      'record aws:111:u1: id: is already among the records of cloud/aws/iam-identities/111; expected it once',
  });
});

test('readers see the old rows until the load is done', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  await inventory.load(AWS, META, stream(identity('u1')));
  const seen: unknown[] = [];
  async function* slow(): AsyncGenerator<InventoryRecord> {
    yield identity('u2');
    seen.push(...names(place.file));
  }
  await inventory.load(AWS, META, slow());
  expect(seen).toEqual(['u1']);
  expect(names(place.file)).toEqual(['u2']);
});

test('loads that are started together do not mix', async () => {
  await using place = await temporary();
  await using inventory = openInventory(place.file);
  async function* failing(): AsyncGenerator<InventoryRecord> {
    yield person('1');
    throw new Error('cut');
  }
  const outcomes = await Promise.allSettled([
    inventory.load(HR, META, failing()),
    inventory.load(AWS, META, stream(identity('u1'))),
    inventory.remove(HR),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(names(place.file)).toEqual(['u1']);
  expect(read(place.file, 'SELECT count(*) FROM person')).toEqual([0]);
});

test('what was loaded is there after a restart', async () => {
  await using place = await temporary();
  {
    await using inventory = openInventory(place.file);
    await inventory.load(AWS, META, stream(identity('u1')));
  }
  await using inventory = openInventory(place.file);
  expect(inventory.sources()).toEqual([{ ...AWS, ...META, records: { identity: 1 } }]);
  expect(names(place.file)).toEqual(['u1']);
});

test('a file of other kinds is made anew', async () => {
  await using place = await temporary();
  {
    await using inventory = openInventory(place.file, {
      kinds: new Map([...kinds].filter(([name]) => name !== 'account')),
    });
    await inventory.load(AWS, META, stream(identity('u1')));
  }
  await using inventory = openInventory(place.file);
  expect(inventory.sources()).toEqual([]);
  expect(read(place.file, 'SELECT count(*) FROM account')).toEqual([0]);
});

test('a file that is no database is made anew', async () => {
  await using place = await temporary();
  await writeFile(place.file, 'not a database, though long enough to be looked at as one'.repeat(100));
  await using inventory = openInventory(place.file);
  await inventory.load(AWS, META, stream(identity('u1')));
  expect(names(place.file)).toEqual(['u1']);
});
