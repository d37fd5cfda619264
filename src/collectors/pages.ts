import { CollectorError } from './error.ts';

/**
 * Every page of a listing, in order. `next` gives the token of the page after; undefined or empty: that was the last. Rejects with
 * `incomplete` when a token comes twice: the listing goes round.
 */
export async function* pages<P>(
  operation: string,
  fetch: (token: string | undefined) => Promise<P>,
  next: (page: P) => string | undefined,
): AsyncGenerator<P, void, undefined> {
  const tokens = new Set<string>();
  let token: string | undefined;
  for (;;) {
    const page = await fetch(token);
    yield page;
    token = next(page);
    if (token === undefined || token === '') return;
    if (tokens.has(token))
      throw new CollectorError('incomplete', `${operation}: the token of a page came twice`);
    tokens.add(token);
  }
}

interface Truncated {
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/** The next token where the source says apart whether there is more. Throws `incomplete` when it says so but not how to get it. */
export function marker(operation: string, { IsTruncated, Marker }: Truncated): string | undefined {
  if (IsTruncated === undefined)
    throw new CollectorError('malformed', `${operation}: the answer does not say whether it is truncated`);
  if (!IsTruncated) return undefined;
  if (Marker === undefined || Marker === '')
    throw new CollectorError('incomplete', `${operation}: truncated, but without a marker to go on from`);
  return Marker;
}
