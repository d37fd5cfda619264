type Fields = Readonly<Record<string, unknown>>;

/** The objects of each list, by its path. */
export type Estate = Map<
  string,
  { readonly apiVersion: string; readonly kind: string; readonly objects: readonly object[] }
>;

/** Metadata of an object that was made in 2026. */
export function meta(name: string, more: Fields = {}, namespace: string | undefined = 'shop'): object {
  return {
    name,
    ...(namespace === '' ? {} : { namespace }),
    uid: `uid-${namespace}-${name}`,
    creationTimestamp: '2026-01-02T03:04:05Z',
    ...more,
  };
}

export const container = { name: 'main', image: 'registry.example.org/app:1' };
export const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };
const time = '2026-11-01T00:00:00Z';

const names = ['a', 'b', 'c', 'd'] as const;
const four = (make: (name: string) => object): readonly object[] => names.map(make);
const spaced = (more: Fields) => four((name) => ({ metadata: meta(name), ...more }));
const unspaced = (more: Fields) => four((name) => ({ metadata: meta(name, {}, ''), ...more }));

const RBAC = 'rbac.authorization.k8s.io/v1';
const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
const bound = (kind: string) => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: 'a' },
  subjects: [{ kind: 'User', name: 'ann@example.org', apiGroup: 'rbac.authorization.k8s.io' }],
});

const nodeInfo = {
  kubeletVersion: 'v1.36.1',
  containerRuntimeVersion: 'containerd://2',
  osImage: 'x',
  kernelVersion: '6',
};

/** A cluster with four objects of each kind, so that there are two pages of two. */
export function estate(): Estate {
  const all: Estate = new Map();
  const add = (apiVersion: string, plural: string, kind: string, objects: readonly object[]): void => {
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    all.set(`${root}/${plural}`, { apiVersion, kind, objects });
  };
  add(RBAC, 'clusterroles', 'ClusterRole', unspaced({ rules }));
  add(RBAC, 'roles', 'Role', spaced({ rules }));
  add(RBAC, 'clusterrolebindings', 'ClusterRoleBinding', unspaced(bound('ClusterRole')));
  add(RBAC, 'rolebindings', 'RoleBinding', spaced(bound('Role')));
  add('v1', 'namespaces', 'Namespace', unspaced({ status: { phase: 'Active' } }));
  const policy = { podSelector: {}, policyTypes: ['Ingress'] };
  add('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy', spaced({ spec: policy }));
  add('v1', 'serviceaccounts', 'ServiceAccount', spaced({}));
  add(
    'v1',
    'limitranges',
    'LimitRange',
    spaced({ spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } }),
  );
  const replicated = { spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template } };
  add('apps/v1', 'deployments', 'Deployment', spaced(replicated));
  add('apps/v1', 'statefulsets', 'StatefulSet', spaced(replicated));
  add('apps/v1', 'replicasets', 'ReplicaSet', spaced(replicated));
  add(
    'apps/v1',
    'daemonsets',
    'DaemonSet',
    spaced({ spec: { selector: { matchLabels: { app: 'web' } }, template } }),
  );
  add('v1', 'replicationcontrollers', 'ReplicationController', spaced({ spec: { replicas: 1, template } }));
  add(
    'batch/v1',
    'cronjobs',
    'CronJob',
    four((name) => ({
      metadata: meta(name, { labels: { purpose: 'backup' } }),
      spec: { schedule: '0 1 * * *', jobTemplate: { spec: { template } } },
      status: { lastScheduleTime: time },
    })),
  );
  add(
    'batch/v1',
    'jobs',
    'Job',
    four((name) => ({
      metadata: meta(name, {
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'CronJob', name: 'a', uid: 'uid-shop-a', controller: true },
        ],
      }),
      spec: { template },
      status: { startTime: time, completionTime: time, conditions: [{ type: 'Complete', status: 'True' }] },
    })),
  );
  add('v1', 'pods', 'Pod', spaced({ spec: template.spec, status: { phase: 'Running' } }));
  add(
    'v1',
    'nodes',
    'Node',
    unspaced({ status: { nodeInfo, conditions: [{ type: 'Ready', status: 'True' }] } }),
  );
  const issued = {
    conditions: [{ type: 'Ready', status: 'True', reason: 'Ready' }],
    notBefore: time,
    notAfter: time,
  };
  add(
    'cert-manager.io/v1',
    'certificates',
    'Certificate',
    spaced({ spec: { dnsNames: ['x.example'] }, status: issued }),
  );
  const ran = { phase: 'Completed', startTimestamp: time, completionTimestamp: time };
  add(
    'velero.io/v1',
    'schedules',
    'Schedule',
    spaced({ spec: { schedule: '0 1 * * *', template: {} }, status: { phase: 'Enabled', lastBackup: time } }),
  );
  add('velero.io/v1', 'backups', 'Backup', spaced({ spec: {}, status: ran }));
  add('velero.io/v1', 'restores', 'Restore', spaced({ spec: { backupName: 'a' }, status: ran }));
  const source = { source: { persistentVolumeClaimName: 'data' } };
  add(
    'snapshot.storage.k8s.io/v1',
    'volumesnapshots',
    'VolumeSnapshot',
    spaced({ spec: source, status: { readyToUse: true, creationTime: time } }),
  );
  return all;
}

/** An estate in which the objects of one list are these. */
export function estateWith(path: string, ...objects: readonly object[]): Estate {
  const all = estate();
  const known = all.get(path);
  if (known === undefined) throw new Error(`no list ${path}`);
  return all.set(path, { ...known, objects });
}
