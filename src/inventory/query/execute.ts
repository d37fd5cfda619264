import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { CheckQuery, CompiledQuery, Standing } from '../query-contract.ts';
import { typed } from '../typed.ts';
import { compile, LIMITS, restrict } from './compile.ts';
import type { KindTables, Reply, RowLine, SourceTally } from './protocol.ts';
import { scanStatement, standingStatement, tallyStatement } from './statements.ts';
import { createTables, type Tables } from './tables.ts';

const CHUNK = 2_000;

interface Prepared {
  readonly scan: StatementSync;
  readonly tally: StatementSync;
  readonly standing: StatementSync;
}

/** Compiles checks against empty tables, and runs them on the inventory's file when there is one. */
export class Executor {
  readonly #empty: DatabaseSync;
  readonly #tables: Tables;
  readonly #data: DatabaseSync | undefined;
  readonly #begin: StatementSync | undefined;
  readonly #commit: StatementSync | undefined;
  readonly #compiled = new Map<string, CompiledQuery>();
  readonly #prepared = new Map<string, Prepared>();

  constructor(kinds: readonly KindTables[], file: string | undefined) {
    this.#empty = new DatabaseSync(':memory:', { defensive: true });
    this.#tables = createTables(this.#empty, kinds);
    Object.assign(this.#empty.limits, LIMITS);
    restrict(this.#empty, this.#tables);
    if (file === undefined) return;
    this.#data = new DatabaseSync(file, { readOnly: true, defensive: true, timeout: 5_000, limits: LIMITS });
    this.#data.exec('PRAGMA query_only = 1; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000');
    this.#begin = this.#data.prepare('BEGIN');
    this.#commit = this.#data.prepare('COMMIT');
    restrict(this.#data, this.#tables);
  }

  compile(query: CheckQuery): CompiledQuery {
    const key = keyOf(query);
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = compile(this.#empty, this.#tables, query);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  /** Tells the rows in parts, then the tallies: all from one state of the inventory. Waits for each part to be taken. */
  async run(
    query: CheckQuery,
    now: number,
    asked: readonly string[],
    tell: (reply: Reply) => Promise<void>,
  ): Promise<void> {
    const prepared = this.#prepare(query);
    const bound = bind(query, now);
    this.#begin!.run();
    try {
      await this.#tellRows(prepared.scan, bound, tell);
      const tallies = typed<SourceTally[]>(prepared.tally.all(bound));
      const standing =
        asked.length === 0 ? [] : prepared.standing.all({ ...bound, _ids: JSON.stringify(asked) });
      await tell({ type: 'done', tallies, standing: typed<[string, Standing][]>(standing) });
    } finally {
      this.#commit!.run();
    }
  }

  async #tellRows(
    scan: StatementSync,
    bound: Record<string, string | number | null>,
    tell: (reply: Reply) => Promise<void>,
  ): Promise<void> {
    let rows: RowLine[] = [];
    for (const row of scan.iterate(bound)) {
      rows.push(typed<RowLine>(row));
      if (rows.length < CHUNK) continue;
      await tell({ type: 'rows', rows });
      rows = [];
    }
    if (rows.length > 0) await tell({ type: 'rows', rows });
  }

  #prepare(query: CheckQuery): Prepared {
    const key = keyOf(query);
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      const data = this.#data;
      if (data === undefined) throw new Error('there is no inventory to run checks on');
      const { nullable } = this.compile(query);
      const prepare = (sql: string) => {
        return data.prepare(sql, { returnArrays: true, allowUnknownNamedParameters: true });
      };
      prepared = {
        scan: prepare(scanStatement(query, nullable)),
        tally: prepare(tallyStatement(query)),
        standing: prepare(standingStatement(query)),
      };
      this.#prepared.set(key, prepared);
    }
    return prepared;
  }
}

/** What compiling depends on: the text, and how parameters are bound. */
function keyOf(query: CheckQuery): string {
  const params = Object.entries(query.params).map(([name, value]) => [
    name,
    Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value,
  ]);
  return JSON.stringify([query.name, query.kind, query.where ?? null, query.fails, query.reason, params]);
}

function bind(query: CheckQuery, now: number): Record<string, string | number | null> {
  const bound: Record<string, string | number | null> = { now };
  for (const [name, value] of Object.entries(query.params)) {
    bound[name] = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  }
  return bound;
}
