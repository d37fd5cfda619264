import { DatabaseSync } from 'node:sqlite';
import type { CheckQuery, CompiledQuery } from '../query-contract.ts';
import { expressionParser, type Node } from './ast.ts';
import { isCondition } from './condition.ts';
import { lint, type LintContext, type ParamType, type Reads } from './lint.ts';
import { nestedScan } from './plan.ts';
import { invalid, type Place } from './problem.ts';
import type { KindTables } from './protocol.ts';
import { LIMITS, restrict } from './restrict.ts';
import { scanStatement } from './statements.ts';
import { createTables, type Tables } from './tables.ts';
import { findTerminator } from './text.ts';

/** What checks are compiled with. */
interface Compiler {
  /** Empty tables of every kind, in a restricted connection. */
  readonly db: DatabaseSync;
  readonly tables: Tables;
  readonly parseExpression: (sql: string) => Node;
}

/** Checks a query against an empty database of the kinds' tables. It throws an InventoryError (`query-invalid`). */
export function openCompiler(kinds: readonly KindTables[]): (query: CheckQuery) => CompiledQuery {
  const db = new DatabaseSync(':memory:', { defensive: true });
  const tables = createTables(db, kinds);
  Object.assign(db.limits, LIMITS);
  restrict(db, new Set(tables.keys()));
  const compiler = { db, tables, parseExpression: expressionParser() };
  return (query) => compile(compiler, query);
}

function compile(compiler: Compiler, query: CheckQuery): CompiledQuery {
  const { db, tables } = compiler;
  const table = tables.get(query.kind);
  if (table === undefined || table.kind !== query.kind) {
    const known = [...new Set([...tables.values()].map(({ kind }) => kind))].join(', ');
    throw invalid(query.name, 'kind', `no kind ${query.kind}; expected one of ${known}`);
  }
  const params = paramTypes(query);
  const places: [Place, string][] = [
    ['fails', query.fails],
    ['reason', query.reason],
  ];
  if (query.where !== undefined) places.unshift(['where', query.where]);
  const reads = new Map<Place, Reads>();
  for (const [place, sql] of places) {
    const known = place === 'reason' ? withoutNow(params) : params;
    reads.set(
      place,
      compilePlace(
        compiler,
        { kind: query.kind, tables, params: known, dates: place === 'reason' },
        query,
        place,
        sql,
      ),
    );
  }
  mustUseAll(query, [...reads.values()]);
  const scanned = nestedScan(db, scanStatement(query, []));
  if (scanned !== undefined) throw invalid(query.name, placeOf(db, query), nestedMessage(scanned));
  return describe(query, tables, reads);
}

function compilePlace(
  { db, parseExpression }: Compiler,
  context: LintContext,
  query: CheckQuery,
  place: Place,
  sql: string,
): Reads {
  const refuse = (problem: string) => invalid(query.name, place, problem);
  const terminator = findTerminator(sql);
  if (terminator !== undefined)
    throw refuse(`${terminator} is not allowed; expected one SQL expression without comments`);
  let expression: Node;
  let reads: Reads;
  try {
    expression = parseExpression(sql);
    reads = lint(expression, context);
    db.prepare(`SELECT 1 FROM "${context.kind}" AS it WHERE (\n${sql}\n)`);
  } catch (error) {
    throw refuse(explain(error, place, context));
  }
  if (place !== 'reason' && !isCondition(expression, context)) {
    throw refuse(
      'the expression is not a condition; expected a comparison, a test or a column that is 0 or 1',
    );
  }
  return reads;
}

function explain(error: unknown, place: Place, context: LintContext): string {
  const message = error instanceof Error ? error.message : String(error);
  if (place === 'reason' && message.startsWith('no parameter :now')) {
    return 'uses :now, so that the reason would change by itself; expected a reason that says the facts';
  }
  if (message.includes('misuse of aggregate'))
    return `${message}; expected aggregates in subqueries over their own tables alone`;
  if (message.includes('not authorized') || message.includes('prohibited')) {
    return `${message}; expected reads of ${[...context.tables.keys()].join(', ')} alone`;
  }
  return message;
}

function paramTypes(query: CheckQuery): Map<string, ParamType> {
  const types = new Map<string, ParamType>([['now', 'number']]);
  for (const [name, value] of Object.entries(query.params)) {
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || name === 'now') {
      throw invalid(
        query.name,
        'params',
        `${name} can't be a parameter's name; expected letters and digits, other than now`,
      );
    }
    if (Array.isArray(value)) types.set(name, 'list');
    else types.set(name, value === null ? 'null' : typeof value === 'number' ? 'number' : 'text');
  }
  return types;
}

function withoutNow(params: ReadonlyMap<string, ParamType>): Map<string, ParamType> {
  return new Map([...params].filter(([name]) => name !== 'now'));
}

function mustUseAll(query: CheckQuery, reads: readonly Reads[]): void {
  const unused = Object.keys(query.params).filter((name) => !reads.some(({ params }) => params.has(name)));
  if (unused.length > 0) {
    throw invalid(
      query.name,
      'params',
      `${unused.join(', ')} is not used; expected :${unused[0]!} in where, fails or reason`,
    );
  }
}

/** Which part has the nested scan. */
function placeOf(db: DatabaseSync, query: CheckQuery): Place {
  const has = (sql: string | undefined) =>
    sql !== undefined && nestedScan(db, `SELECT (\n${sql}\n) FROM "${query.kind}" AS it`) !== undefined;
  return has(query.where) ? 'where' : has(query.fails) ? 'fails' : 'reason';
}

function nestedMessage(step: string): string {
  return `reads a whole table for each record (${step}); expected an equality with an indexed column, such as id, identity, person, owner or login`;
}

function describe(query: CheckQuery, tables: Tables, reads: ReadonlyMap<Place, Reads>): CompiledQuery {
  const read = new Set([query.kind, ...[...reads.values()].flatMap((place) => [...place.tables])]);
  const judged = [reads.get('where'), reads.get('fails')].flatMap((place) => [...(place?.own ?? [])]);
  for (const place of reads.values())
    for (const column of place.own) {
      for (const table of tables.get(query.kind)?.computed[column] ?? []) read.add(table);
    }
  const columns = tables.get(query.kind)!.columns;
  return {
    tables: [...read],
    kinds: [...new Set([...read].map((table) => tables.get(table)!.kind))],
    nullable: [...new Set(judged)].filter((column) => columns.get(column)?.nullable).sort(),
  };
}
