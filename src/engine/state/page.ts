import { EngineError } from '../error.ts';
import type { Page, PageQuery } from '../view.ts';

/** The position after which a page starts; undefined for the first page. Throws EngineError `cursor` for what isn't one of ours. */
function after(query: PageQuery): string | undefined {
  if (query.cursor === undefined) return undefined;
  const text = Buffer.from(query.cursor, 'base64url').toString('utf8');
  if (!text.startsWith('@')) throw invalidCursor();
  return text.slice(1);
}

/** The same, where positions are numbers. */
export function afterNumber(query: PageQuery): number | undefined {
  const text = after(query);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalidCursor();
  return Number(text);
}

function invalidCursor(): EngineError {
  return new EngineError('cursor', 'the cursor is not one that this list gave');
}

/** `rows` holds one more than the limit when there is a next page. */
export function page<R, T>(
  rows: readonly R[],
  query: PageQuery,
  position: (row: R) => string | number,
  item: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const more = rows.length > query.limit && last !== undefined;
  return {
    items: shown.map(item),
    next: more ? Buffer.from(`@${position(last)}`).toString('base64url') : null,
  };
}

/** A page of a short list that is made whole in memory, sorted by its key. */
export function pageOf<T>(items: readonly T[], query: PageQuery, key: (item: T) => string): Page<T> {
  const from = after(query);
  const found = from === undefined ? -1 : items.findIndex((item) => key(item) === from);
  if (from !== undefined && found === -1) throw invalidCursor();
  const start = found + 1;
  return page(items.slice(start, start + query.limit + 1), query, key, (item) => item);
}
