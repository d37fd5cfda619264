import { z } from 'zod';
import type { Cluster } from './kubernetes-server.ts';

type Labels = Readonly<Record<string, string>>;
type Spec = Readonly<Record<string, unknown>>;

const DIGEST = `sha256:${'a'.repeat(64)}`;
const PINNED = `registry.k8s.io/app@${DIGEST}`;

const SAFE = { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** A pod's specification that every check is content with, but for what is said otherwise. */
function podSpec(container: Spec = {}, pod: Spec = {}): Spec {
  const resources = { limits: { memory: '64Mi' } };
  return {
    serviceAccountName: 'app',
    containers: [{ name: 'main', image: PINNED, securityContext: SAFE, resources, ...container }],
    ...pod,
  };
}

const spread = (whenUnsatisfiable: string): Spec => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable, labelSelector: {} },
  ],
});

export interface Planted {
  readonly path: string;
  readonly body: object;
}

const named = (name: string, labels?: Labels, extra: Spec = {}): object => ({
  metadata: { name, ...(labels === undefined ? {} : { labels }), ...extra },
});

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const rule = (apiGroups: string, resources: string, verbs: string): object => ({
  apiGroups: [apiGroups],
  resources: resources.split(' '),
  verbs: verbs.split(' '),
});
const role = (name: string, ...rules: readonly object[]): Planted => ({
  path: `${RBAC}/clusterroles`,
  body: { ...named(name), rules },
});

type Subject = readonly [kind: 'User' | 'Group' | 'ServiceAccount', name: string, namespace?: string];

function binding(
  name: string,
  to: string,
  [kind, subject, of]: Subject,
  namespace?: string,
  labels?: Labels,
): Planted {
  return {
    path:
      namespace === undefined
        ? `${RBAC}/clusterrolebindings`
        : `${RBAC}/namespaces/${namespace}/rolebindings`,
    body: {
      ...named(name, labels),
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: to },
      subjects: [
        kind === 'ServiceAccount'
          ? { kind, name: subject, namespace: of }
          : { kind, name: subject, apiGroup: 'rbac.authorization.k8s.io' },
      ],
    },
  };
}

const enforced = (level: string, environment?: string): Labels => ({
  'pod-security.kubernetes.io/enforce': level,
  ...(environment === undefined ? {} : { environment }),
});
const NAMESPACES: Readonly<Record<string, Labels>> = {
  shop: enforced('restricted', 'production'),
  trial: enforced('privileged', 'test'),
  bad: {},
  opened: enforced('baseline'),
  ci: enforced('baseline'),
};
const namespaces = Object.entries(NAMESPACES).map(([name, labels]): Planted => ({
  path: '/api/v1/namespaces',
  body: named(name, labels),
}));

const deny = (namespace: string, name: string, spec: Spec): Planted => ({
  path: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
  body: { ...named(name), spec },
});

const bindings: readonly Planted[] = [
  role('everything', rule('*', '*', '*')),
  role('all-of-pods', rule('', 'pods', '*')),
  role('binder', rule('rbac.authorization.k8s.io', 'clusterroles', 'bind')),
  role('shell', rule('', 'pods/exec', 'create')),
  role('secrets', rule('', 'secrets', 'list')),
  role('reader', rule('', 'configmaps', 'get')),
  binding('admin-ann', 'cluster-admin', ['User', 'ann@example.org']),
  binding('admin-bob', 'cluster-admin', ['User', 'bob@example.org']),
  binding('admin-eve', 'everything', ['User', 'eve@example.org']),
  binding('admin-platform', 'cluster-admin', ['Group', 'platform']),
  binding('admin-deployer', 'everything', ['ServiceAccount', 'deployer', 'ci']),
  // The label that the API server gives its own bindings hides nothing.
  binding('admin-hidden', 'cluster-admin', ['User', 'hal@example.org'], undefined, {
    'kubernetes.io/bootstrapping': 'rbac-defaults',
  }),
  binding('wild', 'all-of-pods', ['User', 'wil@example.org']),
  binding('shop-all', 'everything', ['User', 'sue@example.org'], 'shop'),
  binding('binder', 'binder', ['User', 'bea@example.org']),
  ...[1, 2, 3, 4].map((n) => binding(`shell-${n}`, 'shell', ['User', `shell${n}@example.org`], 'shop')),
  ...[1, 2, 3, 4, 5].map((n) => binding(`secrets-${n}`, 'secrets', ['User', `secrets${n}@example.org`])),
  binding('for-all', 'reader', ['Group', 'system:authenticated']),
  binding('for-default', 'reader', ['ServiceAccount', 'default', 'shop'], 'shop'),
  binding('dangling', 'nowhere', ['User', 'dan@example.org']),
];

const policies: readonly Planted[] = [
  deny('shop', 'deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
  deny('opened', 'deny-all', { podSelector: {}, policyTypes: ['Ingress'] }),
  deny('opened', 'allow-all', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] }),
  deny('bad', 'some', {
    podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['lonely'] }] },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: {} }] }],
  }),
];

const selector = (app: string): object => ({ selector: { matchLabels: { app } } });
const template = (app: string, spec: Spec): object => ({ template: { metadata: { labels: { app } }, spec } });
const apps = (
  resource: string,
  namespace: string,
  name: string,
  spec: Spec,
  extra: Spec = {},
  labels: Labels = {},
  meta: Spec = {},
): Planted => ({
  path: `/apis/apps/v1/namespaces/${namespace}/${resource}`,
  body: { ...named(name, labels, meta), spec: { ...selector(name), ...template(name, spec), ...extra } },
});
const owner = (apiVersion: string, kind: string, name: string): Spec => ({
  ownerReferences: [
    { apiVersion, kind, name, uid: `00000000-0000-0000-0000-${name.padStart(12, '0')}`, controller: true },
  ],
});
const pod = (namespace: string, name: string, spec: Spec, labels: Labels = {}, meta: Spec = {}): Planted => ({
  path: `/api/v1/namespaces/${namespace}/pods`,
  body: { ...named(name, { app: name, ...labels }, meta), spec },
});

const critical = { tier: 'critical' };
const jobTemplate = { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } };

const workloads: readonly Planted[] = [
  apps('deployments', 'shop', 'web', podSpec({}, spread('DoNotSchedule')), { replicas: 3 }, critical),
  apps('deployments', 'shop', 'one', podSpec({}, spread('DoNotSchedule')), { replicas: 1 }, critical),
  apps('deployments', 'shop', 'together', podSpec(), { replicas: 3 }, critical),
  apps('statefulsets', 'shop', 'db', podSpec({}, spread('ScheduleAnyway')), { replicas: 2 }, critical),
  apps(
    'deployments',
    'bad',
    'privileged',
    podSpec({ securityContext: { privileged: true, runAsNonRoot: true } }),
  ),
  apps('daemonsets', 'bad', 'node-network', podSpec({}, { hostNetwork: true })),
  apps('deployments', 'bad', 'node-pid', podSpec({}, { hostPID: true })),
  apps(
    'statefulsets',
    'bad',
    'node-path',
    podSpec({}, { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] }),
  ),
  apps(
    'deployments',
    'bad',
    'capable',
    podSpec({ securityContext: { ...SAFE, capabilities: { add: ['NET_ADMIN'] } } }),
  ),
  apps(
    'deployments',
    'bad',
    'rooted',
    podSpec({ securityContext: { ...SAFE, runAsNonRoot: false, runAsUser: 0 } }),
  ),
  apps(
    'deployments',
    'bad',
    'image-decides',
    podSpec({ securityContext: { allowPrivilegeEscalation: false } }),
  ),
  apps('deployments', 'bad', 'unlimited', podSpec({ resources: {} })),
  apps('deployments', 'bad', 'lonely', podSpec()),
  // What others declare is told by those; what an unknown kind declares is told itself.
  apps('replicasets', 'shop', 'web-5d', podSpec(), {}, {}, owner('apps/v1', 'Deployment', 'web')),
  apps(
    'replicasets',
    'bad',
    'rollout-1',
    podSpec(),
    {},
    {},
    owner('argoproj.io/v1alpha1', 'Rollout', 'rollout'),
  ),
  pod(
    'shop',
    'web-5d-1',
    restricted(),
    { 'pod-template-hash': '5d' },
    owner('apps/v1', 'ReplicaSet', 'web-5d'),
  ),
  pod('bad', 'bare', podSpec()),
  pod(
    'bad',
    'tagged',
    podSpec({ image: 'quay.io/someone/tool:latest' }),
    {},
    owner('example.org/v1', 'Thing', 'thing'),
  ),
  {
    path: '/apis/batch/v1/namespaces/shop/cronjobs',
    body: { ...named('nightly', { purpose: 'backup' }), spec: { schedule: '0 3 * * *', jobTemplate } },
  },
  {
    path: '/apis/batch/v1/namespaces/shop/cronjobs',
    body: { ...named('other'), spec: { schedule: '0 3 * * *', jobTemplate } },
  },
  {
    path: '/apis/batch/v1/namespaces/bad/jobs',
    body: { ...named('once'), ...jobTemplate },
  },
];

/** The level restricted asks for a seccomp profile, too. */
function restricted(): Spec {
  return podSpec({ image: 'nginx:1' }, { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } });
}

const nodes: readonly Planted[] = ['new', 'old', 'ahead', 'odd'].map((name) => ({
  path: '/api/v1/nodes',
  body: named(name, { 'topology.kubernetes.io/zone': `zone-${name}` }),
}));

const CRDS = [
  ['cert-manager.io', 'certificates', 'Certificate'],
  ['velero.io', 'schedules', 'Schedule'],
  ['velero.io', 'backups', 'Backup'],
  ['velero.io', 'restores', 'Restore'],
  ['snapshot.storage.k8s.io', 'volumesnapshots', 'VolumeSnapshot'],
] as const;

/** A definition that keeps what it is given. */
function definition([group, plural, kind]: (typeof CRDS)[number]): Planted {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: {
      ...named(`${plural}.${group}`, undefined, {
        annotations: { 'api-approved.kubernetes.io': 'unapproved, of a test' },
      }),
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    },
  };
}

function custom(
  [group, plural, kind]: (typeof CRDS)[number],
  name: string,
  spec: Spec,
  status: Spec,
  labels: Labels = {},
): Planted {
  return {
    path: `/apis/${group}/v1/namespaces/shop/${plural}`,
    body: { apiVersion: `${group}/v1`, kind, ...named(name, labels), spec, status },
  };
}

/** Objects of the kinds that others install, with the fields that are read. `ago` gives a time so many hours before. */
function extras(ago: (hours: number) => string): readonly Planted[] {
  const [certificates, schedules, backups, restores, snapshots] = CRDS;
  const certificate = (name: string, hours: number, ready: string, more: Spec = {}) =>
    custom(
      certificates,
      name,
      { secretName: name, dnsNames: [`${name}.example.org`] },
      {
        conditions: [{ type: 'Ready', status: ready, reason: ready === 'True' ? 'Ready' : 'Expired' }],
        notBefore: ago(900),
        notAfter: ago(hours),
        ...more,
      },
    );
  const nightly = { 'velero.io/schedule-name': 'nightly' };
  const backup = (name: string, phase: string, hours: number, labels: Labels = nightly) =>
    custom(
      backups,
      name,
      { storageLocation: 'default', ttl: '720h0m0s' },
      { phase, startTimestamp: ago(hours), completionTimestamp: ago(hours - 1) },
      labels,
    );
  const restore = (name: string, of: string, phase: string, hours: number, took = 1) =>
    custom(
      restores,
      name,
      { backupName: of },
      { phase, startTimestamp: ago(hours), completionTimestamp: ago(hours - took) },
    );
  return [
    certificate('fine', -2000, 'True'),
    certificate('ending', -100, 'True'),
    certificate('gone', 10, 'False'),
    certificate('stuck', -2000, 'True', { lastFailureTime: ago(5) }),
    custom(
      schedules,
      'nightly',
      { schedule: '0 1 * * *', template: { ttl: '720h0m0s' } },
      { phase: 'Enabled', lastBackup: ago(30) },
    ),
    custom(schedules, 'paused', { schedule: '0 1 * * *', paused: true, template: {} }, { phase: 'Enabled' }),
    backup('failed-once', 'Failed', 60),
    backup('good', 'Completed', 30),
    backup('partial', 'PartiallyFailed', 60, {}),
    backup('hanging', 'InProgress', 40, {}),
    restore('tried', 'good', 'PartiallyFailed', 20),
    restore('again', 'good', 'Completed', 15, 9),
    restore('broken', 'partial', 'Failed', 20),
    custom(
      snapshots,
      'ready',
      { source: { persistentVolumeClaimName: 'data' } },
      { readyToUse: true, creationTime: ago(5) },
    ),
    custom(
      snapshots,
      'unready',
      { source: { persistentVolumeClaimName: 'data' } },
      { readyToUse: false, error: { message: 'x' } },
    ),
  ];
}

const kubelet = (version: string): object => ({
  status: {
    nodeInfo: {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: '6.1',
      osImage: 'Test',
      containerRuntimeVersion: 'containerd://2.0.0',
      kubeletVersion: version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Test',
        message: '',
        lastHeartbeatTime: null,
        lastTransitionTime: null,
      },
    ],
  },
});

/** What the API server has built in. */
export async function plant(cluster: Cluster): Promise<void> {
  for (const { path, body } of [...namespaces, ...policies, ...bindings, ...workloads, ...nodes])
    await cluster.call('POST', path, body);
  const versions = { new: 'v1.36.3', old: 'v1.31.9', ahead: 'v1.37.0', odd: 'dev' };
  for (const [name, version] of Object.entries(versions))
    await cluster.call('PATCH', `/api/v1/nodes/${name}/status`, kubelet(version));
  await cluster.call('PATCH', '/api/v1/namespaces/shop/pods/web-5d-1/status', {
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'main',
          image: 'nginx:1',
          imageID: `docker.io/library/nginx@${DIGEST}`,
          ready: true,
          restartCount: 0,
        },
      ],
    },
  });
}

/** What others install. */
export async function plantExtras(cluster: Cluster, ago: (hours: number) => string): Promise<void> {
  for (const crd of CRDS) await cluster.call('POST', definition(crd).path, definition(crd).body);
  for (const [group, plural] of CRDS) await cluster.served(`/apis/${group}/v1/${plural}`);
  for (const { path, body } of extras(ago)) await cluster.call('POST', path, body);
}

const uidOf = z.object({ metadata: z.object({ uid: z.string() }) });

/** Jobs of the CronJob that makes backups, one that failed and a later one that didn't. */
export async function plantJobs(cluster: Cluster, ago: (hours: number) => string): Promise<void> {
  const jobs = '/apis/batch/v1/namespaces/shop/jobs';
  const { uid } = uidOf.parse(
    await cluster.call('GET', '/apis/batch/v1/namespaces/shop/cronjobs/nightly'),
  ).metadata;
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid, controller: true },
  ];
  const conditions = (...types: readonly string[]) =>
    types.map((type) => ({ type, status: 'True', lastTransitionTime: ago(1), lastProbeTime: ago(1) }));
  const ends = {
    'nightly-1': { startTime: ago(50), failed: 1, conditions: conditions('FailureTarget', 'Failed') },
    'nightly-2': {
      startTime: ago(26),
      completionTime: ago(25),
      succeeded: 1,
      conditions: conditions('SuccessCriteriaMet', 'Complete'),
    },
  };
  for (const [name, status] of Object.entries(ends)) {
    await cluster.call('POST', jobs, { ...named(name, {}, { ownerReferences }), ...jobTemplate });
    await cluster.call('PATCH', `${jobs}/${name}/status`, { status });
  }
  await cluster.call('PATCH', '/apis/batch/v1/namespaces/shop/cronjobs/nightly/status', {
    status: { lastScheduleTime: ago(26) },
  });
}
