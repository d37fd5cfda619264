import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { pages } from '../pages.ts';
import { isHeavy } from './failure.ts';

/** A connection of GraphQL. An entry that is null is one that may not be seen: a part of the list would be missing. */
export function connection<S extends z.ZodType>(node: S) {
  return z.object({ totalCount: z.int(), pageInfo, nodes: z.array(node) });
}

/** The same where what matters is on the edges. */
export function edges<S extends z.ZodType>(edge: S) {
  return z.object({ totalCount: z.int(), pageInfo, edges: z.array(edge) });
}

const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });

/** What is asked for of each connection. */
export const PAGE = 'totalCount pageInfo { hasNextPage endCursor }';

export interface Page<T> {
  readonly totalCount: number;
  readonly pageInfo: z.infer<typeof pageInfo>;
  readonly nodes?: readonly T[];
  readonly edges?: readonly T[];
}

interface Paging<P> {
  readonly operation: string;
  readonly fetch: (after: string | undefined, first: number) => Promise<P>;
  readonly pageOf: (answer: P) => Page<unknown>;
  /** The size of a page; halved, down to a tenth, where GitHub gives up on one. */
  readonly first: number;
  /** A page that came already with something else. */
  readonly begun?: P;
}

/** Every page of a connection, in order. Rejects with `incomplete` when what came isn't as many as the last page says that there are. */
export async function* connectionPages<P>({
  operation,
  fetch,
  pageOf,
  first,
  begun,
}: Paging<P>): AsyncGenerator<P, void, undefined> {
  let size = first;
  let came = 0;
  let total = 0;
  const fetchPage = async (after: string | undefined): Promise<P> => {
    if (after === undefined && begun !== undefined) return begun;
    for (;;) {
      try {
        return await fetch(after, size);
      } catch (error) {
        if (!isHeavy(error) || size <= first / 10) throw error;
        size = Math.ceil(size / 2);
      }
    }
  };
  for await (const page of pages(operation, fetchPage, (answer) => cursorOf(operation, pageOf(answer)))) {
    const { totalCount, nodes, edges: list } = pageOf(page);
    total = totalCount;
    came += (nodes ?? list ?? []).length;
    yield page;
  }
  if (came !== total)
    throw new CollectorError('incomplete', `${operation}: ${came} came of the ${total} that are told`);
}

function cursorOf(operation: string, { pageInfo: { hasNextPage, endCursor } }: Page<unknown>) {
  if (!hasNextPage) return undefined;
  if (endCursor === null || endCursor === '')
    throw new CollectorError('incomplete', `${operation}: a next page without a cursor to it`);
  return endCursor;
}

/** The entries of a connection that is short by nature and was asked for whole. Rejects with `incomplete` when it is longer. */
export function wholeOf<T>(operation: string, what: string, page: Page<T>): readonly T[] {
  const list = page.nodes ?? page.edges ?? [];
  if (page.pageInfo.hasNextPage || list.length !== page.totalCount)
    throw new CollectorError(
      'incomplete',
      `${operation}: ${what}: ${list.length} came of the ${page.totalCount} that are told`,
    );
  return list;
}
