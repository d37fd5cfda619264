import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { awsConfig, type AwsConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { scopesOf } from './scopes.ts';

/** Amazon Web Services: one scope an account, and one an account and region. */
export const aws: CollectorPlugin<AwsConfig> = { type: 'aws', config: awsConfig, datasets, connect };

function connect(config: AwsConfig, context: CollectorContext): Collector {
  let opened: Promise<Collector> | undefined;
  // The SDK is loaded by what first needs it, not by who only asks what there is.
  const collector = async (): Promise<Collector> => {
    opened ??= import('./connected.ts').then(({ openConnected }) => openConnected(config, context));
    return opened;
  };
  return {
    scopes: async (signal) =>
      config.organization?.role === undefined
        ? scopesOf(config, config.accounts)
        : (await collector()).scopes(signal),
    async *collect(dataset, scope, signal) {
      yield* (await collector()).collect(dataset, scope, signal);
    },
    preflight: async (signal, chosen) => (await collector()).preflight(signal, chosen),
    [Symbol.asyncDispose]: async () => (await opened)?.[Symbol.asyncDispose](),
  };
}

export type { AwsConfig };
