import type { Sealed } from '../../evidence/contract.ts';
import type { Token } from '../contract.ts';

/** A statement whose covering token comes later than this many seconds after its sealing is late (docs/adr/0015). */
const LATE = 86_400;

/** What others say of the time of a statement; Unix seconds. Undefined: nobody says. */
export type StatementTimes = (entry: Sealed) => {
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  readonly late: boolean;
};

/** Times by the tokens, which are sorted by size. */
export function statementTimes(tokens: readonly Token[]): StatementTimes {
  const byDigest = new Map(tokens.map((token) => [token.sha256, token.genTime]));
  // The earliest of the tokens from each one on.
  const earliest = tokens.map(({ genTime }) => genTime);
  for (let at = earliest.length - 2; at >= 0; at--)
    earliest[at] = Math.min(earliest[at] ?? Infinity, earliest[at + 1] ?? Infinity);
  return ({ index, anchor, sealedAt }) => {
    const before = anchor.tokens.flatMap((sha256) => byDigest.get(sha256) ?? []);
    const notAfter = earliest[firstAbove(tokens, index)];
    return {
      notBefore: before.length === 0 ? undefined : Math.max(...before),
      notAfter,
      late: notAfter !== undefined && notAfter - sealedAt > LATE,
    };
  };
}

/** The position of the first token over a checkpoint that covers the entry. */
function firstAbove(tokens: readonly Token[], index: number): number {
  let [low, high] = [0, tokens.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.size ?? 0) > index) high = middle;
    else low = middle + 1;
  }
  return low;
}
