import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { pages } from '../pages.ts';
import { read } from '../read.ts';
import type { Session } from './session.ts';

type Call = Parameters<Session['call']>[1];
type Directory = Parameters<Call>[0];
type Options = Parameters<Call>[1];

interface Listing<S extends z.ZodType> {
  /** The id of Google's API description, such as `directory.users.list`. */
  readonly operation: string;
  /** The end of what the answer says it is: a body that was emptied says nothing. */
  readonly kind: string;
  /** The field that holds the list. Google leaves it out when it is empty. */
  readonly field: string;
  /** The field that names each of them in errors, and of which none may come twice. */
  readonly id: string;
  readonly item: S;
  readonly send: (directory: Directory, options: Options, pageToken: string | undefined) => ReturnType<Call>;
}

/** Everything that is listed, from every page. Google states no totals: a page that never came isn't missed. */
export async function* listed<S extends z.ZodType>(
  session: Session,
  { operation, kind, field, id, item, send }: Listing<S>,
): AsyncGenerator<z.output<S>, void, undefined> {
  const page = pageOf(kind, field);
  const fetch = async (token: string | undefined) =>
    read(
      operation,
      'the page',
      page,
      await session.call(operation, (directory, options) => send(directory, options, token)),
    );
  const seen = new Set<string>();
  for await (const { items } of pages(operation, fetch, ({ nextPageToken }) => nextPageToken))
    for (const one of items) {
      const name = read(operation, `a record of ${field}`, z.object({ [id]: z.string().min(1) }), one)[id]!;
      if (seen.has(name)) throw new CollectorError('incomplete', `${operation}: ${name} came twice`);
      seen.add(name);
      yield read(operation, name, item, one);
    }
}

function pageOf(kind: string, field: string) {
  return z
    .looseObject({
      kind: z.string().endsWith(`directory#${kind}`, `expected directory#${kind}`),
      nextPageToken: z.string().optional(),
    })
    .transform((page, context) => {
      const items = z.array(z.unknown()).default([]).safeParse(page[field]);
      if (items.success) return { items: items.data, nextPageToken: page.nextPageToken };
      context.addIssue({ code: 'custom', path: [field], message: 'expected a list' });
      return z.NEVER;
    });
}

/** Unix seconds of an RFC 3339 time. */
export const time = z.iso.datetime({ offset: true }).transform((text) => Math.floor(Date.parse(text) / 1000));
