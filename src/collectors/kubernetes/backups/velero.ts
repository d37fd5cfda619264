import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { BackupJobRecord } from '../../../inventory/kinds/backup-job.ts';
import type { BackupPlanRecord } from '../../../inventory/kinds/backup-plan.ts';
import type { RestoreJobRecord } from '../../../inventory/kinds/restore-job.ts';
import { common, type Resource, type Work } from '../dataset.ts';
import { daysOf, time, wordIn } from '../fields.ts';
import { listAll, metadata } from '../list.ts';

const velero = (resource: string, kind: string): Resource => ({
  group: 'velero.io',
  version: 'v1',
  resource,
  kind,
});

const backupSpec = z.object({
  storageLocation: z.string().nullish(),
  ttl: z.string().nullish(),
});

const schedule = z.object({
  metadata,
  spec: z.object({ schedule: z.string(), paused: z.boolean().nullish(), template: backupSpec }),
  status: z
    .object({
      phase: z.enum(['New', 'Enabled', 'FailedValidation']).nullish(),
      lastBackup: time.nullish(),
    })
    .nullish(),
});

/** An outcome that is not known here is an error: it must not be taken for a good one. */
const BACKUP = {
  New: 'pending',
  Queued: 'pending',
  ReadyToStart: 'pending',
  FailedValidation: 'failed',
  InProgress: 'running',
  WaitingForPluginOperations: 'running',
  WaitingForPluginOperationsPartiallyFailed: 'running',
  Finalizing: 'running',
  FinalizingPartiallyFailed: 'running',
  Completed: 'completed',
  PartiallyFailed: 'partial',
  Failed: 'failed',
  Deleting: 'deleting',
} as const;

const RESTORE = {
  New: 'pending',
  FailedValidation: 'failed',
  InProgress: 'running',
  WaitingForPluginOperations: 'running',
  WaitingForPluginOperationsPartiallyFailed: 'running',
  Finalizing: 'running',
  FinalizingPartiallyFailed: 'running',
  Completed: 'completed',
  // What came back was not all.
  PartiallyFailed: 'failed',
  Failed: 'failed',
} as const;

const times = { startTimestamp: time.nullish(), completionTimestamp: time.nullish() };
const backup = z.object({
  metadata,
  spec: backupSpec,
  status: z.object({ phase: wordIn(BACKUP).nullish(), ...times }).nullish(),
});
const restore = z.object({
  metadata,
  spec: z.object({ backupName: z.string().nullish(), scheduleName: z.string().nullish() }),
  status: z.object({ phase: wordIn(RESTORE).nullish(), ...times }).nullish(),
});
type Backup = z.output<typeof backup>;
type Restore = z.output<typeof restore>;

/** Restores are listed before backups, so that the backup of each is seen unless it was deleted. */
export async function* collectVelero(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  yield* await listAll(work, velero('schedules', 'Schedule'), schedule, (object) => planRecord(work, object));
  const restores = await listAll(work, velero('restores', 'Restore'), restore, (object) => object);
  const resources = new Map<string, string>();
  const jobs = await listAll(work, velero('backups', 'Backup'), backup, (object) => {
    const resource = resourceOf(work, object);
    resources.set(pointOf(work, object.metadata.namespace, object.metadata.name), resource);
    return jobRecord(work, object, resource);
  });
  yield* jobs;
  for (const object of restores) yield restoreRecord(work, object, resources);
}

function nameOf({ config }: Work, resource: string, namespace: string, name: string): string {
  return `kubernetes:${config.cluster}:velero.io/${resource}/${namespace}/${name}`;
}

const pointOf = (work: Work, namespace: string, name: string): string =>
  nameOf(work, 'backups', namespace, name);
const planOf = (work: Work, namespace: string, name: string): string =>
  nameOf(work, 'schedules', namespace, name);

const scheduleIn = ({ labels }: Backup['metadata']): string => labels['velero.io/schedule-name'] ?? '';

/** What is backed up has no name of its own: it is what its schedule, or the one backup, takes in. */
function resourceOf(work: Work, { metadata }: Backup): string {
  const { namespace, name } = metadata;
  const by = scheduleIn(metadata);
  return by === '' ? pointOf(work, namespace, name) : planOf(work, namespace, by);
}

/** How long Velero keeps a backup of which nothing says it. */
const DEFAULT_DAYS = 30;

function planRecord(work: Work, { metadata, spec, status }: z.output<typeof schedule>): BackupPlanRecord {
  const { template } = spec;
  return {
    ...common(work, 'backup_plan', `schedule/${metadata.uid}`),
    resource: planOf(work, metadata.namespace, metadata.name),
    name: `${metadata.namespace}/${metadata.name}`,
    region: '',
    created_at: metadata.creationTimestamp,
    last_run_at: status?.lastBackup ?? null,
    // A schedule that is paused, or that Velero refuses, is applied to nothing.
    selections: spec.paused === true || status?.phase === 'FailedValidation' ? 0 : 1,
    rules: [
      {
        name: metadata.name,
        vault: template.storageLocation ?? '',
        schedule: spec.schedule,
        retention_days: retentionOf(template.ttl),
        copies: 0,
        copies_elsewhere: 0,
        continuous: false,
      },
    ],
  };
}

/** At least one day where it is kept for less: none would mean for ever. */
function retentionOf(ttl: string | null | undefined): number {
  const days = daysOf(ttl ?? '');
  return days === undefined ? DEFAULT_DAYS : Math.max(days, 1);
}

/** Undefined: it is on its way out. */
function jobRecord(
  work: Work,
  { metadata, spec, status }: Backup,
  resource: string,
): BackupJobRecord | undefined {
  const { namespace, name, uid } = metadata;
  const state = status?.phase ?? 'pending';
  if (state === 'deleting') return undefined;
  const by = scheduleIn(metadata);
  return {
    ...common(work, 'backup_job', `backup/${uid}`),
    resource,
    resource_type: 'namespaces',
    region: '',
    status: state,
    succeeded: state === 'completed',
    ended: state !== 'pending' && state !== 'running',
    started_at: status?.startTimestamp ?? metadata.creationTimestamp,
    ended_at: status?.completionTimestamp ?? null,
    bytes: null,
    vault: spec.storageLocation ?? '',
    plan: by === '' ? '' : planOf(work, namespace, by),
    point: pointOf(work, namespace, name),
    cause: '',
  };
}

function restoreRecord(
  work: Work,
  { metadata, spec, status }: Restore,
  resources: ReadonlyMap<string, string>,
): RestoreJobRecord {
  const { namespace, uid } = metadata;
  const point = pointOf(work, namespace, spec.backupName || `latest-of-${spec.scheduleName ?? ''}`);
  const by = spec.scheduleName ? planOf(work, namespace, spec.scheduleName) : '';
  const state = status?.phase ?? 'pending';
  const began = status?.startTimestamp ?? metadata.creationTimestamp;
  const ended = status?.completionTimestamp ?? null;
  return {
    ...common(work, 'restore_job', `restore/${uid}`),
    resource: resources.get(point) ?? by,
    point,
    resource_type: 'namespaces',
    region: '',
    status: state,
    succeeded: state === 'completed',
    ended: state !== 'pending' && state !== 'running',
    validation: 'none',
    tested: false,
    started_at: began,
    ended_at: ended,
    duration_seconds: ended === null ? null : Math.max(ended - began, 0),
    created: '',
  };
}
