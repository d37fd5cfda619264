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

/** Seconds as `2 d 3 h`: the two largest units, cut off; `0 s` for none. */
export function spanText(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [size, unit] of [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ] as const) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) parts.push(`${amount} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
