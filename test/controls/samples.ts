import { checkManifest, type Check } from '../../src/controls/check.ts';
import type { SourceState, Verdict } from '../../src/controls/contract.ts';
import type { OpenDeviation } from '../../src/controls/deviations.ts';
import { sourceKey } from '../../src/inventory/kind.ts';
import type { QueryResult } from '../../src/inventory/query-contract.ts';

/** A moment: 2026-01-01T00:00:00Z. */
export const now = 1_767_225_600;
export const hour = 3600;
export const day = 86_400;

/** A check of identities whose fields differ from the ordinary where the test says so. */
export function makeCheck(name = 'sample', spec: Readonly<Record<string, unknown>> = {}): Check {
  return checkManifest.parse({
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Check',
    metadata: { name },
    spec: {
      title: 'A sample',
      aspects: ['A.8.5/second-factor'],
      nature: 'state',
      severity: 'high',
      within: '24h',
      kind: 'identity',
      where: 'it.enabled',
      fails: 'NOT it.second_factor',
      reason: "'no second factor'",
      remediation: 'Add one.',
      rationale: 'It shows.',
      ...spec,
    },
  });
}

export function makeSource(scope: string, over: Partial<SourceState> = {}): SourceState {
  return {
    collector: 'aws',
    dataset: 'iam-identities',
    scope,
    kinds: ['identity'],
    state: 'fresh',
    asOf: now - hour,
    body: 'b'.repeat(64),
    index: 7,
    detail: '',
    ...over,
  };
}

/** A result of one scope: ids of failing and of unknown rows, and how many pass or are filtered out. */
export interface ScopeRows {
  readonly failing?: readonly string[];
  readonly unknown?: readonly string[];
  /** Of the unknown ones, how many because of `where`. */
  readonly undecided?: number;
  readonly passing?: number;
  /** Ids of further ones that pass, as the query tells of them when it is asked for the population. */
  readonly named?: readonly string[];
  readonly filtered?: number;
}

export function makeResult(
  scopes: Readonly<Record<string, ScopeRows>>,
  standing: readonly (readonly [
    string,
    'failing' | 'passed' | 'unknown' | 'gone' | 'out_of_population',
  ])[] = [],
): QueryResult {
  const entries = Object.entries(scopes).map(([scope, rows]) => ({ source: referTo(scope), rows }));
  return {
    counts: entries.map(({ source, rows }) => {
      const { failing = [], unknown = [], undecided = 0, passing = 0, named = [], filtered = 0 } = rows;
      const population = failing.length + unknown.length - undecided + passing + named.length;
      return { source, table: population + undecided + filtered, population, undecided };
    }),
    rows: entries.flatMap(({ source, rows }) => [
      ...(rows.named ?? []).map((id) => ({ id, source, outcome: 'pass' as const, reason: '' })),
      ...(rows.failing ?? []).map((id) => ({
        id,
        source,
        outcome: 'fail' as const,
        reason: 'no second factor',
      })),
      ...(rows.unknown ?? []).map((id) => ({ id, source, outcome: 'unknown' as const, reason: 'not known' })),
    ]),
    standing: new Map(standing),
  };
}

export function keyOf(scope: string): string {
  return sourceKey(referTo(scope));
}

function referTo(scope: string) {
  return { collector: 'aws', dataset: 'iam-identities', scope };
}

/** A verdict as far as deviations and statuses read it. */
export function makeVerdict(
  check: string,
  outcome: Verdict['outcome'],
  records: Verdict['records'] = [],
  unknown = outcome === 'unknown' ? 1 : 0,
): Verdict {
  const failing = records.filter((record) => record.outcome === 'fail').length;
  const counts = { table: 10, population: 10, filtered: 0, failing, unknown };
  return {
    check,
    outcome,
    why: `It is ${outcome}.`,
    counts,
    scopes: [{ ...referTo('1'), outcome, why: `It is ${outcome}.`, counts }],
    records,
  };
}

export function failing(id: string): Verdict['records'][number] {
  return { id, source: keyOf('1'), outcome: 'fail', reason: 'no second factor' };
}

export function makeDeviation(
  check: string,
  record: string,
  over: Partial<OpenDeviation> = {},
): OpenDeviation {
  return {
    check,
    kind: 'identity',
    record,
    source: keyOf('1'),
    reason: 'no second factor',
    firstSeenAt: now - hour,
    dueAt: now + 23 * hour,
    ...over,
  };
}
