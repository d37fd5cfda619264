import type { Collector, CollectorContext, CollectorPlugin } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { type RegisterConfig, registerConfig, sectionOf } from './config.ts';
import { datasets, registers } from './registers.ts';

/** Registers that the ISMS keeps: tables whose columns are mapped to kinds. One scope. */
export const register: CollectorPlugin<RegisterConfig> = {
  type: 'register',
  config: registerConfig,
  datasets,
  connect,
};

function connect(config: RegisterConfig, context: CollectorContext): Collector {
  return {
    scopes: async () => [{ id: config.scope, ...(config.title !== undefined && { title: config.title }) }],
    async *collect(dataset, scope, signal) {
      const spec = registers.find((candidate) => candidate.dataset === dataset);
      const section = spec && sectionOf(config, spec.section);
      if (spec === undefined || section === undefined || scope.id !== config.scope)
        throw new CollectorError(
          'configuration',
          `register has no dataset ${dataset} in the scope ${scope.id}`,
        );
      const { collectRegister } = await import('./collect.ts');
      const before = (await context.previous(dataset, scope.id))?.asOf;
      const provenance = context.provenance(dataset, scope.id);
      yield* collectRegister({ spec, config, section, context, provenance, before, signal });
    },
    preflight: async (signal, chosen) => {
      const { preflight } = await import('./preflight.ts');
      return preflight(config, context, signal, chosen);
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
