import { sourceKey, type SourceRef } from '../inventory/kind.ts';
import type { QueryResult, QueryRow, SourceCount } from '../inventory/query-contract.ts';
import { absenceOf, absenceText, type Absence } from './absence.ts';
import type { Check } from './check.ts';
import type { Counts, Outcome, RecordVerdict, ScopeVerdict, SourceState, Verdict } from './contract.ts';
import { compareUtf8 } from '../inventory/utf8.ts';
import { sentence } from './words.ts';

export interface EvaluationInput {
  readonly check: Check;
  /** `CompiledQuery.kinds`: every kind that the check reads. */
  readonly kinds: readonly string[];
  /** What the query gave, or why it gave nothing. */
  readonly result: QueryResult | { readonly error: string };
  /** Every configured (dataset, scope), whether the check reads it or not. */
  readonly sources: readonly SourceState[];
  /** The check's deviations that stand open; the query was asked for their standing. */
  readonly open: readonly { readonly record: string; readonly source: string }[];
  /** What the Scope manifest declares absent; nothing unless given. */
  readonly absent?: readonly Absence[];
  /** The query gave the rows that pass too, and the verdict names them. */
  readonly population?: boolean;
}

/** One scope under judgement: its evidence, what the query found there, and what keeps it from a full judgement. */
interface Examined {
  readonly state: SourceState;
  readonly key: string;
  readonly count: SourceCount | undefined;
  readonly failing: number;
  readonly undecided: number;
  /** Why the rows that did not fail are unknown; undefined when the evidence is fresh. */
  readonly gap: string | undefined;
}

const rank: Readonly<Record<Outcome, number>> = { not_applicable: 0, pass: 1, unknown: 2, fail: 3 };

const nothing: Counts = { table: 0, population: 0, filtered: 0, failing: 0, unknown: 0 };

/** The worst of outcomes: fail, unknown, pass, and `not_applicable` only when all are. Of none, `unknown`. */
export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  return outcomes.length === 0
    ? 'unknown'
    : outcomes.reduce((worst, next) => (rank[next] > rank[worst] ? next : worst));
}

/** Judges a check. Pure: the same input gives the same verdict, and time enters only by `sources` and by the query. */
export function evaluate(input: EvaluationInput): Verdict {
  const verdict = evaluated(input);
  return input.population === true ? verdict : { ...verdict, population: undefined };
}

function evaluated(input: EvaluationInput): Verdict {
  const { check, result } = input;
  const own = input.sources.filter((source) => source.kinds.includes(check.spec.kind));
  if (own.length === 0) {
    const absence = absenceOf(input.absent ?? [], check.spec.kind);
    if (absence !== undefined) return inapplicable(input, absence);
    return undecidable(
      check,
      [],
      `nothing is configured that collects records of the kind ${check.spec.kind}`,
    );
  }
  if ('error' in result) {
    return undecidable(check, own, `the query did not finish: ${result.error}`);
  }
  const blocked = elsewhere(input, own);
  const keys = keysOf(result);
  const examined = examine(withStrangers(own, keys), result, keys, blocked);
  const gaps = new Map(examined.map(({ key, gap }) => [key, gap]));
  const open = new Set(input.open.map(({ record }) => record));
  const rows = result.rows
    .filter((row) => row.outcome !== 'pass' || !open.has(row.id))
    .map((row) => {
      const key = keys.get(row.source) ?? sourceKey(row.source);
      return recordVerdict(row, key, row.outcome === 'pass' ? gaps.get(key) : blocked);
    });
  const verdict = judge(check, examined, [...rows, ...standings(input, result, examined, blocked)]);
  const absence = absentBesides(input);
  return absence === undefined ? verdict : withoutPass(verdict, absence);
}

/** What declares a kind absent that the check reads besides its own and nothing feeds: a table without rows. */
function absentBesides({ check, kinds, sources, absent = [] }: EvaluationInput): Absence | undefined {
  const unfed = kinds.filter(
    (kind) => kind !== check.spec.kind && !sources.some((source) => source.kinds.includes(kind)),
  );
  return unfed.map((kind) => absenceOf(absent, kind)).find((absence) => absence !== undefined);
}

/** Whatever doesn't fail on a declaration alone was not seen to pass: it does not apply. */
function withoutPass(verdict: Verdict, absence: Absence): Verdict {
  const why = sentence(absenceText(absence));
  const unseen = <T extends ScopeVerdict | Verdict>(judged: T): T =>
    judged.outcome === 'pass' ? { ...judged, outcome: 'not_applicable', why } : judged;
  return {
    ...unseen(verdict),
    scopes: verdict.scopes.map(unseen),
    records: verdict.records
      .filter(({ outcome }) => outcome !== 'pass')
      .map((record) =>
        record.outcome === 'passed' ? { ...record, outcome: 'out_of_population', reason: why } : record,
      ),
    population: 'partial',
  };
}

/** The key of each source that the query tells of, by its reference: rows share theirs, and there may be many. */
function keysOf({ counts, rows }: QueryResult): ReadonlyMap<SourceRef, string> {
  const keys = new Map<SourceRef, string>();
  for (const told of [counts, rows])
    for (const { source } of told) if (!keys.has(source)) keys.set(source, sourceKey(source));
  return keys;
}

/** A verdict that judges nothing: every scope unknown for the one reason. */
function undecidable(check: Check, own: readonly SourceState[], why: string): Verdict {
  return {
    check: check.metadata.name,
    outcome: 'unknown',
    why: sentence(why),
    counts: nothing,
    scopes: own.map((state) => ({
      ...reference(state),
      outcome: 'unknown',
      why: sentence(why),
      counts: nothing,
    })),
    records: [],
    population: 'partial',
  };
}

/** A verdict on a kind that the organisation says it doesn't have. What stood open is not seen to pass: it leaves the population. */
function inapplicable({ check, open }: EvaluationInput, absence: Absence): Verdict {
  const why = sentence(absenceText(absence));
  const records = open.map(({ record, source }): RecordVerdict => ({
    id: record,
    source,
    outcome: 'out_of_population',
    reason: why,
  }));
  return {
    check: check.metadata.name,
    outcome: 'not_applicable',
    why,
    counts: nothing,
    scopes: [],
    records: records.toSorted((a, b) => compareUtf8(a.id, b.id)),
    population: 'partial',
  };
}

/**
 * What keeps every record of the check from being judged: a kind read besides the check's own that nothing collects, or whose data are
 * not fresh; or, when the check looks at other rows of its own kind, one of that kind's scopes.
 */
function elsewhere(input: EvaluationInput, own: readonly SourceState[]): string | undefined {
  const { kind } = input.check.spec;
  for (const other of input.kinds.filter((name) => name !== kind)) {
    const feeding = input.sources.filter((source) => source.kinds.includes(other));
    if (feeding.length === 0) {
      // A table that is empty because the organisation has no such thing, as its Scope declares.
      if (absenceOf(input.absent ?? [], other) !== undefined) continue;
      return `it also reads ${other}, and nothing is configured that collects it`;
    }
    const gap = feeding.find((source) => source.state !== 'fresh');
    if (gap !== undefined) {
      return `it also reads ${other}, and ${gapOf(gap)}`;
    }
  }
  const gap = readsItself(input.check) ? own.find((source) => source.state !== 'fresh') : undefined;
  return gap && `it compares records of ${kind} with each other, and ${gapOf(gap)}`;
}

/** Whether the check names its own table: then a record's verdict may rest on records of other scopes. Errs towards yes. */
function readsItself({ spec }: Check): boolean {
  const table = new RegExp(`(^|[^\\w.:])(main\\s*\\.\\s*)?["'\`[]?${spec.kind}\\b`, 'i');
  return [spec.where ?? '', spec.fails].some((sql) => table.test(sql));
}

function gapOf(state: SourceState): string {
  const detail = state.detail === '' ? '' : ` (${state.detail})`;
  return `the evidence of ${sourceKey(state)} is ${state.state}${detail}`;
}

/** Rows of a source that is not configured are never evidence: they get a scope of their own that can't pass. */
function withStrangers(
  own: readonly SourceState[],
  keys: ReadonlyMap<SourceRef, string>,
): readonly SourceState[] {
  const known = new Set(own.map(sourceKey));
  const strangers = new Map<string, SourceState>();
  for (const [source, key] of keys) {
    if (!known.has(key)) {
      strangers.set(key, {
        ...reference(source),
        kinds: [],
        state: 'missing',
        asOf: null,
        body: null,
        index: null,
        detail: 'the source is not configured',
      });
    }
  }
  return [...own, ...strangers.values()];
}

function examine(
  scopes: readonly SourceState[],
  result: QueryResult,
  keys: ReadonlyMap<SourceRef, string>,
  blocked: string | undefined,
): readonly Examined[] {
  const counts = new Map(result.counts.map((count) => [sourceKey(count.source), count]));
  const found = new Map<string, { fail: number; unknown: number; pass: number }>();
  for (const { source, outcome } of result.rows) {
    const key = keys.get(source) ?? sourceKey(source);
    const tally = found.get(key) ?? { fail: 0, unknown: 0, pass: 0 };
    tally[outcome] += 1;
    found.set(key, tally);
  }
  return scopes.map((state) => {
    const key = sourceKey(state);
    const { fail, unknown } = found.get(key) ?? { fail: 0, unknown: 0 };
    return {
      state,
      key,
      count: counts.get(key),
      failing: blocked === undefined ? fail : 0,
      undecided: unknown,
      gap: blocked ?? (state.state === 'fresh' ? undefined : gapOf(state)),
    };
  });
}

/** `gap`: why the row can't be judged; undefined when it can. */
function recordVerdict(row: QueryRow, source: string, gap: string | undefined): RecordVerdict {
  return gap === undefined
    ? { id: row.id, source, outcome: row.outcome, reason: row.reason }
    : { id: row.id, source, outcome: 'unknown', reason: sentence(gap) };
}

/** What becomes of open deviations that no longer fail. Nothing is closed on evidence that is not fresh. */
function standings(
  input: EvaluationInput,
  result: QueryResult,
  examined: readonly Examined[],
  blocked: string | undefined,
): readonly RecordVerdict[] {
  if (input.open.length === 0) return [];
  const scopes = new Map(examined.map((scope) => [scope.key, scope]));
  const listed = new Set(result.rows.filter(({ outcome }) => outcome !== 'pass').map(({ id }) => id));
  return input.open
    .filter(({ record }) => !listed.has(record))
    .map(({ record, source }) => {
      const scope = scopes.get(source);
      const gap = blocked ?? (scope === undefined ? removalGap(examined) : scope.gap);
      if (gap !== undefined) {
        const reason = `failed when it was last examined; now ${gap}`;
        return { id: record, source, outcome: 'unknown', reason: sentence(reason) };
      }
      return { id: record, source, ...closing(result.standing.get(record), scope === undefined) };
    });
}

/** A record of a source that left the configuration is let go only when all that is left is fresh. */
function removalGap(examined: readonly Examined[]): string | undefined {
  return examined.find((scope) => scope.gap !== undefined)?.gap;
}

function closing(
  standing: string | undefined,
  sourceLeft: boolean,
): Pick<RecordVerdict, 'outcome' | 'reason'> {
  switch (standing) {
    case 'passed':
      return { outcome: 'passed', reason: 'It was examined again and passed.' };
    case 'out_of_population':
      return { outcome: 'out_of_population', reason: 'The check no longer applies to it.' };
    case 'gone':
      return sourceLeft
        ? { outcome: 'out_of_population', reason: 'Its source is no longer configured.' }
        : { outcome: 'gone', reason: 'It is absent from a complete, fresh snapshot.' };
    default:
      return {
        outcome: 'unknown',
        reason: 'It failed when it was last examined; where it stands now was not found out.',
      };
  }
}

function judge(check: Check, examined: readonly Examined[], records: readonly RecordVerdict[]): Verdict {
  const empty = examined.every((scope) => scope.gap === undefined && size(scope) === 0);
  const scopes = examined.map((scope): ScopeVerdict => ({
    ...reference(scope.state),
    ...scopeOutcome(check, scope, empty),
    counts: countsOf(scope),
  }));
  const counts = scopes.map((scope) => scope.counts).reduce(sum);
  const outcome = worstOutcome(scopes.map((scope) => scope.outcome));
  return {
    check: check.metadata.name,
    outcome,
    why: whyOf(outcome, counts, scopes, empty),
    counts,
    scopes,
    records: records.toSorted((a, b) => compareUtf8(a.id, b.id)),
    population: examined.every((scope) => scope.gap === undefined) ? 'whole' : 'partial',
  };
}

/** Rows that were judged, or that could not be decided to be in the population. */
function size({ count }: Examined): number {
  return count === undefined ? 0 : count.population + count.undecided;
}

function countsOf(scope: Examined): Counts {
  const { count, failing, undecided, gap } = scope;
  return {
    table: count?.table ?? 0,
    population: count?.population ?? 0,
    filtered: count === undefined ? 0 : count.table - count.population - count.undecided,
    failing,
    unknown: gap === undefined ? undecided : size(scope) - failing,
  };
}

function scopeOutcome(check: Check, scope: Examined, empty: boolean): Pick<ScopeVerdict, 'outcome' | 'why'> {
  const { population, failing, unknown } = countsOf(scope);
  const rest = scope.gap ?? (unknown > 0 ? `${unknown} of ${size(scope)} could not be decided` : undefined);
  if (failing > 0) {
    const tail = rest === undefined ? '' : `; ${rest}`;
    return { outcome: 'fail', why: sentence(`${failing} of ${population} fail${tail}`) };
  }
  if (rest !== undefined) {
    return { outcome: 'unknown', why: sentence(rest) };
  }
  if (empty) {
    return { outcome: check.spec.empty, why: 'There is nothing to examine.' };
  }
  return population === 0
    ? { outcome: 'not_applicable', why: 'There is nothing to examine here, though there is in other scopes.' }
    : { outcome: 'pass', why: sentence(`all ${population} examined pass`) };
}

function whyOf(outcome: Outcome, counts: Counts, scopes: readonly ScopeVerdict[], empty: boolean): string {
  const decisive = scopes.filter((scope) => scope.outcome === outcome);
  const [first] = decisive;
  if (empty || outcome === 'unknown') {
    const others = decisive.length > 1 && !empty ? ` (and ${decisive.length - 1} more scopes)` : '';
    return `${first?.why.replace(/\.$/, '') ?? 'Nothing was examined'}${others}.`;
  }
  const where = `in ${scopes.length} ${scopes.length === 1 ? 'scope' : 'scopes'}`;
  if (outcome === 'fail') {
    const unknown = counts.unknown > 0 ? `, ${counts.unknown} are unknown` : '';
    return `${counts.failing} of ${counts.population} fail${unknown}, ${where}.`;
  }
  return `All ${counts.population} examined pass, ${where}.`;
}

function sum(a: Counts, b: Counts): Counts {
  return {
    table: a.table + b.table,
    population: a.population + b.population,
    filtered: a.filtered + b.filtered,
    failing: a.failing + b.failing,
    unknown: a.unknown + b.unknown,
  };
}

function reference({ collector, dataset, scope }: { collector: string; dataset: string; scope: string }) {
  return { collector, dataset, scope };
}
