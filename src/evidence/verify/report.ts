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
 * - `time`: a token that can't be trusted, or a time that the tokens contradict
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
  | 'time'
  | 'unsupported'
  | 'io';

export interface Problem {
  readonly code: ProblemCode;
  /** The key of the object in the store, or `entry <index>`. */
  readonly where: string;
  readonly message: string;
}

/** What a verdict is asked for: the same of a store and of a bundle. */
export interface VerifyOptions {
  /** Fingerprints (SHA-256 of the SPKI, hex) of envelope and checkpoint keys that came another way. Given, no other key is accepted. */
  readonly trusted?: readonly string[];
  /** PEM certificates of timestamp authorities that came another way. Given, no other authority is trusted. */
  readonly tsaCa?: string;
  /** Verifier keys (`<name>+<key id>+<base64>`) of witnesses whose cosignatures are verified. Throws `key` when one is none. */
  readonly witnesses?: readonly string[];
  /** A checkpoint of this log that was kept elsewhere, as published: the log must contain it. */
  readonly since?: Uint8Array;
  readonly progress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly stage: 'entries' | 'bodies' | 'derived';
  readonly done: number;
  readonly total: number;
}

/** A key or a certificate that the verdict rests on. */
export interface Trust {
  readonly use: 'envelope' | 'checkpoint' | 'authority' | 'witness';
  /** SHA-256, hex: of a key's SPKI; of a certificate (DER); of a witness's verifier key as text. */
  readonly fingerprint: string;
  /** The subject of a certificate, the name of a witness, and for a key the entries for which it was in force; empty when there is nothing to say. */
  readonly name: string;
  /** `store`: known only from what was verified itself, so that who wrote that could have chosen it. */
  readonly from: 'given' | 'store';
}

/** How far the entries examined are bounded by tokens. All times are Unix seconds. */
export interface TimeReport {
  /** Tokens that were verified. */
  readonly tokens: number;
  /** The token over the largest checkpoint. */
  readonly newest: { readonly size: number; readonly authority: string; readonly genTime: number } | null;
  /** Entries that a token covers: they were sealed before it. */
  readonly covered: number;
  /** Of these, the entries that were covered more than 24 h after the agent says that it sealed them. */
  readonly late: number;
  /** Entries for whose time there is only the agent's word: no token covers them, or none came before them. */
  readonly asserted: number;
}

/** When no entry was examined. */
export const noTime: TimeReport = { tokens: 0, newest: null, covered: 0, late: 0, asserted: 0 };

/** The newest checkpoint that a given witness has cosigned. */
export interface Witnessed {
  readonly witness: string;
  readonly size: number;
  /** Unix seconds, as the witness says. */
  readonly time: number;
}

export interface VerifyReport {
  readonly kind: 'store' | 'bundle';
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
  readonly trust: readonly Trust[];
  readonly time: TimeReport;
  /** By the witnesses given, in their order; without those that have cosigned nothing. */
  readonly witnessed: readonly Witnessed[];
  /** Up to which size another history is excluded, and by whom; null: not excluded. */
  readonly splitView: { readonly size: number; readonly by: string } | null;
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
      const { code, message } = problemOf(where, error);
      problem(code, where, message);
    },
    note(text) {
      if (notes.size < KEPT) notes.add(text);
    },
  };
}

/** The problem that an error thrown while examining `where` is. */
export function problemOf(where: string, error: unknown): Problem {
  return { code: codeOf(error), where, message: error instanceof Error ? error.message : String(error) };
}

function codeOf(error: unknown): ProblemCode {
  if (!(error instanceof EvidenceError)) return 'io';
  if (error.code === 'foreign-key' || error.code === 'rolled-back' || error.code === 'io') return error.code;
  return 'malformed';
}
