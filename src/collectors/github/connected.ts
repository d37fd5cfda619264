import type { Collector, CollectorContext } from '../contract.ts';
import { openAccess } from './client.ts';
import { collect } from './collect.ts';
import type { GithubConfig } from './config.ts';
import { preflight } from './preflight.ts';

/** A connected collector, from its first use on. */
export function openConnected(
  config: GithubConfig,
  context: CollectorContext,
): Pick<Collector, 'collect' | 'preflight'> {
  const connection = { config, context, access: openAccess(config, context) };
  return {
    collect: (dataset, scope, signal) => collect(connection, dataset, scope, signal),
    preflight: (signal, datasets) => preflight(connection, signal, datasets),
  };
}
