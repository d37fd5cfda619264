import type { SourceRef } from '../inventory/kind.ts';

export type Outcome = 'pass' | 'fail' | 'unknown' | 'not_applicable';
export type ControlStatus =
  | 'effective'
  | 'correcting'
  | 'accepted'
  | 'ineffective'
  | 'unknown'
  | 'not_applicable';
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** How the evidence of one configured (dataset, scope) stands at the moment of an assessment. */
export interface SourceState extends SourceRef {
  /** Kinds that the dataset feeds. */
  readonly kinds: readonly string[];
  /** `failed`: the last run failed, though an older snapshot may still be fresh: then `fresh` wins and `detail` says so. */
  readonly state: 'fresh' | 'stale' | 'missing';
  /** As-of time of the snapshot in the inventory, Unix seconds; null without one. */
  readonly asOf: number | null;
  /** Body digest and log index of the snapshot; null without one. */
  readonly body: string | null;
  readonly index: number | null;
  /** Why it is stale or missing, for people. */
  readonly detail: string;
}

export interface Counts {
  /** Rows of the kind. */
  readonly table: number;
  /** Rows that `where` chose. */
  readonly population: number;
  /** table - population - undecided. */
  readonly filtered: number;
  readonly failing: number;
  readonly unknown: number;
}

export interface ScopeVerdict extends SourceRef {
  readonly outcome: Outcome;
  readonly why: string;
  readonly counts: Counts;
}

export interface RecordVerdict {
  /** The record's id. */
  readonly id: string;
  readonly source: string;
  /** `passed`, `gone` and `out_of_population` close a deviation that stood open; any other record that passes is a `pass`, named where the population is. */
  readonly outcome: 'pass' | 'fail' | 'unknown' | 'passed' | 'gone' | 'out_of_population';
  readonly reason: string;
}

export interface Verdict {
  readonly check: string;
  readonly outcome: Outcome;
  /** One sentence: why the outcome is what it is. */
  readonly why: string;
  readonly counts: Counts;
  readonly scopes: readonly ScopeVerdict[];
  /** Sorted by the UTF-8 bytes of the id. */
  readonly records: readonly RecordVerdict[];
  /**
   * Present when the records are the population of an event check. `whole`: every record of it, all evidence being fresh; `partial`: those that
   * there were, while something was stale, missing, declared absent, or could not be run.
   */
  readonly population?: Population | undefined;
}

export type Population = 'whole' | 'partial';
