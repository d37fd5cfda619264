import { createHash } from 'node:crypto';
import type { Check } from './check.ts';
import type { RecordVerdict, Verdict } from './contract.ts';
import { compareUtf8 } from '../inventory/utf8.ts';

/** A record that fails a check, from first seen failing on. Times are Unix seconds. */
export interface OpenDeviation {
  readonly check: string;
  /** The kind of the record. */
  readonly kind: string;
  /** The record's id. */
  readonly record: string;
  /** The source's key (`sourceKey`). */
  readonly source: string;
  /** As first seen. */
  readonly reason: string;
  readonly firstSeenAt: number;
  /** First seen plus the check's `within` of that time: a later change of the check does not move it. */
  readonly dueAt: number;
}

export type ClosedBy = 'passed' | 'gone' | 'out_of_population' | 'check_removed';

export interface ClosedDeviation {
  readonly deviation: OpenDeviation;
  readonly closedAt: number;
  readonly closedBy: ClosedBy;
  readonly reason: string;
}

export interface Transition {
  /** By check, then by record, as `closed`. */
  readonly opened: readonly OpenDeviation[];
  readonly closed: readonly ClosedDeviation[];
}

export interface TransitionInput {
  readonly open: readonly OpenDeviation[];
  /** Of the checks that were evaluated; deviations of the others stay as they are. */
  readonly verdicts: readonly Verdict[];
  /** Every check in force. A deviation of a check that left, or that now judges another kind, is closed. */
  readonly checks: readonly Check[];
  /** The moment of the assessment, Unix seconds. */
  readonly now: number;
}

/** First 32 hex digits of SHA-256 of `check NUL record NUL index of the assessment that opened it`. */
export function deviationId(check: string, record: string, assessment: number): string {
  return createHash('sha256').update(`${check}\0${record}\0${assessment}`).digest('hex').slice(0, 32);
}

/** Whether its deadline has passed. */
export function isOverdue(deviation: { readonly dueAt: number }, now: number): boolean {
  return now > deviation.dueAt;
}

/** What an assessment opens and closes. Pure: the same input gives the same lists, in the same order. */
export function transition({ open, verdicts, checks, now }: TransitionInput): Transition {
  const inForce = new Map(checks.map((check) => [check.metadata.name, check]));
  const [kept, removed] = split(
    open,
    (deviation) => inForce.get(deviation.check)?.spec.kind === deviation.kind,
  );
  const standing = new Map(kept.map((deviation) => [key(deviation.check, deviation.record), deviation]));
  const opened: OpenDeviation[] = [];
  const closed = removed.map((deviation) =>
    closing(deviation, now, 'check_removed', 'The check is no longer in force.'),
  );
  for (const verdict of verdicts) {
    const check = inForce.get(verdict.check);
    for (const record of check === undefined ? [] : verdict.records) {
      const deviation = standing.get(key(verdict.check, record.id));
      if (record.outcome === 'fail' && deviation === undefined && check !== undefined) {
        opened.push(opening(check, record, now));
      } else if (deviation !== undefined && isClosing(record.outcome)) {
        closed.push(closing(deviation, now, record.outcome, record.reason));
      }
    }
  }
  return {
    opened: opened.toSorted(byCheckAndRecord),
    closed: closed.toSorted((a, b) => byCheckAndRecord(a.deviation, b.deviation)),
  };
}

/** Whether a record's outcome closes a deviation that stood open of it. */
export function isClosing(outcome: RecordVerdict['outcome']): outcome is Exclude<ClosedBy, 'check_removed'> {
  return outcome === 'passed' || outcome === 'gone' || outcome === 'out_of_population';
}

function opening(check: Check, record: RecordVerdict, now: number): OpenDeviation {
  return {
    check: check.metadata.name,
    kind: check.spec.kind,
    record: record.id,
    source: record.source,
    reason: record.reason,
    firstSeenAt: now,
    dueAt: now + check.spec.within,
  };
}

function closing(
  deviation: OpenDeviation,
  closedAt: number,
  closedBy: ClosedBy,
  reason: string,
): ClosedDeviation {
  return { deviation, closedAt, closedBy, reason };
}

function key(check: string, record: string): string {
  return `${check}\0${record}`;
}

function byCheckAndRecord(a: OpenDeviation, b: OpenDeviation): number {
  return compareUtf8(a.check, b.check) || compareUtf8(a.record, b.record);
}

function split<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  const { yes = [], no = [] } = Object.groupBy(items, (item) => (test(item) ? 'yes' : 'no'));
  return [yes, no];
}
