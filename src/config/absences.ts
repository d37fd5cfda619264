import { SOA_KIND } from '../controls/soa-records.ts';
import { kinds } from '../inventory/kinds.ts';
import type { CollectorPlugin } from '../collectors/contract.ts';
import { suggest } from './closest.ts';
import type { CollectorConfig } from './contract.ts';
import { describe, isMapping } from './documents.ts';
import type { Fault } from './explain.ts';

/** What is wrong with the kinds that a Scope manifest, as written, declares absent: unknown, declared twice, or fed by what is configured. */
export function absenceFaults(
  manifest: Readonly<Record<string, unknown>>,
  collectors: readonly CollectorConfig[],
  plugins: readonly CollectorPlugin<unknown>[],
): readonly Fault[] {
  const spec = manifest['spec'];
  const absent = isMapping(spec) && Array.isArray(spec['absent']) ? spec['absent'] : [];
  const feeding = feeders(collectors, plugins);
  const seen = new Set<string>();
  return absent.flatMap((entry: unknown, at) => {
    const listed = isMapping(entry) && Array.isArray(entry['kinds']) ? entry['kinds'] : [];
    return listed.flatMap((kind: unknown, index): Fault[] => {
      const path = ['spec', 'absent', at, 'kinds', index];
      if (typeof kind !== 'string') return [];
      const twice = seen.has(kind);
      seen.add(kind);
      const feeder = feeding.get(kind);
      if (!kinds.has(kind))
        return [
          { path, found: describe(kind), expected: suggest(kind, [...kinds.keys()], 'a kind of record') },
        ];
      if (twice) return [{ path, found: `${kind} once more`, expected: 'each kind once' }];
      if (feeder === undefined) return [];
      const expected = 'a kind that nothing configured feeds: take it out here, or disable the dataset';
      return [{ path, found: `${kind}, which ${feeder} feeds`, expected }];
    });
  });
}

/** The first configured dataset that feeds a kind, by kind. */
function feeders(
  collectors: readonly CollectorConfig[],
  plugins: readonly CollectorPlugin<unknown>[],
): ReadonlyMap<string, string> {
  const found = new Map([[SOA_KIND, 'the Statement of Applicability']]);
  for (const { name, type, datasets } of collectors) {
    const specs = plugins.find((plugin) => plugin.type === type)?.datasets ?? [];
    for (const { dataset } of datasets)
      for (const kind of specs.find((spec) => spec.name === dataset)?.kinds ?? [])
        if (!found.has(kind)) found.set(kind, `the dataset ${dataset} of ${name}`);
  }
  return found;
}
