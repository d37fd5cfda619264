import type { CollectorPlugin, DatasetSpec } from '../collectors/contract.ts';
import { suggest } from './closest.ts';
import type { CollectorConfig, DatasetConfig } from './contract.ts';
import { describe, isMapping } from './documents.ts';
import { explain, type Fault } from './explain.ts';
import { collectorManifest, type CollectorManifest } from './schemas.ts';
import { cadenceOf } from './schedule.ts';

const defaultMinRecords = 1;
const defaultMaxShrink = 0.5;
const defaultDeadline = 600;

/**
 * The part of a Collector manifest that its plugin decides: that the plugin and the datasets exist, that the settings have the
 * plugin's schema, and the defaults. `config` is undefined when the manifest can't be used.
 */
export function readCollector(
  manifest: Readonly<Record<string, unknown>>,
  plugins: readonly CollectorPlugin<unknown>[],
): { readonly config: CollectorConfig | undefined; readonly faults: readonly Fault[] } {
  const spec = isMapping(manifest['spec']) ? manifest['spec'] : {};
  const type = spec['plugin'];
  const plugin = plugins.find((candidate) => candidate.type === type);
  if (plugin === undefined) {
    return { config: undefined, faults: typeof type === 'string' ? [unknownPlugin(type, plugins)] : [] };
  }
  const faults = [...datasetFaults(spec, plugin), ...onlyFaults(spec, plugin)];
  const raw = spec['settings'] ?? {};
  const settings = plugin.config.safeParse(raw, { jitless: true });
  if (!settings.success && isMapping(raw)) {
    faults.push(
      ...explain(plugin.config, raw, settings.error).map((fault) => ({
        ...fault,
        path: ['spec', 'settings', ...fault.path],
      })),
    );
  }
  const parsed = collectorManifest.safeParse(manifest).data;
  if (parsed === undefined || faults.length > 0) {
    return { config: undefined, faults };
  }
  const { name } = parsed.metadata;
  return {
    config: { name, type: plugin.type, settings: settings.data, datasets: datasetsOf(plugin, parsed, raw) },
    faults,
  };
}

function unknownPlugin(type: string, plugins: readonly CollectorPlugin<unknown>[]): Fault {
  const types = plugins.map((plugin) => plugin.type);
  return {
    path: ['spec', 'plugin'],
    found: describe(type),
    expected: suggest(type, types, 'a plugin that exists'),
  };
}

function datasetFaults(
  { only, settings, datasets }: Readonly<Record<string, unknown>>,
  plugin: CollectorPlugin<unknown>,
): readonly Fault[] {
  const names = plugin.datasets.map((dataset) => dataset.name);
  const configured = isMapping(datasets) ? datasets : {};
  const unknown = Object.keys(configured)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      path: ['spec', 'datasets', name],
      found: 'an unknown dataset',
      expected: suggest(name, names, `a dataset of ${plugin.type}`),
    }));
  const off = (name: string) => isMapping(configured[name]) && configured[name]['enabled'] === false;
  const chosen = plugin.datasets.filter(
    (dataset) => isConfigured(dataset, settings) && (!Array.isArray(only) || only.includes(dataset.name)),
  );
  return chosen.length > 0 && chosen.every(({ name }) => off(name))
    ? [
        ...unknown,
        {
          path: ['spec', 'datasets'],
          found: 'every dataset disabled',
          expected: 'one enabled dataset at least, or no such Collector',
        },
      ]
    : unknown;
}

/** Names in `only` that can't be collected. */
function onlyFaults(
  { only, settings, datasets }: Readonly<Record<string, unknown>>,
  plugin: CollectorPlugin<unknown>,
): readonly Fault[] {
  if (!Array.isArray(only)) return [];
  const names = plugin.datasets.map((dataset) => dataset.name);
  return only.flatMap((name: unknown, index): Fault[] => {
    if (typeof name !== 'string') return [];
    const path = ['spec', 'only', index];
    const dataset = plugin.datasets.find((candidate) => candidate.name === name);
    if (dataset === undefined)
      return [
        { path, found: 'an unknown dataset', expected: suggest(name, names, `a dataset of ${plugin.type}`) },
      ];
    if (!isConfigured(dataset, settings))
      return [{ path, found: `no settings.${dataset.needs}`, expected: `what ${name} needs` }];
    const own = isMapping(datasets) ? datasets[name] : undefined;
    return isMapping(own) && own['enabled'] === false
      ? [{ path, found: 'a dataset that is disabled below', expected: 'one or the other' }]
      : [];
  });
}

function isConfigured({ needs }: DatasetSpec, settings: unknown): boolean {
  return needs === undefined || (isMapping(settings) && settings[needs] !== undefined);
}

function datasetsOf(
  plugin: CollectorPlugin<unknown>,
  manifest: CollectorManifest,
  settings: unknown,
): readonly DatasetConfig[] {
  const { only } = manifest.spec;
  const chosen = plugin.datasets.filter(
    (dataset) => (only?.includes(dataset.name) ?? true) && isConfigured(dataset, settings),
  );
  return chosen.flatMap((dataset) => {
    const own = manifest.spec.datasets[dataset.name];
    return own?.enabled === false ? [] : [datasetOf(dataset, own)];
  });
}

function datasetOf(
  dataset: DatasetSpec,
  own: CollectorManifest['spec']['datasets'][string] | undefined,
): DatasetConfig {
  const schedule = own?.schedule ?? dataset.cadence;
  const cadence = cadenceOf(schedule);
  if (cadence === undefined) {
    throw new TypeError(`the plugin's cadence of ${dataset.name} can't be read: ${schedule}`);
  }
  return {
    dataset: dataset.name,
    schedule,
    cadence,
    freshness: own?.freshness ?? dataset.freshness ?? 2 * cadence,
    minRecords: own?.minRecords ?? dataset.minRecords ?? defaultMinRecords,
    maxShrink: own?.maxShrink ?? dataset.maxShrink ?? defaultMaxShrink,
    deadline: own?.deadline ?? defaultDeadline,
  };
}
