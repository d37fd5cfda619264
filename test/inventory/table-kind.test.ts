import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord, Kind, Rows } from '../../src/inventory/kind.ts';
import { kinds } from '../../src/inventory/kinds.ts';
import { tableKind } from '../../src/inventory/table-kind.ts';
import { typed } from '../../src/inventory/typed.ts';
import { META, stream, temporary } from './records.ts';

/** The kind's tables, empty, in memory. */
function made(kind: Kind): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  for (const ddl of kind.tables.flatMap((table) => table.ddl)) db.exec(ddl);
  return db;
}

function insert(db: DatabaseSync, rows: Rows): void {
  for (const [table, list] of Object.entries(rows))
    for (const row of list) {
      const names = ['_source', ...Object.keys(row)];
      db.prepare(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ).run(1, ...Object.values(row));
    }
}

const rowsOf = (kind: Kind, record: InventoryRecord): Rows => kind.rows(typed<never>(record));
const common = { id: 'case:case:1', kind: 'thing', source: 'case', scope: 'case' };

describe('a kind from its schema', () => {
  const thing = tableKind(
    'thing',
    {
      name: z.string(),
      size: z.int().nullable(),
      open: z.boolean(),
      sealed: z.boolean().nullable(),
      state: z.enum(['on', 'off']),
      mood: z.enum(['good', 'bad']).nullable(),
      owners: z.array(z.string()),
      labels: z.array(z.strictObject({ key: z.string(), count: z.int(), own: z.boolean() })),
    },
    { indexes: ['name', ['state', 'name']], children: { labels: 'thing_tag' } },
  ).kind;
  const record = {
    ...common,
    name: 'a',
    size: 3,
    open: true,
    sealed: null,
    state: 'on',
    mood: null,
    owners: ['x', 'y', 'x'],
    labels: [
      { key: 'k', count: 1, own: true },
      { key: 'k', count: 1, own: true },
      { key: 'k', count: 2, own: false },
    ],
  };

  test('has a column for each field, which may be NULL only where the record may say null', () => {
    const columns = made(thing)
      .prepare(`SELECT name, type, "notnull" AS needed FROM pragma_table_info('thing')`)
      .all()
      .map(({ name, type, needed }) => `${String(name)} ${String(type)}${needed === 1 ? '' : ' null'}`);
    expect(columns).toEqual([
      '_source INTEGER',
      'id TEXT',
      'source TEXT',
      'scope TEXT',
      'name TEXT',
      'size INTEGER null',
      'open INTEGER',
      'sealed INTEGER null',
      'state TEXT',
      'mood TEXT null',
    ]);
  });

  test('keeps a record, booleans as 0 and 1, and tells each item of a list once', () => {
    const db = made(thing);
    insert(db, rowsOf(thing, record));
    expect({ ...db.prepare('SELECT * FROM thing').get() }).toEqual({
      _source: 1,
      id: common.id,
      source: 'case',
      scope: 'case',
      name: 'a',
      size: 3,
      open: 1,
      sealed: null,
      state: 'on',
      mood: null,
    });
    const all = (table: string) =>
      db
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => ({ ...row }));
    expect(all('thing_owner')).toEqual(['x', 'y'].map((owner) => ({ _source: 1, thing: common.id, owner })));
    expect(all('thing_tag')).toEqual([
      { _source: 1, thing: common.id, key: 'k', count: 1, own: 1 },
      { _source: 1, thing: common.id, key: 'k', count: 2, own: 0 },
    ]);
  });

  test.each([
    ['a value that the enum lacks', { state: 'half' }],
    ['a number that is no boolean', { open: 2 }],
    ['NULL where the record can not say it', { name: null }],
    ['text in a number', { size: 'many' }],
  ])('the table refuses %s', (_, fields) => {
    const rows = rowsOf(thing, record);
    expect(() => insert(made(thing), { thing: [{ ...rows['thing']?.[0], ...fields }] })).toThrow(
      /constraint|cannot store/,
    );
  });

  test('an enum that may be null takes its values, and no others', () => {
    const row = rowsOf(thing, record)['thing']?.[0];
    insert(made(thing), { thing: [{ ...row, mood: 'bad' }] });
    expect(() => insert(made(thing), { thing: [{ ...row, mood: 'odd' }] })).toThrow(/CHECK/);
  });

  test('is indexed as asked, its lists by record and by their first column', () => {
    const plan = (sql: string): string =>
      made(thing)
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
        .join();
    expect(plan(`SELECT size FROM thing WHERE name = 'a'`)).toContain('thing_by_name');
    expect(plan(`SELECT size FROM thing WHERE state = 'on' AND name = 'a'`)).toMatch(/thing_by_(state|name)/);
    expect(plan(`SELECT 1 FROM thing_owner WHERE owner = 'x'`)).toContain('thing_owner_by_owner');
    expect(plan(`SELECT 1 FROM thing_owner WHERE thing = 'x'`)).toContain('PRIMARY KEY');
    expect(plan(`SELECT 1 FROM thing_tag WHERE key = 'x'`)).toContain('thing_tag_by_key');
  });

  test('has computed columns that no record fills', () => {
    const { kind } = tableKind(
      'thing',
      { name: z.string() },
      {
        computed: { declared: { ddl: 'declared INTEGER NOT NULL DEFAULT 0', from: ['_declaration'] } },
      },
    );
    const db = made(kind);
    insert(db, rowsOf(kind, typed<InventoryRecord>({ ...common, name: 'a' })));
    expect(db.prepare('SELECT declared FROM thing').get()).toMatchObject({ declared: 0 });
    expect(kind.computed).toEqual({ declared: ['_declaration'] });
  });

  test('has what SQLite makes of other columns, never NULL, and a place for whom a column names', () => {
    const { kind } = tableKind(
      'thing',
      { owner: z.string(), done_at: z.int().nullable() },
      { names: { owner: 'person' }, generated: { done_at_or_0: 'ifnull(done_at, 0)' } },
    );
    const db = made(kind);
    insert(db, rowsOf(kind, typed<InventoryRecord>({ ...common, owner: 'ann', done_at: null })));
    expect(db.prepare('SELECT done_at_or_0, owner_person FROM thing').get()).toEqual({
      done_at_or_0: 0,
      owner_person: '',
    });
    expect(kind.computed).toEqual({ owner_person: ['person', 'person_login'] });
    expect(kind.names).toEqual({ owner: 'person' });
    const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT 1 FROM thing WHERE owner_person = 'x'`).get();
    expect(plan).toMatchObject({ detail: expect.stringContaining('thing_by_owner_person') });
  });

  test.each([
    ['a number with a fraction', { size: z.number() }],
    ['an object', { size: z.strictObject({ of: z.string() }) }],
    ['text or a number', { size: z.union([z.string(), z.int()]) }],
    ['anything', { size: z.unknown() }],
    ['a list of lists', { sizes: z.array(z.array(z.string())) }],
    [
      'a list in which something may be null',
      { sizes: z.array(z.strictObject({ of: z.string().nullable() })) },
    ],
    ['a list of numbers with fractions', { sizes: z.array(z.number()) }],
    ['a list whose objects hold lists', { sizes: z.array(z.strictObject({ of: z.array(z.string()) })) }],
  ])('%s is refused where the kind is declared', (_, fields) => {
    expect(() => tableKind('thing', fields)).toThrow(TypeError);
  });
});

type Json = Exclude<z.core.JSONSchema._JSONSchema, boolean>;
const schemaOf = (schema: z.core.JSONSchema._JSONSchema | undefined): Json =>
  schema === undefined || typeof schema === 'boolean' ? {} : schema;

/** Values that a field may have: every one of an enum, both of a boolean, null where it may be, an empty list and one of two. */
function valuesOf(schema: Json): readonly unknown[] {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => valuesOf(schemaOf(one)));
  if (schema.const !== undefined) return [schema.const];
  if (schema.enum !== undefined) return schema.enum;
  const { type }: { type?: string | readonly string[] } = schema;
  if (Array.isArray(type)) return type.flatMap((one) => valuesOf({ ...schema, type: typed<'string'>(one) }));
  switch (type) {
    case 'boolean':
      return [true, false];
    case 'null':
      return [null];
    case 'integer':
      return [Math.max(1, schema.minimum ?? 1)];
    case 'array':
      return [[], valuesOf(schemaOf(typed<Json>(schema.items))).slice(0, 2)];
    case 'object':
      return Object.values(varied(schema));
    default:
      return [schema.format === 'email' || schema.pattern?.includes('@') === true ? 'a@example.org' : 'text'];
  }
}

/** As many objects as the field with the most values needs, so that each value of each field is in one. */
function varied({ properties = {}, required = [] }: Json): readonly Record<string, unknown>[] {
  const fields = Object.entries(properties)
    .filter(([name]) => required.includes(name))
    .map(([name, schema]) => [name, valuesOf(schemaOf(schema))] as const);
  const most = Math.max(...fields.map(([, values]) => values.length));
  return Array.from({ length: most }, (_, at) =>
    Object.fromEntries(fields.map(([name, values]) => [name, values[at % values.length]])),
  );
}

describe.each([...kinds.values()].map((kind) => [kind.name, kind] as const))(
  'every kind: %s',
  (name, kind) => {
    const records = varied(schemaOf(z.toJSONSchema(kind.schema))).map((fields, at) =>
      kind.schema.parse({ ...fields, id: `case:case:${at}`, source: 'case', scope: 'case' }),
    );

    test('records of every value go into the inventory and are there as they were', async () => {
      await using directory = await temporary();
      await using inventory = openInventory(directory.file);
      const source = { collector: 'case', dataset: name, scope: 'case' };
      await inventory.load(source, META, stream(...records));
      const db = new DatabaseSync(directory.file, { readOnly: true });
      try {
        for (const record of records) {
          for (const [table, rows] of Object.entries(rowsOf(kind, record))) {
            const by = table === name ? 'id' : name;
            const found = db.prepare(`SELECT * FROM ${table} WHERE ${by} = ?`).all(record.id);
            expect(found).toHaveLength(rows.length);
            for (const row of rows) expect(found).toContainEqual(expect.objectContaining(row));
          }
          const scalars = Object.entries(record).filter(
            ([field, value]) => field !== 'kind' && field !== 'raw' && !Array.isArray(value),
          );
          expect({ ...db.prepare(`SELECT * FROM ${name} WHERE id = ?`).get(record.id) }).toMatchObject(
            Object.fromEntries(
              scalars.map(([field, value]) => [field, typeof value === 'boolean' ? Number(value) : value]),
            ),
          );
        }
      } finally {
        db.close();
      }
    });

    test('what others are joined by is never NULL', () => {
      const db = made(kind);
      const nullable = kind.tables.flatMap(({ name: table }) =>
        db
          .prepare(
            `SELECT DISTINCT c.name FROM pragma_index_list(?1) i, pragma_index_info(i.name) x, pragma_table_info(?1) c
           WHERE c.name = x.name AND c."notnull" = 0`,
          )
          .all(table)
          .map((row) => `${table}.${String(row['name'])}`),
      );
      expect(nullable).toEqual([]);
    });
  },
);
