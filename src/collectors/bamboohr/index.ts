import type { InventoryRecord } from '../../inventory/kind.ts';
import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { collectPeople } from '../people/collect.ts';
import { readBefore } from '../people/previous.ts';
import { type BamboohrConfig, bamboohrConfig } from './config.ts';
import { dataset, datasets } from './datasets.ts';
import { readPeople } from './people.ts';
import { preflight } from './preflight.ts';

/** BambooHR: people, departures and moves with the history that it keeps, one scope a company. */
export const bamboohr: CollectorPlugin<BamboohrConfig> = {
  type: 'bamboohr',
  config: bamboohrConfig,
  datasets,
  connect,
};

function connect(config: BamboohrConfig, context: CollectorContext): Collector {
  const { company, title } = config;
  return {
    scopes: async () => [{ id: company, ...(title !== undefined && { title }) }],
    collect: (name, scope, signal) => {
      if (name !== dataset || scope.id !== company)
        throw new CollectorError('configuration', `bamboohr has no dataset ${name} in the scope ${scope.id}`);
      return collect(config, context, signal);
    },
    preflight: (signal) => preflight(config, context, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* collect(
  config: BamboohrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { company, transferDays } = config;
  const provenance = context.provenance(dataset, company);
  const before = await readBefore(context, dataset, company);
  const reading = readPeople(config, context, provenance, before.asOf, signal);
  const register = { source: 'bamboohr', scope: company, keepTransfers: transferDays * 86_400 };
  yield* collectPeople(reading, register, before, provenance, signal);
}
