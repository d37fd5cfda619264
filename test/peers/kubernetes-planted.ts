import type { Cluster } from './kubernetes-server.ts';

export type Labels = Readonly<Record<string, string>>;
export type Spec = Readonly<Record<string, unknown>>;

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

export const named = (name: string, labels?: Labels, extra: Spec = {}): object => ({
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
export const jobTemplate = { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } };

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
