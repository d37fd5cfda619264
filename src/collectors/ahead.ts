/**
 * What `work` makes of each item, in the items' order, with at most `width` under way: memory doesn't grow with how many there are. Rejects
 * with the first failure; what is under way then is left to end by itself.
 */
export async function* ahead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const underWay: Promise<R>[] = [];
  for await (const item of items) {
    const started = work(item);
    started.catch(() => {});
    underWay.push(started);
    if (underWay.length >= width) yield await underWay.shift()!;
  }
  for (const started of underWay) yield await started;
}
