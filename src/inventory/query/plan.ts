import type { DatabaseSync } from 'node:sqlite';
import { typed } from '../typed.ts';

interface Step {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

const LOOP = /^(SCAN|SEARCH|MULTI-INDEX OR)/;

/**
 * The first step of a statement's plan that reads a whole table again and again: a scan within a correlated subquery or an inner loop, or
 * an index that SQLite builds anew for each row. Undefined when there is none. A list bound for json_each is scanned freely.
 */
export function nestedScan(db: DatabaseSync, sql: string): string | undefined {
  const steps = typed<Step[]>(db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
  const byId = new Map(steps.map((step) => [step.id, step]));
  const isCorrelated = (step: Step): boolean => {
    const parent = byId.get(step.parent);
    return parent !== undefined && (parent.detail.startsWith('CORRELATED') || isCorrelated(parent));
  };
  const isInner = (step: Step): boolean => {
    const before = steps.slice(0, steps.indexOf(step));
    return before.some((other) => other.parent === step.parent && LOOP.test(other.detail));
  };
  const found = steps.find((step) => {
    if (/ AUTOMATIC /.test(step.detail)) return isCorrelated(step);
    if (!step.detail.startsWith('SCAN ') || / VIRTUAL TABLE |^SCAN CONSTANT/.test(step.detail)) return false;
    return isCorrelated(step) || isInner(step);
  });
  return found?.detail;
}
