/** How many files or requests of one call are under way side by side. */
const CONCURRENCY = 16;

/** Does the work for each item, some side by side. Rejects with the first failure, once what was begun beside it has ended. */
export async function mapLimited<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += CONCURRENCY) {
    const settled = await Promise.allSettled(items.slice(at, at + CONCURRENCY).map(work));
    for (const outcome of settled) {
      if (outcome.status === 'rejected') throw outcome.reason;
      results.push(outcome.value);
    }
  }
  return results;
}
