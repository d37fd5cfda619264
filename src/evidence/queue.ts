import { setImmediate, setTimeout } from 'node:timers/promises';

/** Collects what arrives within a window and works on it together, one batch at a time. */
export interface BatchQueue<T> {
  add(item: T): void;
  /** What is queued by now waits no longer. */
  hurry(): void;
  /** Works on what is queued without waiting for the window, and returns when nothing is left. */
  drain(): Promise<void>;
}

/** `window` in milliseconds; 0 takes what arrives in the same turn of the event loop. `work` must not reject. */
export function createQueue<T>(window: number, work: (batch: readonly T[]) => Promise<void>): BatchQueue<T> {
  const draining = new AbortController();
  let hurrying = new AbortController();
  let queued: T[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (queued.length > 0) {
      await wait();
      const batch = queued;
      queued = [];
      await work(batch);
    }
    running = undefined;
  }

  async function wait(): Promise<void> {
    if (window === 0) return setImmediate();
    const signal = AbortSignal.any([draining.signal, hurrying.signal]);
    await setTimeout(window, undefined, { signal }).catch(() => {});
    hurrying = new AbortController();
  }

  return {
    add(item) {
      queued.push(item);
      running ??= run();
    },
    hurry: () => hurrying.abort(),
    async drain() {
      draining.abort();
      await running;
    },
  };
}
