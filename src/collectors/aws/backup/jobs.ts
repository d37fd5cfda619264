import { ListBackupJobsCommand, type BackupJob, type ListBackupJobsOutput } from '@aws-sdk/client-backup';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { BackupJobRecord } from '../../../inventory/kinds/backup-job.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { backupOf, PAGE } from './client.ts';

const OPERATION = 'backup:ListBackupJobs';
const DAY = 86_400;

/** An outcome that is not known here is an error: it must not be taken for a good one. */
const STATUS = {
  CREATED: 'pending',
  PENDING: 'pending',
  RUNNING: 'running',
  ABORTING: 'running',
  COMPLETED: 'completed',
  PARTIAL: 'partial',
  FAILED: 'failed',
  ABORTED: 'aborted',
  EXPIRED: 'expired',
} as const;

const job = z.object({
  BackupJobId: z.string().min(1),
  ResourceArn: z.string().min(1),
  ResourceType: z.string().nullish(),
  State: z
    .enum([
      'CREATED',
      'PENDING',
      'RUNNING',
      'ABORTING',
      'COMPLETED',
      'PARTIAL',
      'FAILED',
      'ABORTED',
      'EXPIRED',
    ])
    .transform((state) => STATUS[state]),
  CreationDate: moment,
  CompletionDate: moment.nullish(),
  BackupSizeInBytes: z.int().nonnegative().nullish(),
  BackupVaultArn: z.string().nullish(),
  RecoveryPointArn: z.string().nullish(),
  CreatedBy: z.object({ BackupPlanArn: z.string().nullish() }).nullish(),
  ParentJobId: z.string().nullish(),
  MessageCategory: z.string().nullish(),
});

/**
 * The backup jobs created within the last `backup.jobDays` days, with their outcomes. A part of a job (of a stack, say) is told by the
 * job that it is a part of: that one is partial when a part of it failed. Notes `parts`, how many were left out for it.
 */
export async function* collectJobs(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, config, context, provenance } = work;
  const ByCreatedAfter = new Date((context.now() - config.backup.jobDays * DAY) * 1000);
  const fetch = (NextToken: string | undefined) =>
    session.call(OPERATION, (options) =>
      backupOf(session).send(
        new ListBackupJobsCommand({ ByCreatedAfter, MaxResults: PAGE, NextToken }),
        options,
      ),
    );
  let parts = 0;
  for await (const page of pages<ListBackupJobsOutput>(OPERATION, fetch, (page) => page.NextToken))
    for (const entry of listed(OPERATION, 'BackupJobs', page.BackupJobs)) {
      if (entry.ParentJobId) parts += 1;
      else yield jobRecord(work, entry);
    }
  provenance.note('parts', parts);
}

function jobRecord(work: Work, entry: BackupJob): BackupJobRecord {
  const told = read(OPERATION, entry.BackupJobId ?? 'a job', job, entry);
  // What was completed with a word of warning may lack a part of what was to be backed up.
  const category = told.MessageCategory ?? '';
  const cause = category.toUpperCase() === 'SUCCESS' ? '' : category;
  return {
    ...common(work, 'backup_job', told.BackupJobId),
    resource: told.ResourceArn,
    resource_type: told.ResourceType ?? '',
    region: work.region,
    status: told.State,
    succeeded: told.State === 'completed' && cause === '',
    ended: told.State !== 'pending' && told.State !== 'running',
    started_at: told.CreationDate,
    ended_at: told.CompletionDate ?? null,
    bytes: told.BackupSizeInBytes ?? null,
    vault: told.BackupVaultArn ?? '',
    plan: told.CreatedBy?.BackupPlanArn ?? '',
    point: told.RecoveryPointArn ?? '',
    cause,
  };
}
