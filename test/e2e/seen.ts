import { plugins } from '../../src/collectors/registry.ts';
import { queryOf } from '../../src/controls/check.ts';
import type { Stub } from '../collectors/aws/stub.ts';
import type { Config } from '../../src/config/contract.ts';
import type { World } from '../engine/world.ts';
import { makeOrganisation, type OrganisationOptions } from './organisation.ts';

/** What the agent makes of an organisation in one pass. */
export interface Seen {
  /** By check. */
  readonly outcomes: ReadonlyMap<string, string>;
  /** Kinds that each check reads. */
  readonly reads: ReadonlyMap<string, readonly string[]>;
  /** Why each dataset failed that a sealed run tells of, by dataset and by `<dataset> <scope>`. */
  readonly failures: ReadonlyMap<string, string>;
  /** `<dataset> <scope>` of what was collected whole. */
  readonly complete: ReadonlySet<string>;
  /** The kinds of each dataset's records, as the plugins that collect have them. */
  readonly kinds: ReadonlyMap<string, readonly string[]>;
}

/** The product's own checks are the same in every organisation. */
let kindsRead: Promise<readonly (readonly [string, readonly string[]])[]> | undefined;

/** What the agent makes of a world in which nothing has been collected yet. */
export async function see(world: World): Promise<Seen> {
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  await agent.collectOnce();
  const config = await world.config();
  kindsRead ??= Promise.all(
    config.checks.map(
      async (check) => [check.metadata.name, (await stores.sandbox.compile(queryOf(check))).kinds] as const,
    ),
  );
  const checks = (await agent.view.checks({ limit: 1000 })).items;
  const runs = (await agent.view.runs({ limit: 1000 })).items;
  const sealed = await Promise.all(runs.map((run) => agent.view.entry(run.evidence)));
  const unsealed = runs.filter((_, index) => sealed[index] === undefined);
  if (unsealed.length > 0) throw new Error('a run is not sealed');
  const lines = runs.flatMap((run) => run.datasets);
  return {
    outcomes: new Map(checks.map((check) => [check.name, check.outcome])),
    reads: new Map(await kindsRead),
    failures: new Map(
      lines.flatMap(({ dataset, scope, reason }) =>
        reason === null
          ? []
          : [
              [dataset, reason],
              [`${dataset} ${scope}`, reason],
            ],
      ),
    ),
    complete: new Set(
      lines.flatMap(({ dataset, scope, reason }) => (reason === null ? [`${dataset} ${scope}`] : [])),
    ),
    kinds: kindsOf(config.collectors),
  };
}

export async function lookAt(
  options: OrganisationOptions,
): Promise<Seen & { readonly calls: Stub['calls'] }> {
  await using organisation = await makeOrganisation(options);
  const seen = await see(organisation.world);
  return { ...seen, calls: organisation.stub.calls };
}

/** Datasets are told by their names alone: no two collectors of a world may have one of the same name. */
function kindsOf(collectors: Config['collectors']): ReadonlyMap<string, readonly string[]> {
  const kinds = new Map<string, readonly string[]>();
  for (const { type, datasets } of collectors)
    for (const { dataset: name } of datasets) {
      if (kinds.has(name)) throw new Error(`two collectors have a dataset ${name}`);
      const spec = plugins.get(type)?.datasets.find((known) => known.name === name);
      if (spec === undefined) throw new Error(`${type} has no dataset ${name}`);
      kinds.set(name, spec.kinds);
    }
  return kinds;
}

/** What a fault did wrong: `failing` are the datasets that depend on what is faulty. Holds when there is nothing in it. */
export function wrongs(seen: Seen, failing: readonly string[], sound: Seen): readonly string[] {
  const spoilt = new Set(failing.flatMap((dataset) => seen.kinds.get(dataset) ?? []));
  const depends = (check: string) => seen.reads.get(check)?.some((kind) => spoilt.has(kind)) ?? true;
  const checks = [...seen.outcomes];
  const failed = [...seen.failures.keys()].filter((key) => !key.includes(' '));
  return [
    ...failing
      .filter((dataset) => !seen.failures.has(dataset))
      .map((dataset) => `no sealed run tells that ${dataset} failed`),
    ...failed.filter((dataset) => !failing.includes(dataset)).map((dataset) => `${dataset} failed too`),
    ...checks
      .filter(([check, outcome]) => depends(check) && outcome === 'pass')
      .map(([check]) => `${check} passes`),
    ...checks
      .filter(([check, outcome]) => !depends(check) && outcome !== sound.outcomes.get(check))
      .map(([check, outcome]) => `${check} is ${outcome}, though it does not rest on what failed`),
  ];
}
