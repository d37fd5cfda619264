import type { Asked, Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Where the trails of the estate live, in turn. */
const HOMES = ['us-east-1', 'eu-central-1'];

export interface StubTrail {
  readonly TrailARN: string;
  readonly HomeRegion: string;
  readonly IsMultiRegionTrail: boolean;
  readonly [member: string]: unknown;
}

export function trailOf(account: string, name: string, home = 'us-east-1', more: object = {}): StubTrail {
  return {
    Name: name,
    S3BucketName: `${name}-${account}`,
    IncludeGlobalServiceEvents: true,
    IsMultiRegionTrail: true,
    HomeRegion: home,
    TrailARN: `arn:aws:cloudtrail:${home}:${account}:trail/${name}`,
    LogFileValidationEnabled: true,
    CloudWatchLogsLogGroupArn: `arn:aws:logs:${home}:${account}:log-group:trails:*`,
    CloudWatchLogsRoleArn: `arn:aws:iam::${account}:role/trails`,
    KmsKeyId: `arn:aws:kms:${home}:${account}:key/11111111-2222-3333-4444-555555555555`,
    HasCustomEventSelectors: true,
    HasInsightSelectors: false,
    IsOrganizationTrail: false,
    ...more,
  };
}

/** Whether a region shows a trail: its own, and those of every region. */
export const shows = (region: string, trail: StubTrail): boolean =>
  trail.IsMultiRegionTrail || trail.HomeRegion === region;

/** Trails of every region that take everything and deliver; in each region a recorder that works, and log groups kept for 400 days. */
export function loggingEstate({ now, size = 5, pageSize = 2 }: EstateOptions): Handlers {
  const trails = (account: string) =>
    Array.from({ length: 3 }, (_, index) => trailOf(account, `trail-${index}`, HOMES[index % HOMES.length]));
  return {
    'cloudtrail:ListTrails': ({ NextToken }: { NextToken?: string }, { account, missing }: Asked) => {
      const { items, next } = pageOf(trails(account), pageSize, NextToken, missing);
      return {
        Trails: items.map(({ TrailARN, HomeRegion }) => ({ TrailARN, HomeRegion })),
        NextToken: next,
      };
    },
    'cloudtrail:DescribeTrails': (_: object, { account, region }: Asked) => ({
      trailList: trails(account).filter((trail) => shows(region, trail)),
    }),
    'cloudtrail:GetTrailStatus': () => ({
      IsLogging: true,
      LatestDeliveryTime: new Date(now - HOUR),
      LatestDigestDeliveryTime: new Date(now - HOUR),
      StartLoggingTime: new Date(now - 300 * DAY),
    }),
    'cloudtrail:GetEventSelectors': ({ TrailName }: { TrailName: string }) => ({
      TrailARN: TrailName,
      EventSelectors: [
        {
          ReadWriteType: 'All',
          IncludeManagementEvents: true,
          DataResources: [],
          ExcludeManagementEventSources: [],
        },
      ],
    }),
    ...recorderOf(now),
    'logs:DescribeLogGroups': (
      { nextToken, limit = 50 }: { nextToken?: string; limit?: number },
      { account, region, missing }: Asked,
    ) => {
      const groups = Array.from({ length: size }, (_, index) =>
        groupOf(account, region, `/app/${index}`, now),
      );
      const { items, next } = pageOf(groups, Math.min(pageSize, limit), nextToken, missing);
      return { logGroups: items, nextToken: next };
    },
  };
}

export function groupOf(
  account: string,
  region: string,
  name: string,
  now: number,
  more: object = {},
): object {
  const arn = `arn:aws:logs:${region}:${account}:log-group:${name}`;
  return {
    logGroupName: name,
    creationTime: now - 300 * DAY,
    retentionInDays: 400,
    metricFilterCount: 0,
    arn: `${arn}:*`,
    logGroupArn: arn,
    storedBytes: 4096,
    logGroupClass: 'STANDARD',
    ...more,
  };
}

function recorderOf(now: number): Handlers {
  return {
    'config:DescribeConfigurationRecorders': (_: object, { account, region }: Asked) => ({
      ConfigurationRecorders: [
        {
          arn: `arn:aws:config:${region}:${account}:configuration-recorder/default/abcdefgh`,
          name: 'default',
          roleARN: `arn:aws:iam::${account}:role/recorder`,
          recordingGroup: { allSupported: true, includeGlobalResourceTypes: false, resourceTypes: [] },
        },
      ],
    }),
    'config:DescribeConfigurationRecorderStatus': () => ({
      ConfigurationRecordersStatus: [{ name: 'default', recording: true, lastStatus: 'SUCCESS' }],
    }),
    'config:DescribeDeliveryChannelStatus': () => ({
      DeliveryChannelsStatus: [
        {
          name: 'default',
          configHistoryDeliveryInfo: { lastStatus: 'SUCCESS', lastSuccessfulTime: new Date(now - HOUR) },
          configStreamDeliveryInfo: { lastStatus: 'SUCCESS' },
        },
      ],
    }),
  };
}
