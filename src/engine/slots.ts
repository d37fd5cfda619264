import type { LimitFunction } from 'p-limit';

/** How many collections may go on without a slot, for each slot there is. */
const LENT = 2;

/** How many go on without a slot of the limit. */
const lent = new WeakMap<LimitFunction, number>();

/**
 * Runs the work in one of the slots of `limit`. When `progress` hasn't moved for `patience` milliseconds the slot is given to others, while the
 * work goes on: what waits for a source that doesn't answer costs nothing but the waiting. Twice as many as there are slots may do so at once.
 */
export async function inSlot<T>(
  limit: LimitFunction,
  work: () => Promise<T>,
  progress: () => number,
  patience: number,
): Promise<T> {
  const { promise: started, resolve: start } = Promise.withResolvers<{ readonly running: Promise<T> }>();
  void limit(async () => {
    const running = work();
    start({ running });
    const ended = await endedOrStalled(limit, running, progress, patience);
    if (ended) return;
    lend(limit, 1);
    const back = (): void => lend(limit, -1);
    running.then(back, back);
  });
  return (await started).running;
}

function lend(limit: LimitFunction, by: number): void {
  lent.set(limit, (lent.get(limit) ?? 0) + by);
}

/** True: it ended. False: it stands still, and there is room for another without a slot. Never rejects. */
function endedOrStalled(
  limit: LimitFunction,
  running: Promise<unknown>,
  progress: () => number,
  patience: number,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let before = progress();
  const timer = setInterval(() => {
    const now = progress();
    if (now === before && (lent.get(limit) ?? 0) < LENT * limit.concurrency) resolve(false);
    before = now;
  }, patience);
  const end = (): void => resolve(true);
  running.then(end, end);
  return promise.finally(() => clearInterval(timer));
}
