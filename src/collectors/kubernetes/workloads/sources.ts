import { z } from 'zod';
import type { WorkloadRecord } from '../../../inventory/kinds/workload.ts';
import type { Resource, Work } from '../dataset.ts';
import { listAll, metadata } from '../list.ts';
import { podSpec, template, type PodSpec } from './pod-spec.ts';
import { type Traits, traitsOf } from './traits.ts';

type Metadata = z.output<typeof metadata>;

/** One workload, as far as its own object tells. */
export interface Source {
  readonly type: WorkloadRecord['type'];
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its pods: what network policies look at. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly replicas: number | null;
  readonly traits: Traits;
}

const APPS = { group: 'apps', version: 'v1' } as const;
const BATCH = { group: 'batch', version: 'v1' } as const;
const count = z
  .int()
  .nonnegative()
  .nullish()
  .transform((value) => value ?? 1);

const replicated = z.object({ metadata, spec: z.object({ replicas: count, template }) });
const onNodes = z.object({ metadata, spec: z.object({ template }) });
const jobSpec = z.object({ parallelism: count, template });
const ended = z.array(z.object({ type: z.string(), status: z.string() })).nullish();
const job = z.object({ metadata, spec: jobSpec, status: z.object({ conditions: ended }).nullish() });
const cronJob = z.object({ metadata, spec: z.object({ jobTemplate: z.object({ spec: jobSpec }) }) });
const pod = z.object({
  metadata,
  spec: podSpec,
  status: z.object({ phase: z.string().default('') }).nullish(),
});

/**
 * Everything that declares containers, each once: what another listed object declares (the jobs of a CronJob, the replica sets of a
 * Deployment, the pods of any of them) is told by that one. What an object of another kind declares is told itself.
 */
export async function* sourcesOf(work: Work): AsyncGenerator<readonly Source[], void, undefined> {
  const many = (resource: Resource, type: Source['type'], owner?: string) =>
    listAll(work, resource, replicated, ({ metadata, spec: { replicas, template } }) =>
      isOf(metadata, owner)
        ? undefined
        : source(type, metadata, template.metadata?.labels, replicas, template.spec),
    );
  yield await many({ ...APPS, resource: 'deployments', kind: 'Deployment' }, 'deployment');
  yield await many({ ...APPS, resource: 'statefulsets', kind: 'StatefulSet' }, 'stateful_set');
  yield await listAll(
    work,
    { ...APPS, resource: 'daemonsets', kind: 'DaemonSet' },
    onNodes,
    ({ metadata, spec: { template } }) =>
      source('daemon_set', metadata, template.metadata?.labels, null, template.spec),
  );
  yield await many(
    { ...APPS, resource: 'replicasets', kind: 'ReplicaSet' },
    'replica_set',
    'apps/Deployment',
  );
  yield await many(
    { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController' },
    'replication_controller',
  );
  yield await listAll(
    work,
    { ...BATCH, resource: 'cronjobs', kind: 'CronJob' },
    cronJob,
    ({ metadata, spec: { jobTemplate } }) => {
      const { parallelism, template } = jobTemplate.spec;
      return source('cron_job', metadata, template.metadata?.labels, parallelism, template.spec);
    },
  );
  yield await listAll(
    work,
    { ...BATCH, resource: 'jobs', kind: 'Job' },
    job,
    ({ metadata, spec: { parallelism, template }, status }) =>
      isOf(metadata, 'batch/CronJob') || hasEnded(status?.conditions)
        ? undefined
        : source('job', metadata, template.metadata?.labels, parallelism, template.spec),
  );
  yield await listAll(
    work,
    { group: '', version: 'v1', resource: 'pods', kind: 'Pod' },
    pod,
    ({ metadata, spec, status }) =>
      PODS_OF.some((owner) => isOf(metadata, owner)) || isOver(status?.phase)
        ? undefined
        : source('pod', metadata, metadata.labels, 1, spec),
  );
}

/** Whose pods are told by a listed object's template. */
const PODS_OF = [
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/Job',
  '/ReplicationController',
] as const;

/** Whether its controller is of the kind, given with its group. */
function isOf({ ownerReferences }: Pick<Metadata, 'ownerReferences'>, owner: string | undefined): boolean {
  return ownerReferences.some(({ controller, kind, apiVersion }) => {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    return controller && `${group}/${kind}` === owner;
  });
}

const isOver = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

function hasEnded(conditions: z.output<typeof ended>): boolean {
  return (conditions ?? []).some(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}

function source(
  type: Source['type'],
  { uid, name, namespace, labels }: Metadata,
  podLabels: Readonly<Record<string, string>> | null | undefined,
  replicas: number | null,
  spec: PodSpec,
): Source {
  return { type, uid, name, namespace, labels, podLabels: podLabels ?? {}, replicas, traits: traitsOf(spec) };
}
