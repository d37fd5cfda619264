import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { googleConfig, type GoogleConfig } from './config.ts';
import { datasets } from './datasets.ts';

/** Google Workspace and Cloud Identity: one scope, the customer. */
export const google: CollectorPlugin<GoogleConfig> = {
  type: 'google',
  config: googleConfig,
  datasets,
  connect,
};

function connect(config: GoogleConfig, context: CollectorContext): Collector {
  const { scope, title } = config;
  // The SDK is loaded by what first needs it, not by who only asks what there is.
  return {
    scopes: async () => [{ id: scope, ...(title === undefined ? {} : { title }) }],
    async *collect(dataset, { id }, signal) {
      const { collect } = await import('./collect.ts');
      yield* collect(config, context, dataset, id, signal);
    },
    preflight: async (signal, chosen) =>
      (await import('./preflight.ts')).preflight(config, context, signal, chosen),
    [Symbol.asyncDispose]: async () => {},
  };
}
