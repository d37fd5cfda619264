import type { Scope } from '../collectors/contract.ts';
import { plugins } from '../collectors/registry.ts';
import type { CollectorConfig, DatasetConfig, ScopeSpec } from '../config/contract.ts';
import type { SourceState } from '../controls/contract.ts';
import { SOA_KIND, SOA_SOURCE } from '../controls/soa-records.ts';
import type { FailureCause } from './retry-policy.ts';

/** A source's clock may run ahead of ours by this much, in seconds, before its as-of time counts as in the future. */
export const CLOCK_TOLERANCE = 300;

export interface LastSnapshot {
  readonly asOf: number | null;
  readonly body: string;
  readonly index: number;
}

/** What is known of the sources, beside the configuration. Keys are `sourceKey`. */
export interface SourceKnowledge {
  readonly scopes: (collector: string) => readonly Scope[];
  /** Whether there may be scopes that were not listed yet. */
  readonly doubted?: (collector: string) => boolean;
  readonly snapshot: (collector: string, dataset: string, scope: string) => LastSnapshot | undefined;
  /** Why the last collection failed; undefined when it did not. */
  readonly failure: (collector: string, dataset: string, scope: string) => FailureCause | undefined;
  /** Why the sealed snapshot is no evidence; undefined when it is, or there is none. */
  readonly refusal?: (collector: string, dataset: string, scope: string) => string | undefined;
}

/** Ids of the scopes in which a dataset is collected. */
export function collectedIn(scopes: readonly Scope[], dataset: string): readonly string[] {
  return scopes.filter(({ datasets }) => datasets?.includes(dataset) ?? true).map(({ id }) => id);
}

/** How the sealed Statement of Applicability stands: it holds until another is sealed. */
export function soaState(snapshot: LastSnapshot | undefined, now: number): SourceState {
  const source = { ...SOA_SOURCE, kinds: [SOA_KIND] };
  if (snapshot === undefined || snapshot.asOf === null)
    return { ...source, state: 'missing', asOf: null, body: null, index: null, detail: 'not sealed yet' };
  const { asOf, body, index } = snapshot;
  if (asOf <= now + CLOCK_TOLERANCE) return { ...source, state: 'fresh', asOf, body, index, detail: '' };
  const detail = `as of ${new Date(asOf * 1000).toISOString()}, which lies in the future`;
  return { ...source, state: 'stale', asOf, body, index, detail };
}

/** A scope covers itself, and what lies within it: an account covers its regions. */
function covers(declared: string, scope: string): boolean {
  return scope === declared || scope.startsWith(`${declared}:`);
}

/**
 * How the evidence of every configured (dataset, scope) stands at the moment. What a collector could not list, what is declared in scope but not
 * there, and what is there but outside the declared scope are missing: nothing that rests on them can pass.
 */
export function sourceStates(
  collectors: readonly CollectorConfig[],
  declared: ScopeSpec | undefined,
  knowledge: SourceKnowledge,
  now: number,
): readonly SourceState[] {
  return collectors.flatMap((collector) => {
    const known = knowledge.scopes(collector.name);
    const inScope = declared?.sources
      .filter((source) => source.collector === collector.name)
      .flatMap((source) => source.scopes);
    const absent = inScope?.filter((id) => !known.some((scope) => covers(id, scope.id))) ?? [];
    return collector.datasets.flatMap((dataset) => {
      const scopes = [...new Set([...collectedIn(known, dataset.dataset), ...absent])].sort();
      const whole = scopes.length > 0 && knowledge.doubted?.(collector.name) !== true;
      return (whole ? scopes : ['*', ...scopes]).map((scope) =>
        scope !== '*' && inScope?.some((id) => covers(id, scope)) === false
          ? missing(
              collector,
              dataset.dataset,
              scope,
              'outside the declared scope: the Scope manifest does not list it',
            )
          : sourceState(collector, dataset, scope, knowledge, now),
      );
    });
  });
}

/** What is there counts as stale while the clock is in doubt: how old it is can't be told. */
export function doubted(sources: readonly SourceState[], doubt: string | undefined): readonly SourceState[] {
  if (doubt === undefined) return sources;
  return sources.map((source) => {
    if (source.state === 'missing') return source;
    const detail = source.detail === '' ? doubt : `${doubt}; ${source.detail}`;
    return { ...source, state: 'stale', detail };
  });
}

function missing(collector: CollectorConfig, dataset: string, scope: string, detail: string): SourceState {
  return {
    ...named(collector, dataset, scope),
    state: 'missing',
    asOf: null,
    body: null,
    index: null,
    detail,
  };
}

function named(collector: CollectorConfig, dataset: string, scope: string) {
  const spec = plugins.get(collector.type)?.datasets.find(({ name }) => name === dataset);
  return { collector: collector.name, dataset, scope, kinds: [...(spec?.kinds ?? [])] };
}

function sourceState(
  collector: CollectorConfig,
  { dataset, freshness }: DatasetConfig,
  scope: string,
  knowledge: SourceKnowledge,
  now: number,
): SourceState {
  const snapshot = knowledge.snapshot(collector.name, dataset, scope);
  const failure = knowledge.failure(collector.name, dataset, scope);
  const failed =
    failure === undefined ? '' : `the last collection failed: ${failure.code}: ${failure.detail}`;
  if (snapshot === undefined || snapshot.asOf === null) {
    const refusal = knowledge.refusal?.(collector.name, dataset, scope);
    const refused = refusal === undefined ? '' : `the last snapshot can't be loaded: ${refusal}`;
    const why = [refused, failed].filter((text) => text !== '').join('; ');
    return missing(collector, dataset, scope, why || 'not collected yet');
  }
  const common = named(collector, dataset, scope);
  const { asOf, body, index } = snapshot;
  const old = now - asOf > freshness;
  // Evidence of a time to come, as after a clock was set back, would stay fresh for too long.
  if (old || asOf > now + CLOCK_TOLERANCE) {
    const stale = `as of ${new Date(asOf * 1000).toISOString()}, ${old ? `older than ${freshness} s` : 'which lies in the future'}`;
    return {
      ...common,
      state: 'stale',
      asOf,
      body,
      index,
      detail: failed === '' ? stale : `${stale}; ${failed}`,
    };
  }
  return { ...common, state: 'fresh', asOf, body, index, detail: failed };
}
