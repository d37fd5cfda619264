/** Remembers answers for a while, at most `size` of them; the longest unused go first. */
export interface Cache<V> {
  /** `load` is asked once, however many ask for the key at once. An answer counts for `seconds`; one that rejects is not remembered. */
  get(key: string, load: () => Promise<V>, seconds: (value: V) => number): Promise<V>;
}

/** `now` in Unix seconds. */
export function createCache<V>(size: number, now: () => number): Cache<V> {
  const entries = new Map<string, { readonly value: Promise<V>; until: number }>();
  return {
    async get(key, load, seconds) {
      const known = entries.get(key);
      const entry = known !== undefined && now() < known.until ? known : { value: load(), until: Infinity };
      entries.delete(key);
      entries.set(key, entry);
      for (const oldest of entries.keys()) {
        if (entries.size <= size) break;
        entries.delete(oldest);
      }
      try {
        const value = await entry.value;
        if (entry.until === Infinity) entry.until = now() + seconds(value);
        return value;
      } catch (error) {
        if (entries.get(key) === entry) entries.delete(key);
        throw error;
      }
    },
  };
}
