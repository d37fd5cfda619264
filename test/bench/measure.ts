/** One figure of a benchmark. Counts where counts will do; times as ratios to a baseline of the same run; memory as peak RSS. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `value`, or `ratio` where there is one, may be at most. */
  readonly goal: number;
  /** The goal is the least that is wanted instead. */
  readonly least?: true;
  /** In the unit of `value`. */
  readonly baseline?: number;
}

/** A benchmark: runs for seconds to a minute or two, and cleans up behind itself. */
export type Bench = () => Promise<readonly Measure[]>;

export interface Figure extends Measure {
  readonly holds: boolean;
  readonly ratio?: number;
}

export function judge(measure: Measure): Figure {
  const { value, goal, baseline, least = false } = measure;
  const holds = (figure: number): boolean => (least ? figure >= goal : figure <= goal);
  if (baseline === undefined) return { ...measure, holds: holds(value) };
  const ratio = round(value / baseline);
  return { ...measure, ratio, holds: holds(ratio) };
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)]!;
}
