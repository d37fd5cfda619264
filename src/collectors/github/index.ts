import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { type GithubConfig, githubConfig } from './config.ts';
import { datasets } from './datasets.ts';

/** GitHub, the service or an Enterprise Server: one scope an organisation. */
export const github: CollectorPlugin<GithubConfig> = {
  type: 'github',
  config: githubConfig,
  datasets,
  connect,
};

function connect(config: GithubConfig, context: CollectorContext): Collector {
  let opened: Promise<Pick<Collector, 'collect' | 'preflight'>> | undefined;
  // The SDK is loaded by what first needs it, not by who only asks what there is.
  const collector = async () => {
    opened ??= import('./connected.ts').then(({ openConnected }) => openConnected(config, context));
    return opened;
  };
  return {
    scopes: async () => config.organizations.map((login) => ({ id: login.toLowerCase(), title: login })),
    async *collect(dataset, scope, signal) {
      yield* (await collector()).collect(dataset, scope, signal);
    },
    preflight: async (signal, chosen) => (await collector()).preflight(signal, chosen),
    [Symbol.asyncDispose]: async () => {},
  };
}

export type { GithubConfig };
