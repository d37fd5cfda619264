import type { InventoryRecord } from '../../inventory/kind.ts';
import type { Collector, CollectorContext } from '../contract.ts';
import { openAccess } from './access.ts';
import { collect } from './collect.ts';
import type { AwsConfig } from './config.ts';
import { openDirectory } from './organization/directory.ts';
import { preflight } from './preflight.ts';
import { scopesOf } from './scopes.ts';

/** A connected collector, from its first use on. */
export function openConnected(config: AwsConfig, context: CollectorContext): Collector {
  const access = openAccess(config, context);
  const directory = openDirectory(config, access, context);
  return {
    scopes: async (signal) => scopesOf(config, await directory.accounts(signal)),
    collect: (dataset, scope, signal): AsyncIterable<InventoryRecord> =>
      collect({ config, context, access, directory }, dataset, scope, signal),
    preflight: (signal, datasets) => preflight(config, context, signal, datasets),
    [Symbol.asyncDispose]: async () => access[Symbol.dispose](),
  };
}
