import type { LimitFunction } from 'p-limit';

/**
 * Runs the work in one of the slots of `limit`. When `progress` hasn't moved for `patience` milliseconds the slot is given to others, while the
 * work goes on: what waits for a source that doesn't answer costs nothing but the waiting.
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
    await endedOrStalled(running, progress, patience);
  });
  return (await started).running;
}

/** Never rejects. */
function endedOrStalled(running: Promise<unknown>, progress: () => number, patience: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let before = progress();
  const timer = setInterval(() => {
    const now = progress();
    if (now === before) resolve();
    before = now;
  }, patience);
  const end = (): void => resolve();
  running.then(end, end);
  return promise.finally(() => clearInterval(timer));
}
