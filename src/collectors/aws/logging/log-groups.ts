import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { z } from 'zod';
import type { LogStoreRecord } from '../../../inventory/kinds/log-store.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import type { Session } from '../session.ts';

const OPERATION = 'logs:DescribeLogGroups';

const groupSchema = z.object({
  logGroupName: z.string().min(1),
  arn: z.string().min(1),
  logGroupArn: z.string().min(1).optional(),
  logGroupClass: z.string().optional(),
  /** Absent: events never expire. */
  retentionInDays: z.int().positive().optional(),
  kmsKeyId: z.string().optional(),
  storedBytes: z.int().nonnegative().optional(),
  deletionProtectionEnabled: z.boolean().optional(),
});

export const logGroups: AwsWorker = {
  collect,
  probes: {
    [OPERATION]: ({ session }) => clientOf(session).send(new DescribeLogGroupsCommand({ limit: 1 })),
  },
};

const clientOf = (session: Session): CloudWatchLogsClient => session.client('logs', CloudWatchLogsClient);

/** Every log group of the region. */
async function* collect(work: Work): AsyncGenerator<LogStoreRecord, void, undefined> {
  const { session } = work;
  const fetch = (nextToken: string | undefined) =>
    session.call(OPERATION, (options) =>
      clientOf(session).send(new DescribeLogGroupsCommand({ limit: 50, nextToken }), options),
    );
  for await (const page of pages(OPERATION, fetch, ({ nextToken }) => nextToken))
    for (const group of listed(OPERATION, 'logGroups', page.logGroups))
      yield recordOf(work, read(OPERATION, group.logGroupName ?? 'a log group', groupSchema, group));
}

function recordOf(work: Work, group: z.output<typeof groupSchema>): LogStoreRecord {
  // What only passes through to another store is kept for one day, whatever else is said of it.
  const passing = group.logGroupClass === 'DELIVERY';
  return {
    ...common(work, 'log_store', group.logGroupName),
    resource: group.logGroupArn ?? group.arn.replace(/:\*$/, ''),
    name: group.logGroupName,
    region: work.region,
    retention_days: passing ? 1 : (group.retentionInDays ?? 0),
    encryption_key: group.kmsKeyId ?? '',
    bytes: group.storedBytes ?? null,
    deletion_protected: group.deletionProtectionEnabled ?? null,
  };
}
