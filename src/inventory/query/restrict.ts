import { constants, type DatabaseSync } from 'node:sqlite';
import { DAY_FUNCTIONS, FUNCTIONS } from './functions.ts';

/** Room for a reason, and for a list as JSON. */
export const LIMITS = {
  length: 4_000_000,
  sqlLength: 200_000,
  exprDepth: 200,
  compoundSelect: 10,
  functionArg: 50,
  likePatternLength: 1_000,
  variableNumber: 200,
  attach: 0,
  triggerDepth: 0,
} as const;

/**
 * Lets a connection prepare reads of the kinds' tables with the allowed functions, and nothing else: no ATTACH, PRAGMA, write,
 * schema table, recursion. SQLite asks it when a statement is prepared, never while it runs.
 */
export function restrict(db: DatabaseSync, tables: ReadonlySet<string>): void {
  db.setAuthorizer((action, first, second) => {
    // A transaction is our own: a check is an expression within a SELECT.
    if (action === constants.SQLITE_SELECT || action === constants.SQLITE_TRANSACTION)
      return constants.SQLITE_OK;
    if (
      action === constants.SQLITE_READ &&
      (tables.has(first ?? '') || first === 'json_each' || first === '_source')
    ) {
      return constants.SQLITE_OK;
    }
    const name = (second ?? '').toLowerCase();
    if (action === constants.SQLITE_FUNCTION && (FUNCTIONS.has(name) || DAY_FUNCTIONS.has(name))) {
      return constants.SQLITE_OK;
    }
    return constants.SQLITE_DENY;
  });
}
