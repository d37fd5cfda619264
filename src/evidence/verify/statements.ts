import { z } from 'zod';
import { EMPTY_ROOT } from '../merkle.ts';
import type { Statement } from '../statement.ts';
import type { Claim } from './ledger.ts';
import type { ProblemCode } from './report.ts';

/** Tells what contradicts the statements before it, or its place in the log. */
export interface StatementRules {
  check(index: number, statement: Statement, problem: (code: ProblemCode, message: string) => void): void;
}

/** Seconds that a clock may be set back between the end of a run and its sealing. */
const CLOCK_TOLERANCE = 300;

const claim = z.strictObject({ count: z.int().nonnegative(), root: z.string() });

/** `rootAt` is the root (hex) of the published checkpoint of a size; undefined when there is none. */
export function createStatementRules(
  origin: string,
  rootAt: (size: number) => string | undefined,
): StatementRules {
  // Streams are as many as datasets and scopes, and configurations few: neither grows with every entry.
  const nextSeq = new Map<string, number>();
  const configs = new Set<string>();
  let sealedAt = -Infinity;
  let sample: boolean | undefined;

  function sequenceErrors(statement: Statement): string[] {
    const expected = nextSeq.get(statement.stream) ?? 0;
    nextSeq.set(statement.stream, statement.seq + 1);
    const errors: string[] = [];
    if (statement.seq !== expected) {
      errors.push(`number ${statement.seq} of ${statement.stream}, after ${expected - 1}`);
    }
    if (statement.sealedAt < sealedAt) {
      errors.push(`sealed at ${statement.sealedAt}, before the entry before it (${sealedAt})`);
    }
    const { startedAt, finishedAt } = statement;
    if (startedAt > finishedAt || finishedAt > statement.sealedAt + CLOCK_TOLERANCE) {
      errors.push(`started at ${startedAt}, finished at ${finishedAt}, sealed at ${statement.sealedAt}`);
    }
    sealedAt = Math.max(sealedAt, statement.sealedAt);
    return errors;
  }

  function contextErrors(index: number, statement: Statement): string[] {
    const errors: string[] = [];
    if (statement.log !== origin) errors.push(`belongs to the log ${statement.log}, not to ${origin}`);
    sample ??= statement.sample;
    if (statement.sample !== sample) errors.push('marked as a sample unlike the entries before it');
    const after = statement.predicate === 'config' ? statement.fields['after'] : undefined;
    if (typeof after === 'string') configs.add(after);
    if (statement.config !== null && !configs.has(statement.config)) {
      errors.push(`made under the configuration ${statement.config}, which was not sealed before`);
    }
    const { size, root, tokens } = statement.anchor;
    const expected = size === 0 ? Buffer.from(EMPTY_ROOT).toString('hex') : rootAt(size);
    if (size > index || root !== expected) {
      errors.push(`anchored to a checkpoint of size ${size} that the log didn't have before it`);
    }
    if (tokens.length > 0) errors.push('names timestamps, which this format has none of');
    return errors;
  }

  return {
    check(index, statement, problem) {
      if ((statement.predicate === 'genesis') !== (index === 0)) {
        problem('sequence', 'the genesis is the first entry, and only the first');
      }
      for (const error of sequenceErrors(statement)) problem('sequence', error);
      for (const error of contextErrors(index, statement)) problem('sequence', error);
    },
  };
}

/** What the statement says of its bodies: each field that is a count and a root. */
export function claimsOf(entry: number, statement: Statement): Claim[] {
  return Object.entries(statement.fields).flatMap(([field, value]) => {
    const parsed = claim.safeParse(value);
    return parsed.success ? [{ entry, field, ...parsed.data }] : [];
  });
}
