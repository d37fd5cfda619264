import type { CheckQuery } from '../query-contract.ts';

/** What compiling depends on: the text, and how parameters are bound. */
export function keyOf(query: CheckQuery): string {
  const params = Object.entries(query.params).map(([name, value]) => [
    name,
    Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value,
  ]);
  return JSON.stringify([query.name, query.kind, query.where ?? null, query.fails, query.reason, params]);
}
