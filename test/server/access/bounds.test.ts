import { describe, expect, test } from 'vitest';
import { createBuckets } from '../../../src/server/access/buckets.ts';
import { createCache } from '../../../src/server/access/cache.ts';

describe('what is remembered of requests', () => {
  test('fills again with time, up to the burst', () => {
    let now = 0;
    const buckets = createBuckets({ perSecond: 2, burst: 4, keys: 10 }, () => now);
    const granted = () => Array.from({ length: 6 }, () => buckets.take('a')).filter(Boolean).length;
    expect(granted()).toBe(4);
    now += 1;
    expect(granted()).toBe(2);
    now += 1000;
    expect(granted()).toBe(4);
    // A clock that is set back gives nothing, and takes nothing.
    now -= 500;
    expect(granted()).toBe(0);
  });

  test('is bounded: the key that was quiet longest is forgotten', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 1, keys: 2 }, () => 0);
    expect(['a', 'b', 'a', 'c', 'a'].map((key) => buckets.take(key))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(buckets.take('b')).toBe(true);
  });
});

describe('what is remembered of answers', () => {
  test('counts as long as it says, is asked for once, and is bounded', async () => {
    let now = 0;
    const asked: string[] = [];
    const cache = createCache<string>(2, () => now);
    const get = (key: string) =>
      cache.get(
        key,
        () => {
          asked.push(key);
          return Promise.resolve(key.toUpperCase());
        },
        (value) => (value === 'A' ? 10 : 0),
      );
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['A', 'A', 'A']);
    expect(asked).toEqual(['a']);
    now = 9;
    await get('a');
    expect(asked).toEqual(['a']);
    now = 10;
    await get('a');
    expect(asked).toEqual(['a', 'a']);
    await get('b');
    await get('b');
    expect(asked).toEqual(['a', 'a', 'b', 'b']);
    await get('c');
    await get('a');
    expect(asked).toEqual(['a', 'a', 'b', 'b', 'c', 'a']);
  });

  test('is not a failure: that is asked again', async () => {
    const cache = createCache<string>(2, () => 0);
    const failing = () =>
      cache.get(
        'a',
        () => Promise.reject(new Error('down')),
        () => 60,
      );
    await expect(Promise.all([failing(), failing()])).rejects.toThrow('down');
    expect(
      await cache.get(
        'a',
        () => Promise.resolve('up'),
        () => 60,
      ),
    ).toBe('up');
  });
});
