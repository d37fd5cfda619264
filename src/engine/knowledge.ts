import type { Scope } from '../collectors/contract.ts';
import type { Config } from '../config/contract.ts';
import type { SourceState } from '../controls/contract.ts';
import { SOA_SOURCE } from '../controls/soa-records.ts';
import { sourceKey } from '../inventory/kind.ts';
import type { FailureCause } from './retry-policy.ts';
import type { DatasetResult } from './collect.ts';
import type { MetricsSnapshot } from './view.ts';
import { collectedIn, soaState, sourceStates } from './sources.ts';
import type { Stores } from './stores.ts';

/** What the runs have taught of the sources: which scopes there are, and which collections failed last. */
export interface Knowledge {
  /** Takes up what the log says of it, after a restart. */
  recall(): Promise<void>;
  /** What a collector lists as its scopes. */
  listed(collector: string, scopes: readonly Scope[]): void;
  /** Its settings changed: what it lists next may be more than what is known, and until then something is missing. */
  doubt(collector: string): void;
  /** How the collection of one dataset in one scope ended. */
  ended(collector: string, result: DatasetResult): void;
  /** As last listed; none before that. */
  scopes(collector: string): readonly Scope[];
  /** When the dataset was last collected well in every scope, Unix seconds; undefined when it was not. */
  lastCollected(collector: string, dataset: string): number | undefined;
  /** How the evidence of every configured source stands. */
  sources(config: Config, now: number): readonly SourceState[];
  /** The same by dataset, with how many of its scopes could not be collected last. */
  datasets(config: Config, now: number): MetricsSnapshot['datasets'];
}

export function createKnowledge(stores: Stores): Knowledge {
  const scopesOf = new Map<string, readonly Scope[]>();
  const doubted = new Set<string>();
  const failures = new Map<string, FailureCause>();

  const knowledge: Knowledge = {
    async recall() {
      for (const { collector, dataset, scope, failure } of await stores.recall()) {
        if (collector === SOA_SOURCE.collector) continue;
        if (scope === '*') doubted.add(collector);
        else scopesOf.set(collector, withDataset(knowledge.scopes(collector), scope, dataset));
        if (failure !== undefined) failures.set(sourceKey({ collector, dataset, scope }), failure);
      }
    },
    listed(collector, scopes) {
      scopesOf.set(collector, scopes);
      doubted.delete(collector);
    },
    doubt: (collector) => void doubted.add(collector),
    ended(collector, { dataset, scope, failure }) {
      const key = sourceKey({ collector, dataset, scope });
      if (failure === null) failures.delete(key);
      else failures.set(key, failure);
    },
    scopes: (collector) => scopesOf.get(collector) ?? [],
    lastCollected(collector, dataset) {
      if (doubted.has(collector)) return undefined;
      const ended = collectedIn(knowledge.scopes(collector), dataset).map((scope) => {
        const failed = failures.has(sourceKey({ collector, dataset, scope }));
        return failed ? undefined : stores.snapshot(collector, dataset, scope)?.sealedAt;
      });
      return ended.length === 0 || ended.includes(undefined)
        ? undefined
        : Math.min(...ended.map((at) => at ?? 0));
    },
    sources: ({ collectors, scope, soa }, now) => [
      ...sourceStates(
        collectors,
        scope,
        {
          scopes: (name) => knowledge.scopes(name),
          doubted: (name) => doubted.has(name),
          snapshot: (...source) => stores.snapshot(...source),
          failure: (collector, dataset, source) =>
            failures.get(sourceKey({ collector, dataset, scope: source })),
          refusal: (...source) => stores.refusal(...source),
        },
        now,
      ),
      ...(soa === undefined
        ? []
        : [soaState(stores.snapshot(SOA_SOURCE.collector, SOA_SOURCE.dataset, SOA_SOURCE.scope), now)]),
    ],
    datasets(config, now) {
      const states = Map.groupBy(knowledge.sources(config, now), datasetKey);
      return config.collectors.flatMap(({ name: collector, datasets }) =>
        datasets.map(({ dataset, freshness }) => {
          const own = states.get(datasetKey({ collector, dataset })) ?? [];
          const scopes = { fresh: 0, stale: 0, missing: 0 };
          for (const { state } of own) scopes[state] += 1;
          const failing = own.filter((source) => failures.has(sourceKey(source))).length;
          return { collector, dataset, freshness, scopes, failing };
        }),
      );
    },
  };
  return knowledge;
}

function datasetKey({
  collector,
  dataset,
}: {
  readonly collector: string;
  readonly dataset: string;
}): string {
  return `${collector}/${dataset}`;
}

/** The scopes with one more dataset of one of them: the log tells of each apart. */
function withDataset(scopes: readonly Scope[], id: string, dataset: string): readonly Scope[] {
  const known = scopes.find((scope) => scope.id === id);
  const datasets = [...new Set([...(known?.datasets ?? []), dataset])];
  return [...scopes.filter((scope) => scope !== known), { id, datasets }];
}
