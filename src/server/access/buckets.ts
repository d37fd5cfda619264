/** Lets each key have so many requests a second, and more for a moment. */
export interface Buckets {
  /** False when the key has had all that it may have by now. */
  take(key: string): boolean;
}

export interface BucketLimits {
  /** Requests. */
  readonly perSecond: number;
  /** Requests that a key that was quiet may have at once. */
  readonly burst: number;
  /** Keys remembered. A key that is forgotten starts anew. */
  readonly keys: number;
}

/** `now` in Unix seconds. */
export function createBuckets({ perSecond, burst, keys }: BucketLimits, now: () => number): Buckets {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(key) {
      const time = now();
      const before = buckets.get(key) ?? { left: burst, at: time };
      const passed = Math.max(0, time - before.at);
      const left = Math.min(burst, before.left + passed * perSecond);
      const granted = left >= 1;
      buckets.delete(key);
      buckets.set(key, { left: granted ? left - 1 : left, at: time });
      if (buckets.size > keys) forgetOldest(buckets);
      return granted;
    },
  };
}

function forgetOldest(buckets: Map<string, unknown>): void {
  const [oldest] = buckets.keys();
  if (oldest !== undefined) buckets.delete(oldest);
}
