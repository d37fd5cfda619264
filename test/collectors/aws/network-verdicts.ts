import { makeWorld } from '../../engine/world.ts';

const CHECKS = [
  'network-sensitive-ports',
  'network-all-ports',
  'network-allowed-ports',
  'network-default-rules',
  'network-flow-logs',
  'network-public-behind-rules',
];

interface Verdict {
  readonly outcome: string;
  readonly why: string;
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

/** Collects the networks of the account's region with the whole agent, and tells what the checks of networks find: ids without the scope. */
export async function networkVerdicts(
  endpoint: string,
  account: string,
  region: string,
): Promise<Readonly<Record<string, Verdict>>> {
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': manifest(endpoint, account, region) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  const found = await Promise.all(
    CHECKS.map(async (name) => {
      const check = await opened.agent.view.check(name);
      const ids = (outcome: string) =>
        (check?.records ?? [])
          .filter((record) => record.outcome === outcome)
          .map(({ id }) => id.slice(`aws:${account}:${region}:`.length))
          .sort();
      return [
        name,
        {
          outcome: check?.outcome ?? '',
          why: check?.why ?? '',
          failing: ids('fail'),
          unknown: ids('unknown'),
        },
      ] as const;
    }),
  );
  return Object.fromEntries(found);
}

const manifest = (endpoint: string, account: string, region: string): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [vpc-networks, security-groups, public-addresses]
  settings:
    endpoint: ${endpoint}
    region: ${region}
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '${account}' }]
`;
