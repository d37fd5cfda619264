import { at, isNode, nameParts, type Node, nodes } from './ast.ts';
import { DAY_FUNCTIONS, FUNCTIONS } from './functions.ts';
import type { Column, Tables } from './tables.ts';

/** How a parameter is bound. */
export type ParamType = 'number' | 'text' | 'null' | 'list';

export interface LintContext {
  /** The kind's own table, aliased `it`. */
  readonly kind: string;
  readonly tables: Tables;
  readonly params: ReadonlyMap<string, ParamType>;
  /** `date(x, 'unixepoch')` may be used. */
  readonly dates: boolean;
}

/** What an expression reads. */
export interface Reads {
  readonly tables: Set<string>;
  /** Columns of `it`. */
  readonly own: Set<string>;
  readonly params: Set<string>;
}

/** Tables by alias; null: a subquery, whose own columns are looked at where it reads them. */
type Scope = ReadonlyMap<string, string | null>;

/**
 * Walks a parsed expression. Throws an Error that says what is wrong and what was expected: an unqualified or unknown column, a nullable
 * one of other rows than `it`, an unknown table, function or parameter, a form of SQL that could hide one of those.
 */
export function lint(expression: Node, context: LintContext): Reads {
  const reads: Reads = { tables: new Set(), own: new Set(), params: new Set() };
  new Walk(context, reads).visit(expression, [new Map([['it', context.kind]])]);
  return reads;
}

class Walk {
  readonly #context: LintContext;
  readonly #reads: Reads;

  constructor(context: LintContext, reads: Reads) {
    this.#context = context;
    this.#reads = reads;
  }

  visit(value: unknown, scopes: readonly Scope[]): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item, scopes);
    if (!isNode(value)) return;
    for (const [variant, content] of Object.entries(value)) {
      const special = this.#special[variant];
      if (special !== undefined) special(content, scopes);
      else this.visit(content, scopes);
    }
  }

  /** The variants that mean something here; every other is walked through. */
  readonly #special: Readonly<Record<string, (content: unknown, scopes: readonly Scope[]) => void>> = {
    span: () => {},
    alias: () => {},
    Identifier: (content) => {
      const name = String(at(content, 'value'));
      throw new Error(
        `column ${name} is not qualified; expected it.${name}, or the alias of a subquery's table`,
      );
    },
    CompoundIdentifier: (content, scopes) => this.#column(nameParts(content), scopes),
    Value: (content) => this.#value(at(content, 'value')),
    Function: (content, scopes) => this.#function(content, scopes),
    Select: (content, scopes) => this.#select(content, scopes),
    BinaryOp: (content, scopes) => this.#binary(content, scopes),
    Collate: (content, scopes) => this.visit(at(content, 'expr'), scopes),
    Table: () => {},
    join_operator: (content, scopes) => this.#join(content, scopes),
    with: refuse('WITH', 'a subquery'),
    order_by: refuse('ORDER BY', 'max() or min()'),
    limit_clause: refuse('LIMIT', 'a condition that says which rows, or max() or min()'),
    Wildcard: () => {
      throw new Error('* reads every column; expected the columns meant, or EXISTS (SELECT 1 ...)');
    },
    QualifiedWildcard: () => {
      throw new Error('* reads every column; expected the columns meant, or EXISTS (SELECT 1 ...)');
    },
  };

  #select(select: unknown, scopes: readonly Scope[]): void {
    const relations = nodes(at(select, 'from')).flatMap((item) => relationsOf(item));
    const scope = new Map<string, string | null>();
    for (const relation of relations) {
      const [alias, table] = this.#relation(relation);
      if (scope.has(alias) || scopes.some((outer) => outer.has(alias))) {
        throw new Error(`alias ${alias} is used twice; expected an alias of its own for each table`);
      }
      scope.set(alias, table);
    }
    const inner = [...scopes, scope];
    for (const [key, value] of Object.entries(isNode(select) ? select : {}))
      if (key !== 'select_token') this.visit(value, inner);
  }

  #relation(relation: Node): readonly [alias: string, table: string | null] {
    const alias = nameParts([at(Object.values(relation)[0], 'alias', 'name')])[0] ?? '';
    if ('Derived' in relation) {
      if (alias === '') throw new Error('a subquery in FROM has no alias; expected AS and a name');
      return [alias, null];
    }
    const name = nameParts(at(relation, 'Table', 'name'));
    if (name.length !== 1)
      throw new Error(`expected the name of a table in FROM, got ${name.join('.') || 'something else'}`);
    const table = name[0]!;
    const args = at(relation, 'Table', 'args');
    if (table === 'json_each') return [alias || table, this.#list(args)];
    if (args !== undefined && args !== null)
      throw new Error(`${table}(...) in FROM is not allowed; expected json_each(:list)`);
    if (!this.#context.tables.has(table)) {
      throw new Error(`no table ${table}; expected one of ${[...this.#context.tables.keys()].join(', ')}`);
    }
    this.#reads.tables.add(table);
    return [alias || table, table];
  }

  #list(args: unknown): null {
    const values = nodes(at(args, 'args'));
    const placeholder = at(values[0], 'Unnamed', 'Expr', 'Value', 'value', 'Placeholder');
    if (values.length !== 1 || typeof placeholder !== 'string' || this.#param(placeholder) !== 'list') {
      throw new Error('json_each takes one parameter whose value is a list, such as json_each(:names)');
    }
    return null;
  }

  #join(operator: unknown, scopes: readonly Scope[]): void {
    const kind = isNode(operator) ? Object.keys(operator)[0]! : String(operator);
    const constraint = at(operator, kind);
    if (!['Join', 'Inner', 'CrossJoin'].includes(kind)) {
      throw new Error('an outer join makes NULLs that no source said; expected an inner join, or NOT EXISTS');
    }
    if (at(constraint, 'Using') !== undefined || constraint === 'Natural') {
      throw new Error('USING and NATURAL name columns unqualified; expected ON with qualified columns');
    }
    this.visit(constraint, scopes);
  }

  #column(parts: readonly string[], scopes: readonly Scope[]): void {
    const [alias, name] = parts;
    if (alias === undefined || name === undefined || parts.length > 2) {
      throw new Error(`column ${parts.join('.')}: expected alias.column`);
    }
    const scope = scopes.findLast((candidate) => candidate.has(alias));
    if (scope === undefined) throw new Error(`no table or alias ${alias} for column ${alias}.${name}`);
    const table = scope.get(alias);
    if (table === null || table === undefined) return;
    const column = this.#declared(table, name, alias);
    const own = scope === scopes[0];
    if (own) this.#reads.own.add(name);
    else if (column.nullable) {
      throw new Error(
        `column ${alias}.${name} of ${table} can be NULL; expected a NOT NULL column, since ${alias} is not the record judged`,
      );
    }
    for (const source of this.#context.tables.get(table)?.computed[name] ?? [])
      this.#reads.tables.add(source);
  }

  #declared(table: string, name: string, alias: string): Column {
    const columns = this.#context.tables.get(table)!.columns;
    const column = columns.get(name);
    if (column === undefined) {
      throw new Error(`no column ${alias}.${name}; expected one of ${[...columns.keys()].join(', ')}`);
    }
    return column;
  }

  #value(value: unknown): void {
    const placeholder = at(value, 'Placeholder');
    if (typeof placeholder !== 'string') return;
    if (this.#param(placeholder) === 'list') {
      throw new Error(`${placeholder} is a list; expected json_each(${placeholder}) in FROM`);
    }
  }

  #param(placeholder: string): ParamType {
    const name = placeholder.slice(1);
    const type = this.#context.params.get(name);
    if (!placeholder.startsWith(':') || type === undefined) {
      const known = [...this.#context.params.keys()].map((param) => `:${param}`);
      throw new Error(
        `no parameter ${placeholder}; expected ${known.length > 0 ? known.join(', ') : 'none'}`,
      );
    }
    this.#reads.params.add(name);
    return type;
  }

  #function(content: unknown, scopes: readonly Scope[]): void {
    const name = nameParts(at(content, 'name')).join('.');
    const args = nodes(at(content, 'args', 'List', 'args'));
    if (DAY_FUNCTIONS.has(name)) this.#day(name, args);
    else if (!FUNCTIONS.has(name)) {
      throw new Error(`function ${name} is not allowed; expected one of ${[...FUNCTIONS].sort().join(', ')}`);
    }
    if (at(content, 'over') !== undefined && at(content, 'over') !== null) {
      throw new Error('OVER is not allowed; expected an aggregate in a subquery');
    }
    for (const key of ['parameters', 'args', 'filter', 'within_group']) this.visit(at(content, key), scopes);
  }

  #day(name: string, args: readonly Node[]): void {
    const modifier = at(args[1], 'Unnamed', 'Expr', 'Value', 'value', 'SingleQuotedString');
    if (!this.#context.dates || args.length !== 2 || modifier !== 'unixepoch') {
      throw new Error(
        `${name} is not allowed; expected :now and Unix seconds, and in reason ${name}(x, 'unixepoch')`,
      );
    }
  }

  #binary(content: unknown, scopes: readonly Scope[]): void {
    const left = at(content, 'left');
    const right = at(content, 'right');
    const [one, other] = [columnName(left), columnName(right)];
    if (one !== undefined && one === other) throw new Error(`${one} is compared with itself`);
    this.visit(left, scopes);
    this.visit(right, scopes);
    for (const [column, value] of [
      [left, right],
      [right, left],
    ] as const) {
      if (COMPARISONS.has(String(at(content, 'op')))) this.#comparison(column, value, scopes);
    }
  }

  /** A number column never equals a text: `it.enabled = 'true'` would silently hold for nobody. */
  #comparison(side: unknown, value: unknown, scopes: readonly Scope[]): void {
    const [alias, name] = nameParts(at(side, 'CompoundIdentifier'));
    const table = scopes.findLast((scope) => scope.has(alias ?? ''))?.get(alias ?? '');
    if (typeof table !== 'string' || this.#declared(table, name!, alias!).type !== 'INTEGER') return;
    const literal = at(value, 'Value', 'value');
    const placeholder = at(literal, 'Placeholder');
    const text = typeof placeholder === 'string' && this.#context.params.get(placeholder.slice(1)) === 'text';
    if (text || at(literal, 'SingleQuotedString') !== undefined) {
      throw new Error(`${alias}.${name} is a number and is compared with a text; expected a number`);
    }
  }
}

function refuse(clause: string, expected: string): (content: unknown) => void {
  return (content) => {
    if (content !== null && content !== undefined)
      throw new Error(`${clause} is not allowed; expected ${expected}`);
  };
}

const COMPARISONS = new Set(['Eq', 'NotEq', 'Lt', 'LtEq', 'Gt', 'GtEq']);

function columnName(expression: unknown): string | undefined {
  const parts = nameParts(at(expression, 'CompoundIdentifier'));
  return parts.length > 0 ? parts.join('.') : undefined;
}

/** The tables and subqueries of one item of FROM, joined ones included. */
function relationsOf(item: Node): Node[] {
  const own = [at(item, 'relation'), ...nodes(at(item, 'joins')).map((join) => at(join, 'relation'))];
  return nodes(own).flatMap((relation) => {
    const nested = at(relation, 'NestedJoin', 'table_with_joins');
    return isNode(nested) ? relationsOf(nested) : [relation];
  });
}
