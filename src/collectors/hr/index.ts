import type { InventoryRecord } from '../../inventory/kind.ts';
import type {
  Collector,
  CollectorContext,
  CollectorPlugin,
  DatasetSpec,
  PermissionReport,
} from '../contract.ts';
import { CollectorError } from '../error.ts';
import { collectPeople } from '../people/collect.ts';
import { readBefore } from '../people/previous.ts';
import { type HrConfig, hrConfig } from './config.ts';
import { readCsv, readHeader } from './csv.ts';
import { readFirst, readJson } from './json.ts';

const dataset = 'people';

const datasets: readonly DatasetSpec[] = [
  {
    name: dataset,
    kinds: ['person', 'departure', 'transfer'],
    cadence: 'every 24h',
    operations: ['read', 'GET'],
    permissions: ['read the export'],
    minRecords: 1,
    maxShrink: 0.1,
  },
];

/** The HR register's export, a CSV or JSON: people, departures and moves, one scope a register. */
export const hr: CollectorPlugin<HrConfig> = { type: 'hr', config: hrConfig, datasets, connect };

function connect(config: HrConfig, context: CollectorContext): Collector {
  return {
    scopes: async () => [{ id: config.scope, ...(config.title !== undefined && { title: config.title }) }],
    collect: (name, scope, signal) => {
      if (name !== dataset || scope.id !== config.scope) {
        throw new CollectorError('configuration', `hr has no dataset ${name} in the scope ${scope.id}`);
      }
      return collect(config, context, signal);
    },
    preflight: (signal) => preflight(config, context, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* collect(
  config: HrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { scope, transferDays } = config;
  const provenance = context.provenance(dataset, scope);
  const before = await readBefore(context, dataset, scope);
  const reading =
    config.format === 'csv'
      ? readCsv(config, context, provenance, before.asOf, signal)
      : readJson(config, context, provenance, before.asOf, signal);
  const register = { source: 'hr', scope, keepTransfers: transferDays * 86_400 };
  yield* collectPeople(reading, register, before, provenance, signal);
}

/** Opens the register, and reads as much of it as shows that its form is the one configured. */
async function preflight(
  config: HrConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<PermissionReport> {
  const permission = { dataset, permission: 'read the export', scope: config.scope };
  const report = (held: boolean | 'unknown', detail?: string): PermissionReport => ({
    caller: config.file === undefined ? 'url' : `file:${config.file}`,
    permissions: [{ ...permission, held, ...(detail !== undefined && { detail }) }],
  });
  try {
    await (config.format === 'csv'
      ? readHeader(config, context, signal)
      : readFirst(config, context, signal));
    return report(true);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CollectorError) {
      return report(
        error.code === 'denied' || error.code === 'configuration' ? false : 'unknown',
        error.message,
      );
    }
    throw error;
  }
}
