/**
 * What can evidence an aspect: `live` from the systems, `recorded` from registers the ISMS keeps, `attested` by people.
 * `live` stands where the systems alone, or the systems matched against a register, can show it.
 */
export type Basis = 'live' | 'recorded' | 'attested';

export interface AspectData {
  /** `[a-z-]+`, unique in its control and never renamed: sealed verdicts name it. */
  readonly slug: string;
  readonly title: string;
  /** Never empty; in the order live, recorded, attested. */
  readonly basis: readonly Basis[];
  /** One line: what an assessor would look at. */
  readonly evidence: string;
}

export interface ControlData {
  /** `A.5.18`, or the number of a clause such as `9.2.1`. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly aspects: readonly AspectData[];
}
