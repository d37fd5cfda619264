import type { CheckpointInfo } from '../contract.ts';
import { EvidenceError } from '../error.ts';

/**
 * - `missing`: something that the log refers to isn't there
 * - `altered`: bytes that differ from what is signed or follows from it
 * - `malformed`: bytes that no writer of this format makes
 * - `signature`: a signature that doesn't verify
 * - `foreign-key`: a key that isn't in force, or isn't among those that were given as trusted
 * - `rolled-back`: less than was published or acknowledged
 * - `forked`: another history than the one of a checkpoint known before
 * - `sequence`: statements that contradict each other or their place in the log
 * - `unknown-file`: an object that the log doesn't account for
 * - `unsupported`: a format that this version doesn't know
 * - `io`: an object can't be read
 */
export type ProblemCode =
  | 'missing'
  | 'altered'
  | 'malformed'
  | 'signature'
  | 'foreign-key'
  | 'rolled-back'
  | 'forked'
  | 'sequence'
  | 'unknown-file'
  | 'unsupported'
  | 'io';

export interface Problem {
  readonly code: ProblemCode;
  /** The key of the object in the store, or `entry <index>`. */
  readonly where: string;
  readonly message: string;
}

/** A key that the verdict rests on. */
export interface TrustedKey {
  /** SHA-256 of the SPKI, hex. */
  readonly fingerprint: string;
  readonly use: 'envelope' | 'checkpoint';
  /** `store`: known only from the store itself, so that who wrote the store could have chosen it. */
  readonly from: 'given' | 'store';
}

export interface VerifyReport {
  /** True when there is no problem at all. */
  readonly ok: boolean;
  /** The first thousand. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  /** What is worth knowing and no problem: remains of an interrupted commit, limits of what was shown. */
  readonly notes: readonly string[];
  /** Entries and bodies examined. */
  readonly entries: number;
  readonly bodies: number;
  /** The checkpoint that was verified; null when there is none that can be trusted. */
  readonly checkpoint: CheckpointInfo | null;
  readonly trust: readonly TrustedKey[];
}

/** Collects what is found, at bounded memory. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  readonly notes: readonly string[];
  problem(code: ProblemCode, where: string, message: string): void;
  /** An error thrown while examining `where`. */
  caught(where: string, error: unknown): void;
  note(text: string): void;
}

const KEPT = 1000;

export function createFindings(): Findings {
  const problems: Problem[] = [];
  const notes = new Set<string>();
  let problemCount = 0;
  function problem(code: ProblemCode, where: string, message: string): void {
    problemCount += 1;
    if (problems.length < KEPT) problems.push({ code, where, message });
  }
  return {
    problems,
    get problemCount() {
      return problemCount;
    },
    get notes() {
      return [...notes];
    },
    problem,
    caught(where, error) {
      problem(codeOf(error), where, error instanceof Error ? error.message : String(error));
    },
    note(text) {
      if (notes.size < KEPT) notes.add(text);
    },
  };
}

function codeOf(error: unknown): ProblemCode {
  if (!(error instanceof EvidenceError)) return 'io';
  if (error.code === 'foreign-key' || error.code === 'rolled-back' || error.code === 'io') return error.code;
  return 'malformed';
}
