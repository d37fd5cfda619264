import { CollectorError } from '../error.ts';

interface Paged {
  readonly IsTruncated?: boolean | undefined;
  readonly Marker?: string | undefined;
}

/** Every page of a listing, in order. Rejects with `incomplete` when the source says that there is more but not how to get it, or goes round. */
export async function* pages<P extends Paged>(
  operation: string,
  fetch: (marker: string | undefined) => Promise<P>,
): AsyncGenerator<P, void, undefined> {
  const markers = new Set<string>();
  let marker: string | undefined;
  for (;;) {
    const page = await fetch(marker);
    if (page.IsTruncated === undefined)
      throw new CollectorError('malformed', `${operation}: the answer does not say whether it is truncated`);
    yield page;
    if (!page.IsTruncated) return;
    marker = page.Marker;
    if (marker === undefined || marker === '')
      throw new CollectorError('incomplete', `${operation}: truncated, but without a marker to go on from`);
    if (markers.has(marker))
      throw new CollectorError('incomplete', `${operation}: the marker ${marker} came twice`);
    markers.add(marker);
  }
}
