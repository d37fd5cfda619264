/** Rejects as soon as the signal is aborted, whatever the work is waiting for (the SDK's rate limiter sleeps without looking). */
export async function unlessAborted<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([start(), promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Joins the work that is under way for the key, or starts it. `signal` ends the wait alone. */
export type Join<T> = (
  key: string,
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

interface Flight<T> {
  readonly work: Promise<T>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * Work that several wait for at the same time, done once. Nothing of it is kept once it has ended, least of all a failure. Who stops waiting
 * doesn't end it for the others; when nobody waits any more, the signal that the work was started with is aborted.
 */
export function sharing<T>(): Join<T> {
  const flights = new Map<string, Flight<T>>();
  const begin = (key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const stop = new AbortController();
    const work = start(stop.signal);
    work.catch(() => {});
    const flight: Flight<T> = { work, stop, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  return async (key, signal, start) => {
    signal.throwIfAborted();
    const flight = flights.get(key) ?? begin(key, start);
    flight.waiting++;
    try {
      return await unlessAborted(() => flight.work, signal);
    } finally {
      flight.waiting--;
      if (flight.waiting === 0) {
        if (flights.get(key) === flight) flights.delete(key);
        flight.stop.abort();
      }
    }
  };
}
