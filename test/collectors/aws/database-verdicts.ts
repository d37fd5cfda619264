import { makeWorld } from '../../engine/world.ts';

export interface Verdict {
  readonly outcome: string;
  /** Ids of records without their scope, sorted. */
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

interface What {
  readonly endpoint: string;
  readonly account: string;
  readonly regions: readonly string[];
  readonly only: readonly string[];
  readonly checks: readonly string[];
}

/** Collects datasets of an account with the whole agent, and tells what the built-in checks find in them. */
export async function verdictsOf(what: What): Promise<Readonly<Record<string, Verdict>>> {
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': manifest(what) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  const found = what.checks.map(async (name) => {
    const check = await opened.agent.view.check(name);
    if (check === undefined) throw new Error(`no check ${name}`);
    const ids = (outcome: string) =>
      check.records
        .filter((record) => record.outcome === outcome)
        .map(({ id }) => id.replace(/^aws:\d{12}:[a-z0-9-]+:/, ''))
        .sort();
    const verdict = { outcome: check.outcome, failing: ids('fail'), unknown: ids('unknown') };
    return [name, verdict] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

const manifest = ({ endpoint, account, regions, only }: What): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [${only.join(', ')}]
  settings:
    endpoint: ${endpoint}
    regions: [${regions.join(', ')}]
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '${account}' }]
`;
