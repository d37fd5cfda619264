import { z } from 'zod';
import { makeWorld } from '../../engine/world.ts';

export interface Found {
  readonly outcome: string;
  readonly why: string;
  /** ARNs of what can be backed up; of all else ids, without the account. */
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

export interface Place {
  readonly endpoint: string;
  readonly account: string;
  readonly regions: readonly string[];
}

const line = z.looseObject({ id: z.string(), kind: z.string(), resource: z.string().optional() });

/** Collects the datasets with the whole agent, once more after `again` if that is given, and tells what the named checks find. */
export async function verdictsOf(
  { endpoint, account, regions }: Place,
  datasets: readonly string[],
  checks: readonly string[],
  options: { readonly now?: number; readonly again?: () => void } = {},
): Promise<Readonly<Record<string, Found>>> {
  const settings = { endpoint, region: regions[0], regions, accounts: [{ id: account }] };
  const credentials = { accessKeyId: { env: 'KEY' }, secretAccessKey: { env: 'KEY' } };
  const manifest = {
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name: 'aws' },
    spec: { plugin: 'aws', only: datasets, settings: { ...settings, credentials } },
  };
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': JSON.stringify(manifest) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = options.now ?? Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  if (options.again !== undefined) {
    options.again();
    await opened.agent.collectOnce();
  }
  const names = new Map<string, string>();
  for (const dataset of datasets)
    for (const region of regions) {
      const { body } = opened.stores.snapshot('aws', dataset, `${account}:${region}`) ?? {};
      for await (const record of body === undefined ? [] : opened.stores.log.body(body)) {
        const { id, kind, resource } = line.parse(record);
        if (kind === 'protected_resource' && resource !== undefined) names.set(id, resource);
      }
    }
  const found = await Promise.all(
    checks.map(async (name) => {
      const check = await opened.agent.view.check(name);
      const ids = (outcome: string) =>
        (check?.records ?? [])
          .filter((record) => record.outcome === outcome)
          .map(({ id }) => names.get(id) ?? id.slice(`aws:${account}:`.length))
          .sort();
      const { outcome = '', why = '' } = check ?? {};
      return [name, { outcome, why, failing: ids('fail'), unknown: ids('unknown') }] as const;
    }),
  );
  return Object.fromEntries(found);
}
