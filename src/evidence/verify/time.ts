import type { Anchor } from '../contract.ts';
import type { Report } from './statements.ts';
import type { TimeReport } from './report.ts';

/** A verified RFC 3161 token over a checkpoint. Times are Unix seconds. */
export interface TimedToken {
  /** Of the checkpoint. */
  readonly size: number;
  readonly authority: string;
  /** SHA-256, hex, of the response's file. */
  readonly sha256: string;
  readonly genTime: number;
  /** How far the authority says that `genTime` may be off, in seconds. */
  readonly accuracy?: number;
}

/** When an entry was sealed, as tokens alone show: after the one, before the other. Null where none does. */
export interface Bounds {
  /** The latest token that its anchor names. */
  readonly notBefore: number | null;
  /** The first token over a checkpoint that covers it. */
  readonly notAfter: number | null;
}

/** What an entry says that the tokens are asked about. */
export interface Timed {
  readonly sealedAt: number;
  readonly anchor: Anchor;
}

export interface TimeRules {
  bounds(index: number, anchor: Anchor): Bounds;
  /** Judges an entry, in any order, and counts it. */
  check(index: number, statement: Timed, problem: Report): void;
  /** Of the entries that were checked. */
  report(): TimeReport;
}

/** Seconds between the agent's clock and an authority's, and between two authorities'. */
const TIME_TOLERANCE = 300;
/** Seconds from the sealing to the covering token. */
const LATE = 86_400;

interface Covering {
  readonly size: number;
  readonly genTime: number;
  /** Digests of the tokens, and their times. */
  readonly tokens: ReadonlyMap<string, number>;
}

/**
 * The rules of ADR 0015 for entries of a log of which these are the tokens. `refused` are digests of tokens that are there and were found to be none:
 * that is told once, and not again for each entry anchored to them.
 */
export function createTimeRules(
  tokens: readonly TimedToken[],
  refused: ReadonlySet<string> = new Set(),
): TimeRules {
  const stamped = bySize(tokens);
  const sizes = stamped.map(({ size }) => size);
  const places = new Map(sizes.map((size, at) => [size, at]));
  const counts = { covered: 0, late: 0, asserted: 0 };

  function at(size: number): Covering | undefined {
    return stamped[places.get(size) ?? -1];
  }
  function bounds(index: number, anchor: Anchor): Bounds {
    const known = at(anchor.size)?.tokens;
    const before = anchor.tokens.flatMap((token) => known?.get(token) ?? []);
    return {
      notBefore: before.length === 0 ? null : Math.max(...before),
      notAfter: stamped[firstAbove(sizes, index)]?.genTime ?? null,
    };
  }
  return {
    bounds,
    check(index, { sealedAt, anchor }, problem) {
      for (const token of anchor.tokens) {
        if (at(anchor.size)?.tokens.has(token) === true || refused.has(token)) continue;
        problem('missing', `the timestamp ${token} of ${anchor.size} that it is anchored to is not there`);
      }
      const { notBefore, notAfter } = bounds(index, anchor);
      if (notBefore !== null && sealedAt < notBefore - TIME_TOLERANCE) {
        problem('time', `sealed at ${sealedAt}, before the timestamp that it is anchored to (${notBefore})`);
      }
      if (notAfter !== null && sealedAt > notAfter + TIME_TOLERANCE) {
        problem('time', `sealed at ${sealedAt}, after the timestamp that covers it (${notAfter})`);
      }
      if (notAfter !== null) counts.covered += 1;
      if (notAfter !== null && notAfter - sealedAt > LATE) counts.late += 1;
      if (notAfter === null || notBefore === null) counts.asserted += 1;
    },
    report() {
      const newest = tokens.toSorted((one, other) => one.size - other.size).at(-1);
      return {
        tokens: tokens.length,
        newest:
          newest === undefined
            ? null
            : { size: newest.size, authority: newest.authority, genTime: newest.genTime },
        ...counts,
      };
    },
  };
}

/** The tokens whose time is earlier than one's over a smaller checkpoint, beyond the tolerance and what they say of their accuracy. */
export function backdatedTokens(tokens: readonly TimedToken[]): TimedToken[] {
  const backdated: TimedToken[] = [];
  let [size, latest, before] = [-1, -Infinity, -Infinity];
  for (const token of tokens.toSorted((one, other) => one.size - other.size)) {
    if (token.size > size) [size, before] = [token.size, latest];
    const accuracy = token.accuracy ?? 0;
    if (token.genTime + accuracy + TIME_TOLERANCE < before) backdated.push(token);
    latest = Math.max(latest, token.genTime - accuracy);
  }
  return backdated;
}

function bySize(tokens: readonly TimedToken[]): Covering[] {
  const sizes = new Map<number, Map<string, number>>();
  for (const { size, sha256, genTime } of tokens) {
    const here = sizes.get(size) ?? new Map<string, number>();
    sizes.set(size, here.set(sha256, genTime));
  }
  return [...sizes]
    .sort(([one], [other]) => one - other)
    .map(([size, here]) => ({ size, genTime: Math.min(...here.values()), tokens: here }));
}

/** The place of the first number above a bound in an ascending list; its length when there is none. */
export function firstAbove(sorted: readonly number[], bound: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((sorted[middle] ?? 0) > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
