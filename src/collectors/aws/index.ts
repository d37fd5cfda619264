import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { awsConfig, type AwsConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { scopesOf } from './scopes.ts';

/** Amazon Web Services: one scope an account, and one an account and region. */
export const aws: CollectorPlugin<AwsConfig> = { type: 'aws', config: awsConfig, datasets, connect };

function connect(config: AwsConfig, context: CollectorContext): Collector {
  const { accounts } = config;
  return {
    scopes: async () => scopesOf(config, accounts),
    // The SDK is loaded by the first collection, not by who only asks what there is.
    async *collect(dataset, scope, signal) {
      const { collect } = await import('./collect.ts');
      yield* collect(config, accounts, context, dataset, scope, signal);
    },
    preflight: async (signal) => {
      const { preflight } = await import('./preflight.ts');
      return preflight(config, accounts, scopesOf(config, accounts), context, signal);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

export type { AwsConfig };
