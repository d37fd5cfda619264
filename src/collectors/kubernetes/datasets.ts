import { ALWAYS, type KubernetesDataset } from './dataset.ts';

/** What a dataset lists, in the words of its permissions. */
const lists = (...permissions: readonly string[]) => ({
  operations: [...ALWAYS.operations, ...permissions],
  permissions: [...ALWAYS.permissions, ...permissions],
});

const RBAC = 'list rbac.authorization.k8s.io';

/** Every dataset of Kubernetes. */
export const datasets: readonly KubernetesDataset[] = [
  {
    name: 'rbac',
    kinds: ['identity', 'role_grant', 'role_binding'],
    cadence: 'every 1h',
    ...lists(`${RBAC}/clusterrolebindings`, `${RBAC}/rolebindings`, `${RBAC}/clusterroles`, `${RBAC}/roles`),
    load: async () => (await import('./rbac/collect.ts')).collectRbac,
  },
  {
    name: 'namespaces',
    kinds: ['namespace'],
    cadence: 'every 1h',
    ...lists('list namespaces', 'list networking.k8s.io/networkpolicies'),
    load: async () => (await import('./namespaces.ts')).collectNamespaces,
  },
  {
    name: 'workloads',
    kinds: ['workload'],
    cadence: 'every 1h',
    ...lists(
      'list networking.k8s.io/networkpolicies',
      'list serviceaccounts',
      'list limitranges',
      'list apps/deployments',
      'list apps/statefulsets',
      'list apps/daemonsets',
      'list apps/replicasets',
      'list replicationcontrollers',
      'list batch/cronjobs',
      'list batch/jobs',
      'list pods',
    ),
    maxShrink: 0.9,
    load: async () => (await import('./workloads/collect.ts')).collectWorkloads,
  },
  {
    name: 'images',
    kinds: ['container_image'],
    cadence: 'every 1h',
    ...lists('list pods'),
    maxShrink: 0.9,
    load: async () => (await import('./workloads/images.ts')).collectImages,
  },
  {
    name: 'nodes',
    kinds: ['node'],
    cadence: 'every 4h',
    operations: [...ALWAYS.operations, 'get /version', 'list nodes'],
    permissions: [...ALWAYS.permissions, 'list nodes'],
    maxShrink: 0.9,
    load: async () => (await import('./nodes.ts')).collectNodes,
  },
  {
    name: 'cluster-certificates',
    kinds: ['certificate'],
    cadence: 'every 4h',
    ...lists('list cert-manager.io/certificates'),
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./certificates.ts')).collectCertificates,
  },
  {
    name: 'velero',
    kinds: ['backup_plan', 'backup_job', 'restore_job'],
    cadence: 'every 1h',
    ...lists('list velero.io/schedules', 'list velero.io/backups', 'list velero.io/restores'),
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./backups/velero.ts')).collectVelero,
  },
  {
    name: 'volume-snapshots',
    kinds: ['recovery_point'],
    cadence: 'every 4h',
    ...lists('list snapshot.storage.k8s.io/volumesnapshots'),
    minRecords: 0,
    maxShrink: 1,
    load: async () => (await import('./backups/volume-snapshots.ts')).collectVolumeSnapshots,
  },
  {
    name: 'backup-cronjobs',
    kinds: ['backup_plan', 'backup_job'],
    needs: 'backups',
    cadence: 'every 1h',
    ...lists('list batch/cronjobs', 'list batch/jobs'),
    maxShrink: 0.9,
    load: async () => (await import('./backups/cron-jobs.ts')).collectCronJobs,
  },
];
