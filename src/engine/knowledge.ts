import type { Config } from '../config/contract.ts';
import type { SourceState } from '../controls/contract.ts';
import { sourceKey } from '../inventory/kind.ts';
import type { FailureCause } from './retry-policy.ts';
import type { RunResult } from './run.ts';
import { sourceStates } from './sources.ts';
import type { Stores } from './stores.ts';

/** What the runs have taught of the sources: which scopes there are, and which collections failed last. */
export interface Knowledge {
  /** Takes up what the log says of it, after a restart. */
  recall(): Promise<void>;
  learn(result: RunResult): void;
  /** As last listed; none before that. */
  scopes(collector: string): readonly string[];
  /** When the dataset was last collected well in every scope, Unix seconds; undefined when it was not. */
  lastCollected(collector: string, dataset: string): number | undefined;
  /** How the evidence of every configured source stands. */
  sources(config: Config, now: number): readonly SourceState[];
}

export function createKnowledge(stores: Stores): Knowledge {
  const scopesOf = new Map<string, readonly string[]>();
  const failures = new Map<string, FailureCause>();

  const knowledge: Knowledge = {
    async recall() {
      for (const { collector, dataset, scope, failure } of await stores.recall()) {
        if (scope !== '*')
          scopesOf.set(collector, [...new Set([...knowledge.scopes(collector), scope])].sort());
        if (failure !== undefined) failures.set(sourceKey({ collector, dataset, scope }), failure);
      }
    },
    learn({ collector, scopes, results }) {
      if (scopes !== null) scopesOf.set(collector, scopes);
      for (const { dataset, scope, failure } of results) {
        const key = sourceKey({ collector, dataset, scope });
        if (failure === null) failures.delete(key);
        else failures.set(key, failure);
      }
    },
    scopes: (collector) => scopesOf.get(collector) ?? [],
    lastCollected(collector, dataset) {
      const ended = knowledge.scopes(collector).map((scope) => {
        const failed = failures.has(sourceKey({ collector, dataset, scope }));
        return failed ? undefined : stores.snapshot(collector, dataset, scope)?.sealedAt;
      });
      return ended.length === 0 || ended.includes(undefined)
        ? undefined
        : Math.min(...ended.map((at) => at ?? 0));
    },
    sources: ({ collectors, scope }, now) =>
      sourceStates(
        collectors,
        scope,
        {
          scopes: (name) => knowledge.scopes(name),
          snapshot: (...source) => stores.snapshot(...source),
          failure: (collector, dataset, source) =>
            failures.get(sourceKey({ collector, dataset, scope: source })),
          refusal: (...source) => stores.refusal(...source),
        },
        now,
      ),
  };
  return knowledge;
}
