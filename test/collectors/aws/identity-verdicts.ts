import { z } from 'zod';
import { makeWorld } from '../../engine/world.ts';

const CHECKS = [
  'role-trusts-everyone',
  'role-outsiders-known',
  'role-outsider-external-id',
  'role-federated-subject',
  'role-dormant',
  'role-administrator-outsiders',
  'policy-everything',
  'policy-service-wildcards',
  'policy-escalation',
  'access-alerts-handled',
  'access-alerts-public',
  'administrators-few',
  'administrators-named',
  'grants-by-role',
  'leaver-grants',
  'identity-owner',
];

export interface Verdict {
  readonly outcome: string;
  /** Names of the records, sorted. */
  readonly failing: readonly string[];
  readonly unknown: readonly string[];
}

export interface Place {
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  /** Datasets beside those of the account itself and its roles. */
  readonly more?: readonly string[];
  /** Personnel: address and, of somebody who left, days since the last day. */
  readonly people?: readonly { readonly email: string; readonly left?: number }[];
}

const line = z.looseObject({
  id: z.string(),
  kind: z.string(),
  name: z.string().optional(),
  identity: z.string().optional(),
  policy: z.string().optional(),
  target: z.string().optional(),
  resource: z.string().optional(),
});

/** Collects the account with the whole agent, and tells what the checks of roles, policies, grants and access from outside find. */
export async function identityVerdicts(place: Place): Promise<Readonly<Record<string, Verdict>>> {
  const now = Math.floor(Date.now() / 1000);
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': manifest(place), 'people.csv': people(place, now) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = now;
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  await agent.collectOnce();
  const names = new Map<string, string>();
  const lines: z.infer<typeof line>[] = [];
  for (const dataset of ['iam-roles', ...(place.more ?? [])])
    for (const scope of [place.account, `${place.account}:${place.region}`]) {
      const body = stores.snapshot('aws', dataset, scope)?.body;
      if (body === undefined || body === null) continue;
      for await (const record of stores.log.body(body)) lines.push(line.parse(record));
    }
  for (const { id, kind, name, resource } of lines) names.set(id, (kind === 'alert' ? resource : name) ?? id);
  for (const { id, kind, identity = '', policy, target } of lines)
    if (kind === 'role_grant') names.set(id, `${names.get(identity) ?? identity} ${policy} ${target}`);
  const verdict = async (name: string): Promise<Verdict> => {
    const check = await agent.view.check(name);
    const of = (outcome: string) =>
      (check?.records ?? [])
        .filter((record) => record.outcome === outcome)
        .map(({ id }) => names.get(id) ?? id)
        .sort();
    return { outcome: check?.outcome ?? '', failing: of('fail'), unknown: of('unknown') };
  };
  const found = await Promise.all(CHECKS.map(async (name) => [name, await verdict(name)] as const));
  return Object.fromEntries(found);
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

function people({ people: all = [] }: Place, now: number): string {
  const rows = all.map(({ email, left }, index) =>
    [
      `p${index}`,
      email,
      left === undefined ? 'active' : 'left',
      '2020-01-01',
      left === undefined ? '' : day(now - left * 86_400),
      new Date(now * 1000).toISOString(),
    ].join(','),
  );
  return ['person_id,work_email,status,start,last_day,exported_at', ...rows, ''].join('\n');
}

const manifest = ({ endpoint, account, region, more = [], people: all = [] }: Place): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [${['iam-account', 'iam-roles', ...more].join(', ')}]
  settings:
    endpoint: ${endpoint}
    region: ${region}
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '${account}' }]
    identityCenter: { account: '${account}' }
    reportPoll: 0.1
${
  all.length === 0
    ? ''
    : `---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: exported_at }
    columns: { personId: person_id, workEmail: work_email, status: status, start: start, lastDay: last_day }
    statuses: { active: active, left: left }
`
}`;
