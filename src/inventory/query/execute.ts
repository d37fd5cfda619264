import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { CheckQuery, Standing } from '../query-contract.ts';
import { typed } from '../typed.ts';
import { keyOf } from './key.ts';
import type { KindTables, Reply, Request, RowColumns, SourceTally } from './protocol.ts';
import { populationStatement, scanStatement, standingStatement, tallyStatement } from './statements.ts';
import { LIMITS, restrict } from './restrict.ts';

/** Rows of a part. */
const PART = 500;

type RunRequest = Extract<Request, { type: 'run' }>;

interface Prepared {
  readonly scan: StatementSync;
  readonly whole: StatementSync;
  readonly tally: StatementSync;
  readonly standing: StatementSync;
}

/** Runs compiled checks on the inventory's file, which it can only read. */
export class Runner {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(kinds: readonly KindTables[], file: string) {
    this.#db = new DatabaseSync(file, { readOnly: true, defensive: true, timeout: 5_000, limits: LIMITS });
    this.#db.exec('PRAGMA query_only = 1; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000');
    this.#begin = this.#db.prepare('BEGIN');
    this.#commit = this.#db.prepare('COMMIT');
    restrict(this.#db, new Set(kinds.flatMap(({ tables }) => tables.map(({ name }) => name))));
  }

  /** Tells the tallies, the rows in parts, and where the ids stand: all from one state of the inventory. */
  async run(request: RunRequest, tell: (reply: Reply) => Promise<void>): Promise<void> {
    const { query, now, standing: asked, population } = request;
    const prepared = this.#prepare(query, request.nullable);
    const bound = bind(query, now);
    this.#begin.run();
    try {
      await tell({ type: 'tallies', tallies: typed<SourceTally[]>(prepared.tally.all(bound)) });
      await this.#tellRows(population ? prepared.whole : prepared.scan, bound, tell);
      const standing =
        asked.length === 0 ? [] : prepared.standing.all({ ...bound, _ids: JSON.stringify(asked) });
      await tell({ type: 'done', standing: typed<[string, Standing][]>(standing) });
    } finally {
      this.#commit.run();
    }
  }

  /** Reads on while one part is on its way, never further: the parts don't pile up here. */
  async #tellRows(
    scan: StatementSync,
    bound: Record<string, string | number | null>,
    tell: (reply: Reply) => Promise<void>,
  ): Promise<void> {
    let rows: RowColumns = { ids: [], sources: [], told: [] };
    let underway: Promise<void> = Promise.resolve();
    for (const row of scan.iterate(bound)) {
      const [id, source, told] = typed<[string, number, string | number | null]>(row);
      rows.ids.push(id);
      rows.sources.push(source);
      rows.told.push(told);
      if (rows.ids.length < PART) continue;
      await underway;
      underway = tell({ type: 'rows', rows });
      rows = { ids: [], sources: [], told: [] };
    }
    await underway;
    if (rows.ids.length > 0) await tell({ type: 'rows', rows });
  }

  #prepare(query: CheckQuery, nullable: readonly string[]): Prepared {
    const key = keyOf(query);
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      const prepare = (sql: string) => {
        return this.#db.prepare(sql, { returnArrays: true, allowUnknownNamedParameters: true });
      };
      prepared = {
        scan: prepare(scanStatement(query, nullable)),
        whole: prepare(populationStatement(query, nullable)),
        tally: prepare(tallyStatement(query)),
        standing: prepare(standingStatement(query)),
      };
      this.#prepared.set(key, prepared);
    }
    return prepared;
  }
}

function bind(query: CheckQuery, now: number): Record<string, string | number | null> {
  const bound: Record<string, string | number | null> = { now };
  for (const [name, value] of Object.entries(query.params)) {
    bound[name] = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  }
  return bound;
}
