import type { Check } from '../../controls/check.ts';
import type { RecordVerdict, Verdict } from '../../controls/contract.ts';
import { isClosing, isOverdue, type OpenDeviation, transition } from '../../controls/deviations.ts';
import { acceptedBy, type SealedException } from '../../controls/exception.ts';
import { instantText } from '../../controls/words.ts';
import type { Cell } from './csv.ts';
import type { Spill } from './spill.ts';

/** Columns of deviations.csv, in their order. */
export const DEVIATION_COLUMNS = [
  'check',
  'record',
  'kind',
  'source',
  'severity',
  'reason',
  'first_seen',
  'first_seen_exact',
  'due',
  'state',
  'closed',
  'closed_by',
  'closing_reason',
  'overdue',
  'exception',
] as const;

interface Standing extends OpenDeviation {
  readonly severity: string;
  /** False: it stood open when the range began, so that it was first seen then at the latest. */
  readonly exact: boolean;
}

/** A verdict with its records, as far as those were not erased. */
export interface ReadVerdict extends Verdict {
  /** A key for each record that may fail and was erased. */
  readonly hidden: readonly string[];
}

interface Closing {
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

const STOOD_OPEN = /^(it )?failed when it was last examined/i;

/** Deviations as the agent keeps them, replayed from verdicts. Those that close go to the spill, in the order of closing. */
export class Ledger {
  readonly #open = new Map<string, Map<string, Standing>>();
  /** `check NUL record` of what could not be examined before the range: whether it stood open isn't known. */
  readonly #undecided = new Set<string>();
  readonly #spill: Spill;
  readonly #from: number;
  /** Grows with each change. */
  version = 0;

  /** Deviations that closed before `from` (Unix seconds) are not told of. */
  constructor(spill: Spill, from: number) {
    this.#spill = spill;
    this.#from = from;
  }

  open(): Standing[] {
    return [...this.#open.values()].flatMap((records) => [...records.values()]);
  }

  openOf(check: string): readonly Standing[] {
    return [...(this.#open.get(check)?.values() ?? [])];
  }

  /** Closes deviations of checks that left, or that now judge another kind. */
  configured(checks: ReadonlyMap<string, Check>, exceptions: readonly SealedException[], now: number): void {
    const { closed } = transition({ open: this.open(), verdicts: [], checks: [...checks.values()], now });
    for (const { deviation, closedAt, closedBy, reason } of closed)
      this.#close(deviation, { at: closedAt, by: closedBy, reason }, exceptions);
  }

  /** Takes a verdict; `before`: of an assessment before the range. */
  judged(
    verdict: ReadVerdict,
    check: Check,
    exceptions: readonly SealedException[],
    now: number,
    before: boolean,
  ): void {
    const name = verdict.check;
    const records = before ? verdict.records.map((record) => this.#early(name, record)) : verdict.records;
    for (const record of records) this.#late(check, record, exceptions, now);
    const { opened, closed } = transition({
      open: this.openOf(name).filter(({ record }) => !isHidden(record)),
      verdicts: [{ ...verdict, records }],
      checks: [check],
      now,
    });
    for (const { deviation, closedAt, closedBy, reason } of closed)
      this.#close(deviation, { at: closedAt, by: closedBy, reason }, exceptions);
    for (const deviation of opened)
      this.#add(deviation, check, !before && !this.#undecided.has(`${name}\0${deviation.record}`));
    this.#hide(verdict, check, exceptions, now, before);
  }

  /** A failure that could not be examined again stood open all the same. */
  #early(check: string, record: RecordVerdict): RecordVerdict {
    if (record.outcome !== 'unknown') return record;
    if (STOOD_OPEN.test(record.reason)) return { ...record, outcome: 'fail' };
    this.#undecided.add(`${check}\0${record.id}`);
    return record;
  }

  /** What closes without having opened stood open before the range. */
  #late(check: Check, record: RecordVerdict, exceptions: readonly SealedException[], now: number): void {
    if (!isClosing(record.outcome)) return;
    const name = check.metadata.name;
    if (this.#open.get(name)?.has(record.id) === true) return;
    const { kind, within, severity } = check.spec;
    const { id, source } = record;
    const deviation = {
      check: name,
      kind,
      record: id,
      source,
      reason: '',
      firstSeenAt: now,
      dueAt: now + within,
    };
    this.#write(
      { ...deviation, severity, exact: false },
      { at: now, by: record.outcome, reason: record.reason },
      acceptance(exceptions, deviation, now),
    );
  }

  /** Failures whose records were erased stand as deviations without a name. */
  #hide(
    { check: name, hidden }: ReadVerdict,
    check: Check,
    exceptions: readonly SealedException[],
    now: number,
    before: boolean,
  ): void {
    const keys = new Set(hidden.map((key) => `${HIDDEN}${key}`));
    const reason = 'The record was erased on request.';
    for (const deviation of this.openOf(name))
      if (isHidden(deviation.record) && !keys.has(deviation.record))
        this.#close(deviation, { at: now, by: 'erased', reason }, exceptions);
    for (const record of keys) {
      if (this.#open.get(name)?.has(record) === true) continue;
      const { kind, within } = check.spec;
      const times = { firstSeenAt: now, dueAt: now + within };
      this.#add({ check: name, kind, record, source: '', reason, ...times }, check, !before);
    }
  }

  #add(deviation: OpenDeviation, check: Check, exact: boolean): void {
    const records = this.#open.get(deviation.check) ?? new Map<string, Standing>();
    records.set(deviation.record, { ...deviation, severity: check.spec.severity, exact });
    this.#open.set(deviation.check, records);
    this.version += 1;
  }

  #close(deviation: OpenDeviation, closing: Closing, exceptions: readonly SealedException[]): void {
    const standing = this.#open.get(deviation.check)?.get(deviation.record);
    if (standing === undefined) return;
    this.#open.get(deviation.check)?.delete(deviation.record);
    this.version += 1;
    this.#write(standing, closing, acceptance(exceptions, deviation, closing.at));
  }

  /** Tells of those that are open at the moment. */
  finish(exceptions: readonly SealedException[], now: number): void {
    for (const deviation of this.open())
      this.#write(deviation, undefined, acceptance(exceptions, deviation, now), now);
  }

  #write(deviation: Standing, closing: Closing | undefined, exception: string, now = 0): void {
    if (closing !== undefined && closing.at < this.#from) return;
    const { check, record, kind, source, severity, reason, firstSeenAt, dueAt, exact } = deviation;
    const late = isOverdue(deviation, closing?.at ?? now);
    const row: Cell[] = [
      check,
      record,
      kind,
      source,
      severity,
      reason,
      instantText(firstSeenAt),
      exact ? 'yes' : 'no',
      instantText(dueAt),
      closing === undefined ? 'open' : 'closed',
      closing && instantText(closing.at),
      closing?.by,
      closing?.reason,
      late ? 'yes' : 'no',
      exception,
    ];
    this.#spill.add('deviations', [firstSeenAt, check, record], row);
  }
}

const HIDDEN = 'erased:';

function isHidden(record: string): boolean {
  return record.startsWith(HIDDEN);
}

function acceptance(
  exceptions: readonly SealedException[],
  deviation: { readonly check: string; readonly record: string },
  now: number,
): string {
  return acceptedBy(exceptions, deviation, now)?.metadata.name ?? '';
}
