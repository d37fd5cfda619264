import { z } from 'zod';
import type { ControlStatus } from './contract.ts';
import { duration } from './fields.ts';

/** An assessment speaks for this many times the time between full ones, unless another follows. */
export const PATIENCE = 2;

/** Seconds between full assessments when the Agent's manifest doesn't say, or none is sealed. */
export const DEFAULT_EVALUATE_EVERY = 900;

/** Of a sealed Agent manifest: seconds between full assessments. */
export const evaluateEvery = z
  .looseObject({ spec: z.looseObject({ evaluateEvery: duration.default(DEFAULT_EVALUATE_EVERY) }) })
  .transform(({ spec }) => spec.evaluateEvery);

/** From `from` until before `to`, Unix seconds. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** How a control or an aspect (or whatever assessments speak for) fared, from the first assessment on. */
export interface Timeline<S = ControlStatus> {
  /** When its status became what; in the order of time. */
  readonly changes: readonly { readonly at: number; readonly status: S }[];
  /** When no assessment spoke for it, after the first one; in the order of time, apart from each other. */
  readonly gaps: readonly Period[];
}

export interface StatusShares {
  /** Seconds in each status; together they are the period. Gaps count as unknown. */
  readonly seconds: Readonly<Record<ControlStatus, number>>;
  /** The longest time within the period for which no assessment spoke; of several, the first. */
  readonly longestGap: Period | null;
  /** The longest time within the period in which it was unknown, gaps included. */
  readonly longestUnknown: Period | null;
}

/** Adds up a timeline over a period. Pure. */
export function statusShares(timeline: Timeline, period: Period): StatusShares {
  const seconds = { effective: 0, correcting: 0, accepted: 0, ineffective: 0, unknown: 0, not_applicable: 0 };
  const gap = longest();
  const unknown = longest();
  for (const { from, to, status } of stretches(timeline, period)) {
    const counted = status ?? 'unknown';
    seconds[counted] += to - from;
    if (status === undefined) gap.add({ from, to });
    if (counted === 'unknown') unknown.add({ from, to });
  }
  return { seconds, longestGap: gap.found(), longestUnknown: unknown.found() };
}

interface Stretch<S> extends Period {
  /** Undefined: no assessment speaks for it. */
  readonly status: S | undefined;
}

/** The period, cut wherever something changes. */
export function* stretches<S>({ changes, gaps }: Timeline<S>, { from, to }: Period): Generator<Stretch<S>> {
  const cuts = [from, to, ...changes.map(({ at }) => at), ...gaps.flatMap((gap) => [gap.from, gap.to])]
    .filter((cut) => cut >= from && cut <= to)
    .toSorted((one, other) => one - other);
  let [change, gap] = [0, 0];
  let status: S | undefined;
  for (const [at, begin] of cuts.entries()) {
    const end = cuts[at + 1];
    if (end === undefined || end === begin) continue;
    for (let next = changes[change]; next !== undefined && next.at <= begin; next = changes[++change])
      status = next.status;
    while ((gaps[gap]?.to ?? Infinity) <= begin) gap += 1;
    const open = (gaps[gap]?.from ?? Infinity) <= begin;
    yield { from: begin, to: end, status: open ? undefined : status };
  }
}

/** The longest of stretches that come in the order of time; those that touch are one. */
function longest(): { add(stretch: Period): void; found(): Period | null } {
  let best: Period | null = null;
  let last: Period | null = null;
  return {
    add({ from, to }) {
      last = { from: last?.to === from ? last.from : from, to };
      if (best === null || to - last.from > best.to - best.from) best = last;
    },
    found: () => best,
  };
}
