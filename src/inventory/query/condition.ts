import { at, isNode, type Node, nameParts, nodes } from './ast.ts';
import type { LintContext } from './lint.ts';

const LOGICAL = new Set(['And', 'Or', 'Eq', 'NotEq', 'Lt', 'LtEq', 'Gt', 'GtEq', 'Match', 'Regexp']);
const TESTS = new Set(
  (
    'IsNull IsNotNull IsTrue IsNotTrue IsFalse IsNotFalse IsDistinctFrom IsNotDistinctFrom ' +
    'InList InSubquery Between Like Exists'
  ).split(' '),
);

/**
 * Whether an expression gives true, false or NULL. Anything else is refused: SQLite takes a text for false, so that a check that
 * says `fails: it.name` would pass everything.
 */
export function isCondition(expression: unknown, context: LintContext): boolean {
  if (!isNode(expression)) return false;
  const [variant] = Object.keys(expression);
  const content = expression[variant!];
  if (TESTS.has(variant!)) return true;
  switch (variant) {
    case 'Nested':
      return isCondition(content, context);
    case 'UnaryOp':
      return at(content, 'op') === 'Not' && isCondition(at(content, 'expr'), context);
    case 'BinaryOp':
      return isLogical(content, context);
    case 'Value':
      return isTruth(at(content, 'value'), context);
    case 'CompoundIdentifier':
      return isFlag(content, context);
    case 'Case':
      return branches(content).every((branch) => isCondition(branch, context));
    case 'Function':
      return isChoice(content, context);
    default:
      return false;
  }
}

function isLogical(content: unknown, context: LintContext): boolean {
  const op = String(at(content, 'op'));
  if (op !== 'And' && op !== 'Or') return LOGICAL.has(op);
  return isCondition(at(content, 'left'), context) && isCondition(at(content, 'right'), context);
}

function isTruth(value: unknown, context: LintContext): boolean {
  const placeholder = at(value, 'Placeholder');
  if (typeof placeholder === 'string') return context.params.get(placeholder.slice(1)) === 'number';
  return value === 'Null' || at(value, 'Boolean') !== undefined || at(value, 'Number') !== undefined;
}

/** A number column; those of subqueries' tables are compared there, never taken for a condition here. */
function isFlag(content: unknown, context: LintContext): boolean {
  const [alias, name] = nameParts(content);
  return alias === 'it' && context.tables.get(context.kind)?.columns.get(name ?? '')?.type === 'INTEGER';
}

function branches(content: unknown): unknown[] {
  const otherwise = at(content, 'else_result');
  const results = nodes(at(content, 'conditions')).map((condition) => at(condition, 'result'));
  return otherwise === undefined || otherwise === null ? results : [...results, otherwise];
}

/** `coalesce`, `ifnull`, `iif` and `nullif` give one of their arguments. */
function isChoice(content: unknown, context: LintContext): boolean {
  const name = nameParts(at(content, 'name')).join('.');
  const args: unknown[] = nodes(at(content, 'args', 'List', 'args')).map((arg: Node) =>
    at(arg, 'Unnamed', 'Expr'),
  );
  if (name === 'iif') return args.slice(1).every((arg) => isCondition(arg, context));
  return ['coalesce', 'ifnull'].includes(name) && args.every((arg) => isCondition(arg, context));
}
