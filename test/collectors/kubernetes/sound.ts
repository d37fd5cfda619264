import { container, type Estate, estate, meta } from './estate.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ANN = { kind: 'User', name: 'ann@example.org', apiGroup: 'rbac.authorization.k8s.io' };
const AGENT = { kind: 'ServiceAccount', name: 'agent', namespace: 'shop' };
const EVERYTHING = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];

const image = `registry.k8s.io/app@sha256:${'a'.repeat(64)}`;
const spec = {
  containers: [
    {
      ...container,
      image,
      securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false },
      resources: { limits: { memory: '1Gi' } },
    },
  ],
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    },
  ],
};
const template = { metadata: { labels: { app: 'web' } }, spec };
const REPLICATED = ['deployments', 'statefulsets', 'replicasets', 'daemonsets'];

/** The planted cluster in order: nothing that a check would find, as far as the API server can tell. `now`: Unix seconds. */
export function soundEstate(now: number): Estate {
  const all = estate();
  const lately = iso(now - 43_200);
  const change = (path: string, by: (object: object) => object, more: readonly object[] = []): void => {
    const list = all.get(path);
    if (list === undefined) throw new Error(`no list ${path}`);
    all.set(path, { ...list, objects: [...list.objects.map(by), ...more] });
  };
  const same = (object: object) => object;
  const bound = { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'all' } };
  const agents = { roleRef: { ...bound.roleRef, name: 'a' }, subjects: [AGENT] };
  change(`${RBAC}/clusterroles`, same, [{ metadata: meta('all', {}, ''), rules: EVERYTHING }]);
  change(`${RBAC}/clusterrolebindings`, same, [
    { metadata: meta('all', {}, ''), ...bound, subjects: [ANN] },
    { metadata: meta('agents', {}, ''), ...agents },
  ]);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', environment: 'production' };
  change('/api/v1/namespaces', (object) => ({ ...object, metadata: { ...metadataOf(object), labels } }));
  const policy = { podSelector: {}, policyTypes: ['Ingress'] };
  change(
    '/apis/networking.k8s.io/v1/networkpolicies',
    same,
    ['a', 'b', 'c', 'd'].map((name) => ({ metadata: meta('deny', {}, name), spec: policy })),
  );
  for (const plural of REPLICATED)
    change(`/apis/apps/v1/${plural}`, (object) => ({
      metadata: { ...metadataOf(object), labels: { tier: 'critical' } },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
    }));
  change('/api/v1/replicationcontrollers', (object) => ({ ...object, spec: { replicas: 1, template } }));
  change('/api/v1/pods', (object) => ({ ...object, spec }));
  change('/apis/batch/v1/cronjobs', (object) => ({
    ...object,
    spec: { schedule: '0 1 * * *', jobTemplate: { spec: { template } } },
    status: { lastScheduleTime: lately },
  }));
  const done = { startTime: lately, completionTime: lately };
  change('/apis/batch/v1/jobs', (object) => ({
    ...object,
    spec: { template },
    status: { ...done, conditions: [{ type: 'Complete', status: 'True' }] },
  }));
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Ready' }];
  const notAfter = iso(now + 60 * 86_400);
  change('/apis/cert-manager.io/v1/certificates', (object) => ({
    ...object,
    status: { conditions, notBefore: lately, notAfter },
  }));
  const ran = { phase: 'Completed', startTimestamp: lately, completionTimestamp: lately };
  change('/apis/velero.io/v1/schedules', (object) => ({
    ...object,
    status: { phase: 'Enabled', lastBackup: lately },
  }));
  for (const plural of ['backups', 'restores'])
    change(`/apis/velero.io/v1/${plural}`, (object) => ({ ...object, status: ran }));
  return all;
}

const iso = (instant: number): string => new Date(instant * 1000).toISOString().replace('.000Z', 'Z');

function metadataOf(object: object): object {
  return 'metadata' in object && typeof object.metadata === 'object' && object.metadata !== null
    ? object.metadata
    : {};
}
