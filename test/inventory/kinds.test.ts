import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Kind } from '../../src/inventory/kind.ts';
import { kinds } from '../../src/inventory/kinds.ts';
import { typed } from '../../src/inventory/typed.ts';
import { credential, departure, identity, person } from './records.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
}

function columnsOf(kind: Kind): Map<string, Column[]> {
  const db = new DatabaseSync(':memory:');
  for (const ddl of kind.tables.flatMap((table) => table.ddl)) db.exec(ddl);
  const columns = kind.tables.map(({ name }): [string, Column[]] => [
    name,
    db
      .prepare('SELECT name, type, "notnull" FROM pragma_table_info(?)')
      .all(name)
      .map((row) => ({
        name: String(row['name']),
        type: String(row['type']),
        notnull: Number(row['notnull']),
      })),
  ]);
  db.close();
  return new Map(columns);
}

/** JSON Schema of the record's fields. */
function fieldsOf(kind: Kind): Record<string, { type?: string | string[]; anyOf?: { type?: string }[] }> {
  return JSON.parse(JSON.stringify(z.toJSONSchema(kind.schema).properties));
}

function isNullable(field: { type?: string | string[]; anyOf?: { type?: string }[] }): boolean {
  return [field.type, ...(field.anyOf ?? []).map(({ type }) => type)].flat().includes('null');
}

test('every file under kinds/ is registered under its own name', () => {
  const files = readdirSync(new URL('../../src/inventory/kinds', import.meta.url));
  expect(files.map((file) => file.replace('.ts', '').replace('-', '_')).sort()).toEqual(
    [...kinds.keys()].sort(),
  );
});

test('every kind has a digest of its own', () => {
  const digests = [...kinds.values()].map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(kinds.size);
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

describe.each([...kinds.values()].map((kind) => [kind.name, kind] as const))('kind %s', (name, kind) => {
  const columns = columnsOf(kind);

  test('its first table bears its name and every table says the source of each row', () => {
    expect(kind.tables[0].name).toBe(name);
    for (const of of columns.values()) expect(of.find(({ name }) => name === '_source')?.notnull).toBe(1);
  });

  test('a column can be NULL exactly where the record can say null', () => {
    const nullable = columns.get(name)!.filter(({ notnull }) => notnull === 0);
    const fields = Object.entries(fieldsOf(kind)).filter(([, field]) => isNullable(field));
    expect(nullable.map((column) => column.name).sort()).toEqual(fields.map(([field]) => field).sort());
  });

  test('child tables never hold NULL', () => {
    const children = [...columns].filter(([table]) => table !== name).flatMap(([, of]) => of);
    expect(children.filter(({ notnull }) => notnull === 0)).toEqual([]);
  });

  test('every field but kind, raw and lists is a column', () => {
    const names = columns.get(name)!.map((column) => column.name);
    const scalars = Object.entries(fieldsOf(kind)).filter(
      ([field, { type }]) => field !== 'kind' && field !== 'raw' && type !== 'array',
    );
    expect(names).toEqual(expect.arrayContaining(scalars.map(([field]) => field)));
  });
});

test.each([identity('u1'), credential('u1', 'k1'), person('1'), departure('1', 1)])(
  '$kind records are accepted',
  (record) => {
    expect(kinds.get(record.kind)!.schema.safeParse(record).success).toBe(true);
  },
);

test.each([
  ['an unknown field', { ...identity('u1'), nope: 1 }],
  ['a missing field', { ...identity('u1'), enabled: undefined }],
  ['a text for a boolean', { ...identity('u1'), enabled: 'true' }],
  ['an instant with a fraction', { ...identity('u1'), created_at: 1.5 }],
  ['an id of another scope', { ...identity('u1'), id: 'aws:222:u1' }],
  ['a lone surrogate', { ...identity('u1'), logins: ['a\ud800'] }],
])('%s is refused', (_, record) => {
  expect(kinds.get('identity')!.schema.safeParse(record).success).toBe(false);
});

test('logins that differ in the case of ASCII letters alone are one', () => {
  const rows = kinds
    .get('identity')!
    .rows(typed<never>(identity('u1', { logins: ['Bob', 'bob', 'É', 'é'] })));
  expect(rows['identity_login']).toEqual([
    { identity: 'aws:111:u1', login: 'Bob' },
    { identity: 'aws:111:u1', login: 'É' },
    { identity: 'aws:111:u1', login: 'é' },
  ]);
});
