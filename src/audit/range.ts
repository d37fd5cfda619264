import type { Token } from './contract.ts';

/** What is known of a log when a period is looked for in it. Sizes ascend. */
export interface Timeline {
  /** Sizes of published checkpoints, up to the one at which is answered: the last. */
  readonly sizes: readonly number[];
  readonly tokens: readonly Token[];
  /** How many entries, from the first on, were sealed before the moment (Unix seconds). */
  readonly sealedBefore: (moment: number) => Promise<number>;
}

export interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * Log indexes [first, end) for a period (docs/adr/0018-bundle.md): from the last token before it to the first one after it; where there is no
 * token, what the entries say of themselves.
 */
export async function rangeOf(
  { from, to }: { readonly from: number; readonly to: number },
  { sizes, tokens, sealedBefore }: Timeline,
): Promise<Range> {
  const at = sizes.at(-1) ?? 0;
  const first = tokens.findLast(({ genTime }) => genTime <= from)?.size;
  const end = tokens.find(({ genTime, size }) => genTime >= to && size > (first ?? 0))?.size ?? at;
  if (first !== undefined) return { first, end };
  const before = await sealedBefore(from);
  return { first: sizes.findLast((size) => size <= before) ?? 0, end };
}

/** The size of the checkpoint that an entry is proven in: the smallest with tokens that covers it, else the smallest that does. Both ascend. */
export function provenIn(index: number, sizes: readonly number[], withTokens: readonly number[]): number {
  const size = withTokens[firstAbove(index, withTokens)] ?? sizes[firstAbove(index, sizes)];
  if (size === undefined) throw new RangeError(`no checkpoint covers entry ${index}`);
  return size;
}

/** Where the first of ascending numbers that is greater stands. */
function firstAbove(value: number, ascending: readonly number[]): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
