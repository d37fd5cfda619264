import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { kubernetesConfig, type KubernetesConfig } from './config.ts';
import { datasets } from './datasets.ts';

/** A Kubernetes cluster, through its API server: one scope. */
export const kubernetes: CollectorPlugin<KubernetesConfig> = {
  type: 'kubernetes',
  config: kubernetesConfig,
  datasets,
  connect,
};

/** The client is loaded by what first asks the cluster, not by who only asks what there is. */
function connect(config: KubernetesConfig, context: CollectorContext): Collector {
  return {
    scopes: async () => [{ id: config.cluster }],
    async *collect(dataset, _scope, signal) {
      const { collect } = await import('./collect.ts');
      yield* collect(config, context, dataset, signal);
    },
    preflight: async (signal, chosen) =>
      (await import('./preflight.ts')).preflight(config, context, signal, chosen),
    [Symbol.asyncDispose]: async () => {},
  };
}

export type { KubernetesConfig };
