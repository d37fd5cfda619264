/** One thing that the sealed verdict says and re-performing it doesn't give. */
export interface Difference {
  /** Log index of the assessment, and the moment it judged at, Unix seconds. */
  readonly assessment: number;
  readonly now: number;
  /** A check; empty for what concerns the whole assessment. */
  readonly check: string;
  /** `outcome`, `counts`, `why`, `population`, `scope <source>`, `record <id>`, `text`, `input <source>`. */
  readonly what: string;
  readonly sealed: string;
  readonly reperformed: string;
}

/** A verdict that can't be re-performed from what is here. */
export interface Skipped {
  readonly assessment: number;
  readonly check: string;
  readonly why: string;
}

export interface ReperformReport {
  /** True when verdicts were re-performed and none differs. */
  readonly ok: boolean;
  readonly assessments: number;
  readonly verdicts: number;
  /** Failing, unknown and closed records that were compared, and those of populations that pass. */
  readonly records: number;
  /** The first thousand of each; the counts are of all. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  readonly skipped: readonly Skipped[];
  readonly skippedCount: number;
  readonly notes: readonly string[];
}
