import {
  ListRestoreJobsCommand,
  type ListRestoreJobsOutput,
  type RestoreJobsListMember,
} from '@aws-sdk/client-backup';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RestoreJobRecord } from '../../../inventory/kinds/restore-job.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { backupOf, PAGE } from './client.ts';

const OPERATION = 'backup:ListRestoreJobs';
const DAY = 86_400;

/** AWS forgets jobs after some weeks; a restore is remembered for longer than the year within which most are to be repeated. */
const REMEMBERED = 400 * DAY;

const STATUS = {
  PENDING: 'pending',
  RUNNING: 'running',
  COMPLETED: 'completed',
  ABORTED: 'aborted',
  FAILED: 'failed',
} as const;

const VALIDATION = {
  VALIDATING: 'running',
  SUCCESSFUL: 'successful',
  FAILED: 'failed',
  TIMED_OUT: 'timed_out',
} as const;

const job = z.object({
  RestoreJobId: z.string().min(1),
  RecoveryPointArn: z.string().min(1),
  SourceResourceArn: z.string().nullish(),
  ResourceType: z.string().nullish(),
  Status: z
    .enum(['PENDING', 'RUNNING', 'COMPLETED', 'ABORTED', 'FAILED'])
    .transform((status) => STATUS[status]),
  ValidationStatus: z
    .enum(['VALIDATING', 'SUCCESSFUL', 'FAILED', 'TIMED_OUT'])
    .transform((status) => VALIDATION[status])
    .nullish(),
  CreationDate: moment,
  CompletionDate: moment.nullish(),
  CreatedResourceArn: z.string().nullish(),
  CreatedBy: z.object({ RestoreTestingPlanArn: z.string().nullish() }).nullish(),
});

/** What is needed of a record to remember it; the engine holds the whole of it against the kind's schema. */
const before = z.looseObject({
  kind: z.literal('restore_job'),
  id: z.string(),
  source: z.string(),
  scope: z.string(),
  started_at: z.int(),
});

/**
 * Every restore job that AWS tells of, then those of the last snapshot that it has forgotten, as they were when it told of them last. Notes
 * `listed` and `remembered`.
 */
export async function* collectRestores(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, provenance } = work;
  const fetch = (NextToken: string | undefined) =>
    session.call(OPERATION, (options) =>
      backupOf(session).send(new ListRestoreJobsCommand({ MaxResults: PAGE, NextToken }), options),
    );
  const seen = new Set<string>();
  for await (const page of pages<ListRestoreJobsOutput>(OPERATION, fetch, (page) => page.NextToken))
    for (const entry of listed(OPERATION, 'RestoreJobs', page.RestoreJobs)) {
      const record = jobRecord(work, entry);
      seen.add(record.id);
      yield record;
    }
  provenance.note('listed', seen.size);
  let remembered = 0;
  for await (const record of forgotten(work, seen)) {
    remembered += 1;
    yield record;
  }
  provenance.note('remembered', remembered);
}

async function* forgotten(
  { context, scope }: Work,
  seen: ReadonlySet<string>,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const previous = await context.previous('restore-jobs', scope);
  if (previous === undefined) return;
  const since = context.now() - REMEMBERED;
  for await (const record of previous.records) {
    const { data } = before.safeParse(record);
    if (data === undefined || data.scope !== scope)
      throw new CollectorError(
        'internal',
        'the last snapshot holds a record that is no restore job of the scope',
      );
    if (data.started_at >= since && !seen.has(data.id)) yield record;
  }
}

function jobRecord(work: Work, entry: RestoreJobsListMember): RestoreJobRecord {
  const told = read(OPERATION, entry.RestoreJobId ?? 'a job', job, entry);
  const validation = told.ValidationStatus ?? 'none';
  const over = told.Status !== 'pending' && told.Status !== 'running';
  const completed = told.CompletionDate ?? null;
  return {
    ...common(work, 'restore_job', told.RestoreJobId),
    resource: told.SourceResourceArn ?? '',
    point: told.RecoveryPointArn,
    resource_type: told.ResourceType ?? '',
    region: work.region,
    status: told.Status,
    succeeded: told.Status === 'completed' && (validation === 'none' || validation === 'successful'),
    ended: over && validation !== 'running',
    validation,
    tested: Boolean(told.CreatedBy?.RestoreTestingPlanArn),
    started_at: told.CreationDate,
    ended_at: completed,
    duration_seconds: completed === null ? null : Math.max(0, completed - told.CreationDate),
    created: told.CreatedResourceArn ?? '',
  };
}
