import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { BackupJobRecord } from '../../../inventory/kinds/backup-job.ts';
import type { BackupPlanRecord } from '../../../inventory/kinds/backup-plan.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { time } from '../fields.ts';
import { listAll, metadata } from '../list.ts';
import { matches } from '../selector.ts';

const BATCH = { group: 'batch', version: 'v1' } as const;

const cronJob = z.object({
  metadata,
  spec: z.object({ suspend: z.boolean().nullish() }),
  status: z.object({ lastScheduleTime: time.nullish() }).nullish(),
});

const job = z.object({
  metadata,
  spec: z.object({ suspend: z.boolean().nullish() }),
  status: z
    .object({
      startTime: time.nullish(),
      completionTime: time.nullish(),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: time.nullish() }))
        .nullish(),
    })
    .nullish(),
});
type Job = z.output<typeof job>;

/** The CronJobs that the settings choose, and the jobs of theirs that the cluster still keeps. CronJobs come first: a job belongs to one that was there. */
export async function* collectCronJobs(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const selector = work.config.backups?.cronJobSelector;
  if (selector === undefined) throw new CollectorError('configuration', 'expected backups in the settings');
  const plans = new Map<string, string>();
  yield* await listAll(
    work,
    { ...BATCH, resource: 'cronjobs', kind: 'CronJob' },
    cronJob,
    (object): BackupPlanRecord | undefined => {
      if (!matches(selector, object.metadata.labels)) return undefined;
      const record = planRecord(work, object);
      plans.set(object.metadata.uid, record.resource);
      return record;
    },
  );
  yield* await listAll(work, { ...BATCH, resource: 'jobs', kind: 'Job' }, job, (object) => {
    const owner = object.metadata.ownerReferences.find(({ controller }) => controller);
    const plan = plans.get(owner?.uid ?? '');
    return plan === undefined ? undefined : jobRecord(work, object, plan);
  });
}

function planRecord(work: Work, { metadata, spec, status }: z.output<typeof cronJob>): BackupPlanRecord {
  const { namespace, name, uid, creationTimestamp } = metadata;
  return {
    ...common(work, 'backup_plan', `cronjob/${uid}`),
    resource: `kubernetes:${work.config.cluster}:batch/cronjobs/${namespace}/${name}`,
    name: `${namespace}/${name}`,
    region: '',
    created_at: creationTimestamp,
    last_run_at: status?.lastScheduleTime ?? null,
    // One that is suspended is applied to nothing.
    selections: spec.suspend === true ? 0 : 1,
    // How long what it makes is kept is in its own program.
    rules: [],
  };
}

function jobRecord(work: Work, { metadata, spec, status }: Job, plan: string): BackupJobRecord {
  const holds = (wanted: string) =>
    status?.conditions?.find((condition) => condition.type === wanted && condition.status === 'True');
  const failed = holds('Failed');
  const complete = failed === undefined && holds('Complete') !== undefined;
  const waiting = status?.startTime === undefined || status.startTime === null || spec.suspend === true;
  const state = failed !== undefined ? 'failed' : complete ? 'completed' : waiting ? 'pending' : 'running';
  return {
    ...common(work, 'backup_job', `job/${metadata.uid}`),
    // What a job backs up is in its own program: it stands for its CronJob.
    resource: plan,
    resource_type: 'cronjob',
    region: '',
    status: state,
    succeeded: complete,
    ended: complete || failed !== undefined,
    started_at: status?.startTime ?? metadata.creationTimestamp,
    ended_at: status?.completionTime ?? failed?.lastTransitionTime ?? null,
    bytes: null,
    vault: '',
    plan,
    point: '',
    cause: '',
  };
}
