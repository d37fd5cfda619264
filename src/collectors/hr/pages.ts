import { CollectorError } from '../error.ts';
import type { JsonAnswer, JsonSource } from '../exports/json.ts';
import { pages } from '../pages.ts';
import type { JsonConfig } from './config.ts';
import { at } from './pointer.ts';

type Mapping = Pick<JsonConfig, 'items' | 'pages' | 'total'>;

export interface Page {
  readonly answer: JsonAnswer;
  readonly items: readonly unknown[];
}

/** The list in an answer. Throws (`malformed`) when there is none. */
export function itemsIn(value: unknown, { items: pointer }: Mapping): readonly unknown[] {
  const items = at(value, pointer);
  if (!Array.isArray(items))
    throw new CollectorError('malformed', `${pointer || 'the answer'}: expected a list`);
  return items;
}

/** How many people the answer says there are; undefined when no total is configured. */
export function totalIn(value: unknown, { total: pointer }: Mapping): number | undefined {
  if (pointer === undefined) return undefined;
  const total = at(value, pointer);
  if (typeof total !== 'number' || !Number.isSafeInteger(total) || total < 0)
    throw new CollectorError('malformed', `${pointer}: expected how many people there are`);
  return total;
}

/**
 * Every page, in order. Rejects with `incomplete` when pages go round, when the total changes or differs from what came, or when nothing says
 * that a page was the last.
 */
export async function* pagesOf(
  source: JsonSource,
  first: URL,
  mapping: Mapping,
): AsyncGenerator<Page, void, undefined> {
  let total: number | undefined;
  let came = 0;
  let number = 1;
  const fetch = async (address: string | undefined): Promise<Page> => {
    const url = address === undefined ? startOf(first, mapping) : new URL(address);
    const answer = await source.get(url, 'GET');
    const items = itemsIn(answer.value, mapping);
    const said = totalIn(answer.value, mapping);
    if (number > 1 && said !== total)
      throw new CollectorError('incomplete', `the total changed from ${total} to ${said} between pages`);
    total = said;
    came += items.length;
    number++;
    return { answer, items };
  };
  yield* pages('GET', fetch, ({ answer, items }) =>
    nextOf({ value: answer.value, items, total, came, number }, first, mapping),
  );
  if (total !== undefined && came !== total)
    throw new CollectorError('incomplete', `${came} people came, and the total is ${total}`);
}

interface Reached {
  readonly value: unknown;
  readonly items: readonly unknown[];
  readonly total: number | undefined;
  readonly came: number;
  /** Of the page that would be next, from 1. */
  readonly number: number;
}

function startOf(first: URL, { pages }: Mapping): URL {
  return pages !== undefined && 'number' in pages ? withParameter(first, pages.number, pages.first) : first;
}

/** The address of the next page; undefined after the last. */
function nextOf(reached: Reached, first: URL, { pages }: Mapping): string | undefined {
  if (pages === undefined) return undefined;
  if ('number' in pages) {
    const ended = reached.items.length === 0 || reached.came >= (reached.total ?? 0);
    return ended ? undefined : withParameter(first, pages.number, pages.first + reached.number - 1).href;
  }
  const next = at(reached.value, pages.next);
  // Without a total, the absence of what is expected there is not the same as an end.
  if (next === undefined && reached.total === undefined)
    throw new CollectorError('incomplete', `${pages.next}: is not there; expected null after the last page`);
  if (next === undefined || next === null || next === '') return undefined;
  if (typeof next !== 'string' && typeof next !== 'number')
    throw new CollectorError('malformed', `${pages.next}: expected an address, a cursor or null`);
  if (pages.parameter !== undefined) return withParameter(first, pages.parameter, next).href;
  return followable(String(next), first, pages.next).href;
}

function withParameter(url: URL, name: string, value: string | number): URL {
  const result = new URL(url);
  result.searchParams.set(name, String(value));
  return result;
}

/** Elsewhere, the token would be told to somebody else. */
function followable(address: string, first: URL, pointer: string): URL {
  const url = URL.parse(address, first.href);
  if (url === null || url.origin !== first.origin || url.username !== '')
    throw new CollectorError('malformed', `${pointer}: expected an address at the register's own origin`);
  return url;
}
