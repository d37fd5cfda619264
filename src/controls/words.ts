/** `1 deviation`, `2 deviations`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** RFC 3339, UTC, of Unix seconds. */
export function instantText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Upper case first, a full stop last. */
export function sentence(why: string): string {
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}${why.endsWith('.') ? '' : '.'}`;
}

/** Seconds in the largest unit that divides them, such as `24h` or `3d`. */
export function durationText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ] as const;
  const [size, letter] = units.find(([size]) => seconds % size === 0) ?? [1, 's'];
  return `${seconds / size}${letter}`;
}
