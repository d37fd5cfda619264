import type { Collector, CollectorContext, CollectorPlugin, Scope } from '../contract.ts';
import { awsConfig, type AwsConfig } from './config.ts';
import { datasets } from './permissions.ts';

/** Amazon Web Services: IAM users, the root user and the account, one scope an account. */
export const aws: CollectorPlugin<AwsConfig> = { type: 'aws', config: awsConfig, datasets, connect };

function connect(config: AwsConfig, context: CollectorContext): Collector {
  // The SDK is loaded by the first collection, not by who only asks what there is.
  const work = () => import('./collect.ts');
  return {
    scopes: async (): Promise<readonly Scope[]> =>
      config.accounts.map(({ id, title }) => ({ id, ...(title === undefined ? {} : { title }) })),
    async *collect(dataset, scope, signal) {
      yield* (await work()).collect(config, context, dataset, scope, signal);
    },
    preflight: async (signal) => (await work()).preflight(config, context, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

export type { AwsConfig };
