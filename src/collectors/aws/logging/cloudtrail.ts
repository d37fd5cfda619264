import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  ListTrailsCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { z } from 'zod';
import type { AuditTrailRecord } from '../../../inventory/kinds/audit-trail.ts';
import { ahead } from '../../ahead.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { takenBy } from './selectors.ts';

const arn = z.string().regex(/^arn:[\w-]+:cloudtrail:[a-z0-9-]+:\d{12}:trail\/.+$/);

const trailSchema = z.object({
  TrailARN: arn,
  Name: z.string().min(1),
  HomeRegion: z.string().min(1),
  S3BucketName: z.string().min(1),
  IsMultiRegionTrail: z.boolean(),
  IsOrganizationTrail: z.boolean(),
  IncludeGlobalServiceEvents: z.boolean(),
  LogFileValidationEnabled: z.boolean(),
  CloudWatchLogsLogGroupArn: z.string().optional(),
  KmsKeyId: z.string().optional(),
});
type KnownTrail = z.output<typeof trailSchema>;

const statusSchema = z.object({
  IsLogging: z.boolean(),
  LatestDeliveryTime: moment.optional(),
  LatestDeliveryError: z.string().optional(),
  LatestDigestDeliveryError: z.string().optional(),
  LatestCloudWatchLogsDeliveryError: z.string().optional(),
});

export const cloudtrail: AwsWorker = {
  collect,
  probes: {
    'cloudtrail:ListTrails': ({ session }) => clientOf(session).send(new ListTrailsCommand({})),
    'cloudtrail:DescribeTrails': ({ session }) => clientOf(session).send(new DescribeTrailsCommand({})),
    'cloudtrail:GetTrailStatus': (work) =>
      ofAnyTrail(work, (client, TrailName) => client.send(new GetTrailStatusCommand({ Name: TrailName }))),
    'cloudtrail:GetEventSelectors': (work) =>
      ofAnyTrail(work, (client, TrailName) => client.send(new GetEventSelectorsCommand({ TrailName }))),
  },
};

const clientOf = (session: Session, region?: string): CloudTrailClient =>
  session.client('cloudtrail', CloudTrailClient, region);

/** Without a trail of the account's own there is nothing to ask about: the permission is not needed either. */
async function ofAnyTrail(
  work: Work,
  ask: (client: CloudTrailClient, trail: string) => Promise<unknown>,
): Promise<void> {
  const { Trails = [] } = await clientOf(work.session).send(new ListTrailsCommand({}));
  const own = Trails.find(({ TrailARN }) => TrailARN !== undefined && ownerOf(TrailARN) === work.account.id);
  if (own?.TrailARN !== undefined) await ask(clientOf(work.session, own.HomeRegion), own.TrailARN);
}

/** The account's trails of every region, and those of its organisation that reach it. */
async function* collect(work: Work): AsyncGenerator<AuditTrailRecord, void, undefined> {
  yield* ahead(await trails(work), 8, (trail) => recordOf(work, trail));
}

/**
 * Trails of every region and of the organisation show in any region; those of one region elsewhere must be described there.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html
 */
async function trails(work: Work): Promise<readonly KnownTrail[]> {
  const { session, region } = work;
  const known = new Map<string, KnownTrail>();
  const describe = async (where: string): Promise<void> => {
    for (const trail of await describeTrails(session, where)) known.set(trail.TrailARN, trail);
  };
  await describe(region);
  const homes = new Map<string, string>();
  for (const { TrailARN, HomeRegion } of await listTrails(session)) homes.set(TrailARN, HomeRegion);
  for (const [trail, home] of homes) if (!known.has(trail)) await describe(home);
  // Deleted in between, or still in the making: what the second look doesn't show is not there.
  return [...known.values()];
}

async function describeTrails(session: Session, region: string): Promise<readonly KnownTrail[]> {
  const operation = 'cloudtrail:DescribeTrails';
  const { trailList } = await session.call(operation, (options) =>
    clientOf(session, region).send(new DescribeTrailsCommand({ includeShadowTrails: true }), options),
  );
  return listed(operation, 'trailList', trailList).map((trail: Trail) =>
    read(operation, trail.TrailARN ?? 'a trail', trailSchema, trail),
  );
}

const infoSchema = z.object({ TrailARN: arn, HomeRegion: z.string().min(1) });

async function listTrails(session: Session): Promise<readonly z.output<typeof infoSchema>[]> {
  const operation = 'cloudtrail:ListTrails';
  const found: z.output<typeof infoSchema>[] = [];
  const fetch = (NextToken: string | undefined) =>
    session.call(operation, (options) =>
      clientOf(session).send(new ListTrailsCommand({ NextToken }), options),
    );
  for await (const page of pages(operation, fetch, ({ NextToken }) => NextToken))
    for (const info of listed(operation, 'Trails', page.Trails))
      found.push(read(operation, info.TrailARN ?? 'a trail', infoSchema, info));
  return found;
}

/** The account of an ARN. */
const ownerOf = (trail: string): string => trail.split(':')[4] ?? '';

async function recordOf(work: Work, trail: KnownTrail): Promise<AuditTrailRecord> {
  const owner = ownerOf(trail.TrailARN);
  const whole = {
    ...common(work, 'audit_trail', `${owner}/${trail.HomeRegion}/${trail.Name}`),
    resource: trail.TrailARN,
    name: trail.Name,
    region: trail.HomeRegion,
    account: owner,
    organisation_wide: trail.IsOrganizationTrail,
    multi_region: trail.IsMultiRegionTrail,
    bucket: trail.S3BucketName,
    encryption_key: trail.KmsKeyId ?? '',
  };
  // Only the account that a trail belongs to may ask what it takes.
  if (owner !== work.account.id)
    return { ...whole, ...UNREADABLE, validated: trail.LogFileValidationEnabled };
  const status = await statusOf(work.session, trail);
  const taken = await selectorsOf(work.session, trail);
  const global = trail.IncludeGlobalServiceEvents;
  return {
    ...whole,
    readable: true,
    logging: status.IsLogging,
    validated: trail.LogFileValidationEnabled && !said(status.LatestDigestDeliveryError),
    management_reads: taken.reads && global,
    management_writes: taken.writes && global,
    data_events: taken.data,
    searchable: said(trail.CloudWatchLogsLogGroupArn) && !said(status.LatestCloudWatchLogsDeliveryError),
    last_delivered_at: status.LatestDeliveryTime ?? null,
    delivery_failed: said(status.LatestDeliveryError),
  };
}

const UNREADABLE = {
  readable: false,
  logging: false,
  management_reads: false,
  management_writes: false,
  data_events: false,
  searchable: false,
  last_delivered_at: null,
  delivery_failed: false,
} as const;

const said = (text: string | undefined): boolean => text !== undefined && text !== '';

async function statusOf(session: Session, { TrailARN, HomeRegion }: KnownTrail) {
  const operation = 'cloudtrail:GetTrailStatus';
  const answer = await session.call(operation, (options) =>
    clientOf(session, HomeRegion).send(new GetTrailStatusCommand({ Name: TrailARN }), options),
  );
  return read(operation, TrailARN, statusSchema, answer);
}

async function selectorsOf(session: Session, { TrailARN, HomeRegion }: KnownTrail) {
  const answer = await session.call('cloudtrail:GetEventSelectors', (options) =>
    clientOf(session, HomeRegion).send(new GetEventSelectorsCommand({ TrailName: TrailARN }), options),
  );
  return takenBy(TrailARN, answer);
}
