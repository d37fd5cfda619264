import { z } from 'zod';
import { isRepeated } from '../keyring.ts';
import { EMPTY_ROOT } from '../merkle.ts';
import type { Statement } from '../statement.ts';
import type { Claim } from './ledger.ts';
import type { ProblemCode } from './report.ts';

export type Report = (code: ProblemCode, message: string) => void;

/** Tells what contradicts the statements before it, or its place in the log. */
export interface StatementRules {
  /** Takes the entries of a range in their order. */
  check(index: number, statement: Statement, problem: Report): void;
  /** Judges an entry outside the range, of which nothing before it is known but `configs`. */
  checkAlone(index: number, statement: Statement, problem: Report): void;
}

/** Where a range of entries begins that isn't a whole log. */
export interface RangeStart {
  /** Index of its first entry: unless it is 0, each stream is contiguous from the first entry of it that is seen. */
  readonly first: number;
  /** Digests of the configurations that were sealed before it. */
  readonly configs: Iterable<string>;
}

/** Seconds that a clock may be set back between the end of a run and its sealing. */
const CLOCK_TOLERANCE = 300;

const claim = z.strictObject({ count: z.int().nonnegative(), root: z.string() });

/**
 * `rootAt` is the root (hex) of the published checkpoint of a size; undefined when there is none. An envelope key's rotation is two
 * entries of one statement (ADR 0016): the second is counted nowhere. That the right keys signed them is the keyring's to say.
 */
export function createStatementRules(
  origin: string,
  rootAt: (size: number) => string | undefined,
  start: RangeStart = { first: 0, configs: [] },
): StatementRules {
  // Streams are as many as datasets and scopes, and configurations few: neither grows with every entry.
  const nextSeq = new Map<string, number>();
  const configs = new Set(start.configs);
  let sealedAt = -Infinity;
  let sample: boolean | undefined;
  let before: Statement | undefined;

  /** The second of the two entries of an envelope key's rotation. */
  function isSecond(statement: Statement): boolean {
    const repeated = isRepeated(before, statement);
    before = repeated ? undefined : statement;
    return repeated;
  }

  function sequenceErrors(statement: Statement): string[] {
    const expected = nextSeq.get(statement.stream) ?? (start.first === 0 ? 0 : statement.seq);
    nextSeq.set(statement.stream, statement.seq + 1);
    const errors: string[] = [];
    if (statement.seq !== expected) {
      errors.push(`number ${statement.seq} of ${statement.stream}, after ${expected - 1}`);
    }
    if (statement.sealedAt < sealedAt) {
      errors.push(`sealed at ${statement.sealedAt}, before the entry before it (${sealedAt})`);
    }
    sealedAt = Math.max(sealedAt, statement.sealedAt);
    return errors;
  }

  function ownErrors(index: number, statement: Statement): string[] {
    const errors: string[] = [];
    if ((statement.predicate === 'genesis') !== (index === 0)) {
      errors.push('the genesis is the first entry, and only the first');
    }
    const { startedAt, finishedAt } = statement;
    if (startedAt > finishedAt || finishedAt > statement.sealedAt + CLOCK_TOLERANCE) {
      errors.push(`started at ${startedAt}, finished at ${finishedAt}, sealed at ${statement.sealedAt}`);
    }
    if (statement.log !== origin) errors.push(`belongs to the log ${statement.log}, not to ${origin}`);
    sample ??= statement.sample;
    if (statement.sample !== sample) errors.push('marked as a sample unlike the entries before it');
    return [...errors, ...anchorErrors(index, statement)];
  }

  function anchorErrors(index: number, { anchor: { size, root, tokens } }: Statement): string[] {
    const errors: string[] = [];
    const expected = size === 0 ? Buffer.from(EMPTY_ROOT).toString('hex') : rootAt(size);
    if (size > index || root !== expected) {
      errors.push(`anchored to a checkpoint of size ${size} that the log didn't have before it`);
    }
    if (tokens.some((token, i) => i > 0 && token <= (tokens[i - 1] ?? ''))) {
      errors.push('the timestamps of its anchor are not sorted, or one is there twice');
    }
    return errors;
  }

  function configErrors(statement: Statement): string[] {
    const after = statement.predicate === 'config' ? statement.fields['after'] : undefined;
    if (typeof after === 'string') configs.add(after);
    if (statement.config === null || configs.has(statement.config)) return [];
    return [`made under the configuration ${statement.config}, which was not sealed before`];
  }

  return {
    check(index, statement, problem) {
      if (!isSecond(statement)) for (const error of sequenceErrors(statement)) problem('sequence', error);
      for (const error of ownErrors(index, statement)) problem('sequence', error);
      for (const error of configErrors(statement)) problem('sequence', error);
    },
    checkAlone(index, statement, problem) {
      for (const error of ownErrors(index, statement)) problem('sequence', error);
      for (const error of configErrors(statement)) problem('sequence', error);
    },
  };
}

/** What the statement says of its bodies: each field that is a count and a root. */
export function claimsOf(entry: number, statement: Statement): Claim[] {
  return Object.entries(statement.fields).flatMap(([field, value]) => {
    if (typeof value !== 'object' || value === null || !('root' in value)) return [];
    const parsed = claim.safeParse(value);
    return parsed.success ? [{ entry, field, ...parsed.data }] : [];
  });
}
