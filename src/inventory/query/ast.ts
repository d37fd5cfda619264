import { parse } from '@guanmingchiu/sqlparser-ts';
import { typed } from '../typed.ts';

/** A node of the parser's tree: an object with one key, the variant's name, or a string. */
export type Node = Readonly<Record<string, unknown>>;

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((item) => isNode(item)) : [];
}

/** The value at a path of keys. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = typed<Record<string | number, unknown>>(current)[key];
  }
  return current;
}

/** Lower-case names of an identifier's parts: of a column, a table or a function. */
export function nameParts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.map((part) => {
    const name = at(part, 'Identifier', 'value') ?? at(part, 'value');
    return typeof name === 'string' ? name.toLowerCase() : '';
  });
}

/**
 * Gives the tree of an SQL expression. That throws when the text is not exactly one expression: brackets that close what stands around
 * them, a list, a clause behind it.
 */
export function expressionParser(): (sql: string) => Node {
  const around = shape(parseSelect('1'));
  return (sql) => {
    const statements = parseSelect(sql);
    const item = at(statements, 0, 'Query', 'body', 'Select', 'projection', 0, 'UnnamedExpr');
    const expression = at(item, 'Nested') ?? (at(item, 'Subquery') === undefined ? undefined : item);
    if (!isNode(expression) || shape(statements) !== around)
      throw new SyntaxError('expected one SQL expression');
    return expression;
  };
}

function parseSelect(sql: string): unknown {
  return parse(`SELECT (\n${sql}\n)`, 'sqlite');
}

/** Everything around the expression. */
function shape(statements: unknown): string {
  return JSON.stringify(statements, (key, value: unknown) =>
    key === 'span' || key === 'UnnamedExpr' ? undefined : value,
  );
}
