import { z } from 'zod';
import { jobTemplate, type Labels, named, type Planted, type Spec } from './kubernetes-planted.ts';
import type { Cluster } from './kubernetes-server.ts';

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
