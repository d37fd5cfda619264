import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { makeWorld } from '../engine/world.ts';
import { type Estate as GitHubEstate, EMPTY } from '../collectors/github/estate.ts';
import { startStub as startGitHub } from '../collectors/github/stub.ts';
import {
  base as workspace,
  CUSTOMER,
  type Estate as GoogleEstate,
  SUBJECT,
  userOf,
} from '../collectors/google/estate.ts';
import { keyFile } from '../collectors/google/identities.ts';
import { startStub as startGoogle } from '../collectors/google/stub.ts';
import { expectedLeavers, plannedEstate, registerCsv } from '../estate/plan.ts';
import { type Emulator, startMoto } from './emulators.ts';
import { fillAws } from './fill-aws.ts';
import { type Cluster, startCluster } from './kubernetes-server.ts';

/**
 * 3,000 people with accounts in AWS (moto), GitHub (a stub of its published schema), Google Workspace (a stub) and Kubernetes (a real API
 * server), of whom 120 left: the checks of leavers must find what the plan's stories left open, nobody else, and nobody less.
 */
const plan = plannedEstate();
const all = [...plan.people.map(({ accounts }) => accounts), plan.strangers];

function fillAccount(peer: Emulator): Promise<void> {
  const read = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }] };
  return fillAws(peer, {
    policies: [{ name: 'staff-read', document: read, administrator: false }],
    groups: [{ name: 'staff', attached: ['staff-read'], inline: [] }],
    roles: [],
    users: all
      .flatMap(({ aws }) => aws)
      .map(({ name, password, key }) => ({
        name,
        created: 40,
        ...(password && { password: { signedIn: 3 } }),
        keys: key ? [{ created: 40, used: 3, active: true }] : [],
        groups: ['staff'],
        attached: [],
        inline: [],
      })),
  });
}

const github: GitHubEstate = {
  ...EMPTY,
  members: all
    .flatMap(({ github }) => github)
    .map((login, index) => ({ id: 1000 + index, login, secondFactor: true })),
};

const google: GoogleEstate = {
  ...workspace,
  users: [
    userOf('1', SUBJECT),
    ...all
      .flatMap(({ google }) => google)
      .map(({ address, suspended }, index) => userOf(String(100_000 + index), address, { suspended })),
  ],
  assignments: [],
  members: {},
  tokens: {},
  mobile: [],
  chromeos: [],
};

/** Bindings of users to `view`, as many at once as the API server likes, and a token that may list what `rbac` needs. */
async function fillCluster(cluster: Cluster): Promise<string> {
  const api = '/apis/rbac.authorization.k8s.io/v1';
  const bindings = all
    .flatMap(({ kubernetes }) => kubernetes)
    .map((name, index) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `view-${index}`, namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }],
    }));
  const rest = bindings.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const binding of rest)
        await cluster.call('POST', `${api}/namespaces/default/rolebindings`, binding);
    }),
  );
  const role: unknown = parse(await readFile('deploy/permissions/kubernetes-rbac.yaml', 'utf8'));
  const { metadata } = z.object({ metadata: z.object({ name: z.string() }) }).parse(role);
  await cluster.call('POST', `${api}/clusterroles`, z.looseObject({}).parse(role));
  await cluster.call('POST', `${api}/clusterrolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'annexa' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: 'annexa', namespace: 'default' }],
  });
  await cluster.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'annexa' },
  });
  const answer = await cluster.call('POST', '/api/v1/namespaces/default/serviceaccounts/annexa/token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  });
  return z.object({ status: z.object({ token: z.string() }) }).parse(answer).status.token;
}

interface Places {
  readonly aws: string;
  readonly github: string;
  readonly google: string;
}

const manifests = ({ aws, github, google }: Places): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [iam-identities]
  settings:
    endpoint: ${aws}
    credentials: { accessKeyId: { env: AWS }, secretAccessKey: { env: AWS } }
    accounts: [{ id: '123456789012' }]
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: github }
spec:
  plugin: github
  only: [members]
  settings: { organizations: [Acme], baseUrl: '${github}', auth: { token: { env: GITHUB } }, emailsFrom: [] }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: google }
spec:
  plugin: google
  only: [users]
  settings: { scope: ${CUSTOMER}, subject: '${SUBJECT}', credentials: { env: GOOGLE }, endpoint: '${google}' }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: kubernetes }
spec:
  plugin: kubernetes
  only: [rbac]
  settings: { cluster: prod, kubeconfig: { env: KUBECONFIG } }
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: exported }
    columns: { personId: id, workEmail: email, logins: { column: logins }, start: start, lastDay: last }
`;

test('120 of 3,000 people left: none of what they left open is missing, and none is false', async () => {
  await using moto = await startMoto({ secondFactor: true, keys: 0 }, false);
  await using cluster = await startCluster();
  await using hub = await startGitHub(github);
  await using workspaceStub = await startGoogle(google, { pageSize: 500 });
  const [token] = await Promise.all([fillCluster(cluster), fillAccount(moto)]);
  const now = Math.floor(Date.now() / 1000);
  await using world = await makeWorld({
    manifests: {
      'collectors.yaml': manifests({
        aws: moto.endpoint,
        github: hub.endpoint,
        google: workspaceStub.endpoint,
      }),
      'people.csv': registerCsv(plan, 'before', now),
    },
    builtin: true,
    env: { AWS: 'test', GITHUB: 'test', GOOGLE: keyFile(), KUBECONFIG: cluster.kubeconfig(token) },
  });
  world.now = now;
  await using opened = await world.open();
  const { agent } = opened;
  await agent.open();
  await agent.collectOnce();
  // Today's export: who left has a last day, and some are not listed any more.
  await world.write('people.csv', registerCsv(plan, 'today', now));
  world.now = Math.floor(Date.now() / 1000) + 5;
  await agent.collectOnce();

  const failed = (await agent.view.runs({ limit: 100 })).items
    .flatMap(({ datasets }) => datasets)
    .filter(({ reason }) => reason !== null);
  expect(failed).toEqual([]);
  const found: Record<string, readonly string[]> = {};
  for (const check of Object.keys(expectedLeavers(plan))) {
    const { records = [], outcome } = (await agent.view.check(check)) ?? {};
    expect([check, outcome]).toEqual([check, 'fail']);
    expect(records.filter((record) => record.outcome === 'unknown')).toEqual([]);
    found[check] = records
      .filter((record) => record.outcome === 'fail')
      .map(({ id }) => id.replace(/^hr:acme:(.*)#departure$/, '$1'))
      .sort();
  }
  expect(found).toEqual(expectedLeavers(plan));

  const nobodys = ((await agent.view.check('identity-owner'))?.records ?? []).filter(
    ({ outcome }) => outcome === 'fail',
  );
  const { aws, github: members, google: users, kubernetes } = plan.strangers;
  // The account that Google is asked as is nobody's either.
  expect(nobodys).toHaveLength(aws.length + members.length + users.length + kubernetes.length + 1);
});
