import { z } from 'zod';
import { defineKind, flag, recordShape } from './define-kind.ts';
import type { InventoryRecord, Kind, KindTable, Named, Rows, Scalar } from './kind.ts';
import { NAMED_FROM } from './named.ts';
import { typed } from './typed.ts';

type Schema = z.core.$ZodTypes;

/** A schema's definition, as zod's own writers read it: by way of JSON Schema it would take ten times as long, at every start. */
function internals(schema: z.core.SomeType): { readonly def: Schema['_zod']['def'] } {
  const { _zod: found } = typed<Schema>(schema);
  return found;
}

/** A column as SQLite declares it, from the schema of its field. */
interface Column {
  readonly name: string;
  readonly ddl: string;
}

/** A field that holds a list: a child table, of whose rows each is told once. */
interface Child {
  readonly field: string;
  readonly table: string;
  /** Absent: the list holds text, and the column bears this name. */
  readonly columns: readonly Column[];
  readonly plain: boolean;
}

interface Options {
  /** Columns of the first table that others are joined by, one index each; a list is one index of many columns. */
  readonly indexes?: readonly (string | readonly string[])[];
  /** Names of child tables by field; unless named, `<kind>_<field without its s>`. */
  readonly children?: Readonly<Record<string, string>>;
  /** Columns that the inventory computes: DDL and the tables that they are computed from. */
  readonly computed?: Readonly<Record<string, { readonly ddl: string; readonly from: readonly string[] }>>;
  /** Columns of text that name a person or an account: each gets a computed column `<column>_<what it names>` (named.ts). */
  readonly names?: Readonly<Record<string, Named>>;
  /**
   * Whole numbers that SQLite makes from the row's other columns, never NULL: for checks of other kinds, which may not read what may be.
   * What stands for "not told" must be what lets no such check pass.
   */
  readonly generated?: Readonly<Record<string, string>>;
}

/**
 * A kind whose tables follow from its schema. A field is a column of its own name: text, whole numbers, 0 and 1 for booleans, with a CHECK
 * for an enum, NOT NULL unless nullable. A list of text or of flat objects is a child table whose column named like the kind
 * holds the record's id; nothing in it may be null, and it is indexed by its first column, too.
 */
export function tableKind<const Name extends string, Shape extends z.core.$ZodLooseShape>(
  name: Name,
  fields: Shape,
  options: Options = {},
) {
  const schema = z.strictObject({ ...recordShape(name), ...fields });
  const columns: Column[] = [];
  const children: Child[] = [];
  for (const [field, value] of Object.entries(fields)) {
    const { def } = internals(value);
    if (def.type === 'array') children.push(childOf(name, field, def.element, options));
    else columns.push(columnOf(field, value));
  }
  const kind = defineKind<InventoryRecord>({
    name,
    schema: typed<z.ZodType<InventoryRecord>>(schema),
    tables: [ownTable(name, columns, options), ...children.map((child) => childTable(name, child))],
    rows: (record) => rowsOf(name, columns, children, typed<Fields>(record)),
    computed: Object.fromEntries([
      ...Object.entries(options.computed ?? {}).map(([column, { from }]) => [column, from]),
      ...namesOf(options).map(({ column, from }) => [column, from]),
    ]),
    names: options.names ?? {},
  });
  return { schema, kind } satisfies { readonly schema: z.ZodType; readonly kind: Kind };
}

type Fields = InventoryRecord & Readonly<Record<string, unknown>>;

function columnOf(name: string, schema: z.core.SomeType): Column {
  const { def } = internals(schema);
  const nullable = def.type === 'nullable';
  const { type, check } = declared(name, nullable ? def.innerType : schema);
  return { name, ddl: `${name} ${type}${nullable ? '' : ' NOT NULL'}${check}` };
}

/** As SQLite declares what the schema takes. Throws for what no column holds: a defect of the kind. */
function declared(name: string, schema: z.core.SomeType): { readonly type: string; readonly check: string } {
  const { def } = internals(schema);
  if (def.type === 'string') return { type: 'TEXT', check: '' };
  if (def.type === 'boolean') return { type: 'INTEGER', check: ` CHECK (${name} IN (0, 1))` };
  if (def.type === 'number' && isWhole(def)) return { type: 'INTEGER', check: '' };
  if (def.type !== 'enum')
    throw new TypeError(
      `field ${name} is of type ${def.type}; expected text, a whole number or a boolean, perhaps null`,
    );
  const words = Object.values(def.entries).map((word) => `'${word}'`);
  return { type: 'TEXT', check: ` CHECK (${name} IN (${words.join(', ')}))` };
}

function isWhole(def: z.core.$ZodNumberDef): boolean {
  return 'format' in def && def.format === 'safeint';
}

function childOf(kind: string, field: string, item: z.core.SomeType, options: Options): Child {
  const singular = field.replace(/s$/, '');
  const table = options.children?.[field] ?? `${kind}_${singular}`;
  const { def } = internals(item);
  if (def.type !== 'object') return { field, table, columns: [columnOf(singular, item)], plain: true };
  const columns = Object.entries(def.shape).map(([name, value]) => columnOf(name, value));
  if (columns.some(({ ddl }) => !ddl.includes('NOT NULL')))
    throw new TypeError(`field ${field} of ${kind}: nothing in a list may be null`);
  return { field, table, columns, plain: false };
}

function ownTable(name: string, columns: readonly Column[], options: Options): KindTable {
  const { indexes = [], computed = {}, generated = {} } = options;
  const named = namesOf(options).map(({ column }) => column);
  const lines = [
    '_source INTEGER NOT NULL',
    'id TEXT NOT NULL UNIQUE',
    'source TEXT NOT NULL',
    'scope TEXT NOT NULL',
    ...columns.map(({ ddl }) => ddl),
    ...Object.values(computed).map(({ ddl }) => ddl),
    ...named.map((column) => `${column} TEXT NOT NULL DEFAULT ''`),
    ...Object.entries(generated).map(([column, of]) => `${column} INTEGER NOT NULL AS (${of})`),
    'PRIMARY KEY (_source, id)',
  ];
  return {
    name,
    ddl: [
      `CREATE TABLE ${name} (\n  ${lines.join(',\n  ')}\n) STRICT, WITHOUT ROWID`,
      ...[...indexes, ...named].map((on) => {
        const [first, ...rest] = [on].flat();
        return `CREATE INDEX ${name}_by_${first} ON ${name} (${[first, ...rest].join(', ')})`;
      }),
    ],
  };
}

/** The computed columns of what is named, with the tables that they rest on. */
function namesOf({ names = {} }: Options): readonly { column: string; from: readonly string[] }[] {
  return Object.entries(names).map(([name, what]) => ({ column: `${name}_${what}`, from: NAMED_FROM[what] }));
}

function childTable(kind: string, { table, columns }: Child): KindTable {
  const names = columns.map(({ name }) => name);
  return {
    name: table,
    ddl: [
      `CREATE TABLE ${table} (\n  ${[
        '_source INTEGER NOT NULL',
        `${kind} TEXT NOT NULL`,
        ...columns.map(({ ddl }) => ddl),
        `PRIMARY KEY (${[kind, ...names].join(', ')})`,
      ].join(',\n  ')}\n) STRICT, WITHOUT ROWID`,
      `CREATE INDEX ${table}_by_${names[0]} ON ${table} (${names[0]})`,
    ],
  };
}

function rowsOf(kind: string, columns: readonly Column[], children: readonly Child[], record: Fields): Rows {
  const { id, source, scope } = record;
  const own = Object.fromEntries(columns.map(({ name }) => [name, scalar(record[name])]));
  return {
    [kind]: [{ id, source, scope, ...own }],
    ...Object.fromEntries(children.map((child) => [child.table, childRows(kind, child, record)])),
  };
}

/** Each different row once: what a source repeats is not told twice. */
function childRows(
  kind: string,
  { field, columns, plain }: Child,
  record: Fields,
): Readonly<Record<string, Scalar>>[] {
  const rows = new Map<string, Readonly<Record<string, Scalar>>>();
  for (const item of typed<readonly unknown[]>(record[field])) {
    const values = plain ? { [columns[0]!.name]: item } : typed<Readonly<Record<string, unknown>>>(item);
    const row = Object.fromEntries(columns.map(({ name }) => [name, scalar(values[name])]));
    rows.set(JSON.stringify(row), { [kind]: record.id, ...row });
  }
  return [...rows.values()];
}

function scalar(value: unknown): Scalar {
  return typeof value === 'boolean' ? flag(value) : typed<Scalar>(value);
}

/** Stands for "no end" where a column may not be NULL: the last second of the year 9999. */
export const ENDLESS = 253_402_300_799;

/** What people wrote on a resource to find or class it. */
export const tags = z.array(z.strictObject({ key: z.string(), value: z.string() }));
