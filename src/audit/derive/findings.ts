import type { Evidence, Question } from '../contract.ts';
import type { Cell } from './csv.ts';
import type { Facts } from './facts.ts';
import type { Replay } from './replay.ts';
import type { Spill } from './spill.ts';

/** All that the derived files tell. Long lists are in the spill, by the names of their files. */
export interface Findings {
  readonly evidence: Evidence;
  readonly question: Question;
  readonly spill: Spill;
  readonly replay: Replay;
  readonly facts: Facts;
  /** Names of the checks that answer an aspect of the chosen controls. */
  readonly chosen: ReadonlySet<string>;
  /** Why a chosen check does not compile, by its name. */
  readonly broken: ReadonlyMap<string, string>;
  readonly coverage: readonly (readonly Cell[])[];
  readonly exceptions: readonly (readonly Cell[])[];
  readonly attestations: readonly (readonly Cell[])[];
}
