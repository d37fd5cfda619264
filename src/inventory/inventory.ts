import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { InventoryError } from './error.ts';
import { type InventoryRecord, type Kind, type Scalar, sourceKey, type SourceRef } from './kind.ts';
import { kinds as everyKind } from './kinds.ts';
import { computeDeclared, type Declarations, nothingDeclared, storeDeclarations } from './declared.ts';
import { computeNamed } from './named.ts';
import { computeOwners } from './owner.ts';
import { openDatabase } from './schema.ts';
import { computeSoaOwners } from './soa-owner.ts';
import { typed } from './typed.ts';

/** The sealed snapshot that a source's rows come from. */
export interface SnapshotMeta {
  /** The source's own as-of time, Unix seconds. */
  readonly asOf: number;
  /** SHA-256, hex, of the body. */
  readonly body: string;
  /** Log index of the snapshot's statement. */
  readonly index: number;
}

export interface LoadedSource extends SourceRef, SnapshotMeta {
  /** How many records of each kind. */
  readonly records: Readonly<Record<string, number>>;
}

export interface InventoryOptions {
  /** Nothing is declared unless set. */
  readonly declared?: Declarations;
  readonly kinds?: ReadonlyMap<string, Kind>;
}

/**
 * The latest sealed snapshot of every source as SQLite tables, one a kind; the file's only writer. Everything in it can be loaded again
 * from the evidence log.
 */
export interface Inventory extends AsyncDisposable {
  readonly file: string;
  /**
   * Replaces the rows of the source by those of the records, in one transaction: readers see the old or the new. Rejects, and leaves
   * the old, when the iteration does or a record is refused: an InventoryError (`record-invalid`) names record and field.
   * Loads and removals wait for each other.
   */
  load(source: SourceRef, meta: SnapshotMeta, records: AsyncIterable<InventoryRecord>): Promise<LoadedSource>;
  /** Takes the source's rows out. Removing what isn't there does nothing. */
  remove(source: SourceRef): Promise<void>;
  /** Replaces what is declared, and computes anew what rests on it. */
  declare(declared: Declarations): Promise<void>;
  /** By key. */
  sources(): readonly LoadedSource[];
}

/** Opens or makes the inventory's file. One of another schema is made anew, empty. */
export function openInventory(file: string, options: InventoryOptions = {}): Inventory {
  const kinds = options.kinds ?? everyKind;
  const db = openDatabase(file, kinds);
  const loaded = readSources(db);
  const loader = new Loader(db, kinds);
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(change: () => T | Promise<T>): Promise<T> => {
    const result = turn.then(() => inTransaction(db, change));
    turn = result.catch(() => {});
    return result;
  };
  const declare = (declarations: Declarations) =>
    inTurn(() => {
      storeDeclarations(db, declarations);
      loader.compute(null);
    });
  const declared = declare(options.declared ?? nothingDeclared);
  declared.catch(() => {});
  return {
    file,
    async load(source, meta, records) {
      await declared;
      const result = await inTurn(() => loader.load(source, meta, records));
      db.exec('PRAGMA shrink_memory');
      loaded.set(sourceKey(source), result);
      return result;
    },
    async remove(source) {
      await inTurn(() => loader.remove(source));
      loaded.delete(sourceKey(source));
    },
    declare,
    sources: () => [...loaded].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, source]) => source),
    async [Symbol.asyncDispose]() {
      await turn;
      db.close();
    },
  };
}

async function inTransaction<T>(db: DatabaseSync, change: () => T | Promise<T>): Promise<T> {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = await change();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function readSources(db: DatabaseSync): Map<string, LoadedSource> {
  const rows = db.prepare('SELECT key, source, as_of, body, "index", records FROM _source').all();
  return new Map(
    rows.map((row) => {
      const ref = typed<SourceRef>(JSON.parse(String(row['source'])));
      const records = typed<Record<string, number>>(JSON.parse(String(row['records'])));
      const meta = { asOf: Number(row['as_of']), body: String(row['body']), index: Number(row['index']) };
      return [String(row['key']), { ...ref, ...meta, records }];
    }),
  );
}

/** Binds a row of a table; undefined where the record left a column out would be an error of the kind, and SQLite refuses it. */
interface Insert {
  readonly table: string;
  readonly columns: readonly string[];
  readonly statement: StatementSync;
}

/** Statements are prepared when they are first needed: most kinds are those of nobody. */
class KindLoader {
  readonly kind: Kind;
  readonly #db: DatabaseSync;
  #inserts: readonly Insert[] | undefined;
  #deletes: readonly StatementSync[] | undefined;

  constructor(db: DatabaseSync, kind: Kind) {
    this.#db = db;
    this.kind = kind;
  }

  get inserts(): readonly Insert[] {
    return (this.#inserts ??= insertsOf(this.#db, this.kind));
  }

  /** Rows of a source: those of child tables first, found by their records. */
  get deletes(): readonly StatementSync[] {
    return (this.#deletes ??= deletesOf(this.#db, this.kind));
  }
}

class Loader {
  readonly #db: DatabaseSync;
  readonly #kinds: ReadonlyMap<string, KindLoader>;

  constructor(db: DatabaseSync, kinds: ReadonlyMap<string, Kind>) {
    this.#db = db;
    this.#kinds = new Map([...kinds].map(([name, kind]) => [name, new KindLoader(db, kind)]));
  }

  async load(
    source: SourceRef,
    meta: SnapshotMeta,
    records: AsyncIterable<InventoryRecord>,
  ): Promise<LoadedSource> {
    const old = this.#number(source);
    if (old !== undefined) this.#delete(old);
    const number =
      old?.number ??
      Number(this.#db.prepare('SELECT ifnull(max(number), 0) + 1 AS n FROM _source').get()!['n']);
    const counts: Record<string, number> = {};
    for await (const record of records) {
      this.#insert(record, number);
      counts[record.kind] = (counts[record.kind] ?? 0) + 1;
    }
    const ref: SourceRef = { collector: source.collector, dataset: source.dataset, scope: source.scope };
    this.#db
      .prepare('INSERT OR REPLACE INTO _source VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(
        number,
        sourceKey(ref),
        JSON.stringify(ref),
        meta.asOf,
        meta.body,
        meta.index,
        JSON.stringify(counts),
      );
    this.#afterChange(number, [...(old?.kinds ?? []), ...Object.keys(counts)]);
    return { ...ref, asOf: meta.asOf, body: meta.body, index: meta.index, records: counts };
  }

  remove(source: SourceRef): void {
    const old = this.#number(source);
    if (old === undefined) return;
    this.#delete(old);
    this.#db.prepare('DELETE FROM _source WHERE number = ?').run(old.number);
    this.#afterChange(old.number, old.kinds);
  }

  /** Columns that rest on more than their own record: of one source's rows or of all. */
  compute(source: number | null): void {
    this.#computeOwners(source);
    this.#computeDeclared(source);
    this.#computeSoaOwners();
  }

  #computeOwners(source: number | null): void {
    if (this.#kinds.has('identity') && this.#kinds.has('person')) computeOwners(this.#db, source);
  }

  #computeDeclared(source: number | null): void {
    if (this.#kinds.has('organization_account')) computeDeclared(this.#db, source);
  }

  #computeSoaOwners(): void {
    if (this.#kinds.has('soa_control') && this.#kinds.has('person')) computeSoaOwners(this.#db);
  }

  #afterChange(number: number, changed: readonly string[]): void {
    if (changed.includes('person')) this.#computeOwners(null);
    else if (changed.includes('identity')) this.#computeOwners(number);
    if (changed.includes('organization_account')) this.#computeDeclared(number);
    if (changed.includes('person') || changed.includes('soa_control')) this.#computeSoaOwners();
    this.#computeNamed(number, changed);
  }

  /** Of the rows that changed, and of every row that names somebody or something of a kind that did. */
  #computeNamed(number: number, changed: readonly string[]): void {
    for (const [name, { kind }] of this.#kinds) {
      for (const named of new Set(Object.values(kind.names ?? {}))) {
        if (!this.#kinds.has(named)) continue;
        if (changed.includes(named)) computeNamed(this.#db, kind, null, named);
        else if (changed.includes(name)) computeNamed(this.#db, kind, number, named);
      }
    }
  }

  #number(source: SourceRef): { number: number; kinds: string[] } | undefined {
    const row = this.#db.prepare('SELECT number, records FROM _source WHERE key = ?').get(sourceKey(source));
    if (row === undefined) return undefined;
    return { number: Number(row['number']), kinds: Object.keys(JSON.parse(String(row['records']))) };
  }

  #delete({ number, kinds }: { readonly number: number; readonly kinds: readonly string[] }): void {
    for (const kind of kinds)
      for (const statement of this.#kinds.get(kind)?.deletes ?? []) statement.run(number);
  }

  #insert(record: InventoryRecord, source: number): void {
    const loader = this.#kinds.get(record.kind);
    if (loader === undefined)
      throw refused(record, `kind: expected one of ${[...this.#kinds.keys()].join(', ')}`);
    const parsed = loader.kind.schema.safeParse(record);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw refused(record, `${issue!.path.join('.') || 'record'}: ${issue!.message}`);
    }
    const rows = loader.kind.rows(typed<never>(parsed.data));
    try {
      for (const { table, columns, statement } of loader.inserts) {
        for (const row of rows[table] ?? [])
          statement.run(source, ...columns.map((column) => typed<Scalar>(row[column])));
      }
    } catch (error) {
      if (!isRecords(error)) throw error;
      throw refused(record, this.#conflict(record, error), error);
    }
  }

  /** Ids are unique over all sources: two collectors that read the same scope would count everything twice. */
  #conflict(record: InventoryRecord, error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.startsWith('UNIQUE')) return message;
    const other = this.#db
      .prepare(
        `SELECT s.key FROM "${record.kind}" AS it JOIN _source AS s ON s.number = it._source WHERE it.id = ?`,
      )
      .get(record.id);
    if (other === undefined) return `expected each value once (${message})`;
    return `id: is already among the records of ${String(other['key'])}; expected it once`;
  }
}

/** SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE, and values that can't be bound: not that the file can't be written. */
function isRecords(error: unknown): boolean {
  if (!(error instanceof Error && 'errcode' in error)) return true;
  return [18, 19, 20, 25].includes(Number(error.errcode) & 0xff);
}

function refused(record: InventoryRecord, problem: string, cause?: unknown): InventoryError {
  const id = typeof record.id === 'string' ? record.id : JSON.stringify(record.id);
  return new InventoryError('record-invalid', `record ${id}: ${problem}`, { cause });
}

/** A child table's key begins with the record's id, in the column named like the kind: nothing is scanned. */
function deletesOf(db: DatabaseSync, { name, tables }: Kind): StatementSync[] {
  const [own, ...children] = tables;
  return [
    ...children.map((child) =>
      db.prepare(
        `DELETE FROM "${child.name}" WHERE "${name}" IN (SELECT id FROM "${own.name}" WHERE _source = ?)`,
      ),
    ),
    db.prepare(`DELETE FROM "${own.name}" WHERE _source = ?`),
  ];
}

function insertsOf(db: DatabaseSync, kind: Kind): Insert[] {
  return kind.tables.map(({ name }, position) => {
    const computed = position === 0 ? (kind.computed ?? {}) : {};
    const columns = db
      .prepare('SELECT name FROM pragma_table_info(?)')
      .all(name)
      .map((row) => String(row['name']))
      .filter((column) => column !== '_source' && !(column in computed));
    const names = ['_source', ...columns].map((column) => `"${column}"`).join(', ');
    const values = ['_source', ...columns].map(() => '?').join(', ');
    return {
      table: name,
      columns,
      statement: db.prepare(`INSERT INTO "${name}" (${names}) VALUES (${values})`),
    };
  });
}
