import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { pages } from '../pages.ts';
import { read } from '../read.ts';
import { time } from './fields.ts';
import { operationOf, pathOf, type Resource, type Work } from './dataset.ts';
import { failure, isExpired } from './failure.ts';

/** How often a list that expired before its last page is begun again. */
const RESTARTS = 3;

const page = z.object({
  kind: z.string(),
  apiVersion: z.string(),
  metadata: z.object({
    resourceVersion: z.string().min(1),
    continue: z.string().optional(),
    remainingItemCount: z.int().nonnegative().optional(),
  }),
  items: z.array(z.unknown()),
});

/** What every object has. */
export const metadata = z.object({
  name: z.string().min(1),
  namespace: z.string().default(''),
  uid: z.string().min(1),
  labels: z.record(z.string(), z.string()).default({}),
  creationTimestamp: time,
  ownerReferences: z
    .array(
      z.object({
        apiVersion: z.string(),
        kind: z.string(),
        name: z.string(),
        uid: z.string(),
        controller: z.boolean().default(false),
      }),
    )
    .default([]),
});
const named = z.object({ metadata: z.object({ name: z.string(), namespace: z.string().default('') }) });

/**
 * What comes of each object of a resource, over all pages. The pages are of one state of the cluster: their resource versions agree, and where
 * the server says how many objects are left, that many come. A continue token that expires starts the list again, with a new beginning:
 * nothing of the pages before is kept. So what is held is what `add` makes of the objects, never the pages.
 */
export async function foldAll<S extends z.ZodType, A>(
  work: Work,
  resource: Resource,
  schema: S,
  begin: () => A,
  add: (all: A, object: z.output<S>) => void,
): Promise<A> {
  const operation = operationOf(resource);
  for (let restarts = 0; ; restarts++) {
    const all = begin();
    try {
      for await (const item of itemsOf(work, resource)) add(all, read(operation, nameOf(item), schema, item));
      return all;
    } catch (error) {
      if (!isExpired(error)) throw failure(operation, error, work.session.signal);
      if (restarts >= RESTARTS)
        throw new CollectorError(
          'incomplete',
          `${operation}: the list expired ${restarts + 1} times before its last page; larger pages are faster`,
          { cause: error },
        );
    }
  }
}

/** What `reduce` makes of each object; what it makes undefined is left out. */
export async function listAll<S extends z.ZodType, T>(
  work: Work,
  resource: Resource,
  schema: S,
  reduce: (object: z.output<S>) => T | undefined,
): Promise<readonly T[]> {
  return foldAll(
    work,
    resource,
    schema,
    (): T[] => [],
    (all, object) => {
      const reduced = reduce(object);
      if (reduced !== undefined) all.push(reduced);
    },
  );
}

/** The objects of every page, in order. */
async function* itemsOf(
  { session, config }: Work,
  resource: Resource,
): AsyncGenerator<unknown, void, undefined> {
  const operation = operationOf(resource);
  const fetch = (token: string | undefined): Promise<unknown> => {
    const query = new URLSearchParams({ limit: String(config.pageSize) });
    if (token !== undefined) query.set('continue', token);
    return session.get(operation, `${pathOf(resource)}?${query.toString()}`);
  };
  let version: string | undefined;
  let left: number | undefined;
  const told = pages(
    operation,
    async (token) => pageOf(operation, resource, await fetch(token)),
    (page) => page.metadata.continue,
  );
  for await (const { metadata, items } of told) {
    version ??= metadata.resourceVersion;
    if (metadata.resourceVersion !== version)
      throw new CollectorError('incomplete', `${operation}: pages are of different states of the cluster`);
    yield* items;
    left = remaining(operation, left, items.length, metadata.remainingItemCount);
  }
  if (left !== undefined && left !== 0)
    throw new CollectorError('incomplete', `${operation}: ${left} objects that were announced did not come`);
}

function pageOf(operation: string, { group, version, kind }: Resource, answer: unknown) {
  const told = read(operation, 'the list', page, answer);
  const apiVersion = group === '' ? version : `${group}/${version}`;
  if (told.kind !== `${kind}List` || told.apiVersion !== apiVersion)
    throw new CollectorError(
      'malformed',
      `${operation}: expected a ${kind}List of ${apiVersion}, not a ${told.kind} of ${told.apiVersion}`,
    );
  return told;
}

/** How many objects are still to come after a page; undefined: the server doesn't say. Throws when it contradicts what it said before. */
function remaining(
  operation: string,
  before: number | undefined,
  count: number,
  stated: number | undefined,
): number | undefined {
  if (before === undefined) return stated;
  const left = before - count;
  if (left < 0 || (stated !== undefined && stated !== left))
    throw new CollectorError(
      'incomplete',
      `${operation}: ${before} objects were left, ${count} came and ${stated ?? 'none'} are said to be left`,
    );
  return left;
}

function nameOf(item: unknown): string {
  const known = named.safeParse(item).data?.metadata;
  return known === undefined
    ? 'an object'
    : `${known.namespace === '' ? '' : `${known.namespace}/`}${known.name}`;
}
