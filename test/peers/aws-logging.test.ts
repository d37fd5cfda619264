import {
  CloudTrailClient,
  CreateTrailCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  ConfigServiceClient,
  PutConfigurationRecorderCommand,
  PutDeliveryChannelCommand,
  StartConfigurationRecorderCommand,
  StopConfigurationRecorderCommand,
} from '@aws-sdk/client-config-service';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { fails, pass, verdicts } from '../collectors/aws/logging-harness.ts';
import { collectAws } from '../collectors/aws-harness.ts';
import { corrected, type Correction } from './amended.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

const settings = (peer: Emulator, region = 'us-east-1') => ({
  endpoint: peer.endpoint,
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

interface Plan {
  readonly region?: string;
  readonly all?: boolean;
  readonly validated?: boolean;
  readonly logging?: boolean;
  readonly excluded?: string;
}

/** What each trail of the account is like. */
const TRAILS: Readonly<Record<string, Plan>> = {
  complete: { all: true, validated: true, logging: true },
  'bare-trail': { all: true, logging: true },
  'keyless-trail': { all: true, validated: true, logging: true, excluded: 'kms.amazonaws.com' },
  'stopped-trail': { all: true, validated: true },
  'local-trail': { region: 'eu-west-1', validated: true, logging: true },
};

async function fillTrails(peer: Emulator, names: readonly string[]): Promise<void> {
  const s3 = new S3Client({ ...settings(peer), forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'trails' }));
  for (const name of names) {
    const { region, all = false, validated = false, logging = false, excluded } = TRAILS[name]!;
    const cloudtrail = new CloudTrailClient(settings(peer, region));
    await cloudtrail.send(
      new CreateTrailCommand({
        Name: name,
        S3BucketName: 'trails',
        IsMultiRegionTrail: all,
        EnableLogFileValidation: validated,
      }),
    );
    // AWS gives each trail such a selector; moto gives it none.
    const EventSelectors = [
      {
        ReadWriteType: 'All' as const,
        IncludeManagementEvents: true,
        DataResources: [],
        ExcludeManagementEventSources: excluded === undefined ? [] : [excluded],
      },
    ];
    await cloudtrail.send(new PutEventSelectorsCommand({ TrailName: name, EventSelectors }));
    if (logging) await cloudtrail.send(new StartLoggingCommand({ Name: name }));
  }
}

async function fillRecorder(
  peer: Emulator,
  region: string,
  recordingGroup: object,
  running: boolean,
): Promise<void> {
  const config = new ConfigServiceClient(settings(peer, region));
  await config.send(
    new PutConfigurationRecorderCommand({
      ConfigurationRecorder: {
        name: 'default',
        roleARN: `arn:aws:iam::${peer.account}:role/recorder`,
        recordingGroup,
      },
    }),
  );
  await config.send(
    new PutDeliveryChannelCommand({ DeliveryChannel: { name: 'default', s3BucketName: 'trails' } }),
  );
  const name = { ConfigurationRecorderName: 'default' };
  await config.send(new StartConfigurationRecorderCommand(name));
  if (!running) await config.send(new StopConfigurationRecorderCommand(name));
}

/** Neither tells what became of deliveries: moto doesn't know the question, ministack answers with the channel's name alone. */
const DELIVERED: Readonly<Record<string, Correction>> = {
  DescribeDeliveryChannelStatus: () => ({
    DeliveryChannelsStatus: [{ name: 'default', configStreamDeliveryInfo: { lastStatus: 'SUCCESS' } }],
  }),
};

/** Both list the trails that the region shows; AWS lists those of every region. */
const listing = (peer: Emulator, names: readonly string[]): Readonly<Record<string, Correction>> => ({
  ListTrails: () => ({
    Trails: names.map((Name) => {
      const HomeRegion = TRAILS[Name]?.region ?? 'us-east-1';
      return { Name, HomeRegion, TrailARN: `arn:aws:cloudtrail:${HomeRegion}:${peer.account}:trail/${Name}` };
    }),
  }),
});

describe.each([
  ['moto', startMoto],
  ['ministack', startMinistack],
] as const)('%s', (_, start) => {
  test('trails of every region, and what they lack', async () => {
    await using peer = await start();
    const names = Object.keys(TRAILS);
    await fillTrails(peer, names);
    await using server = await corrected(peer, listing(peer, names));
    const { records } = await collectAws(server.endpoint, peer.account, 'cloudtrail');
    const native = (name: string) =>
      `${peer.account}:${peer.account}/${TRAILS[name]?.region ?? 'us-east-1'}/${name}`;
    const found = new Map(records.map((record) => [record.id.slice('aws:'.length), record]));
    expect([...found.keys()].sort()).toEqual(names.map(native).sort());
    for (const [name, { all = false, validated = false, logging = false, excluded }] of Object.entries(
      TRAILS,
    )) {
      expect(found.get(native(name))).toMatchObject({
        name,
        multi_region: all,
        readable: true,
        validated,
        logging,
        management_reads: excluded === undefined,
        management_writes: excluded === undefined,
        bucket: 'trails',
      });
    }
    const judged = await verdicts(
      server.endpoint,
      ['audit-trail-on', 'audit-trail-delivered', 'audit-trail-validated'],
      { datasets: ['cloudtrail', 'iam-account'], accounts: [peer.account], roles: false },
    );
    expect(judged['audit-trail-on']).toEqual(pass);
    expect(judged['audit-trail-validated']).toEqual(fails(native('bare-trail')));
    // ministack delivers nothing, and tells nothing.
    expect(judged['audit-trail-delivered']?.outcome).toBe(peer.name === 'moto' ? 'pass' : 'unknown');
  });

  test('an account that only a stopped trail, one without key use and one of a single region reach is not covered', async () => {
    await using peer = await start();
    const names = ['stopped-trail', 'keyless-trail', 'local-trail'];
    const judged = async (filled: readonly string[]) => {
      await using server = await corrected(peer, listing(peer, filled));
      return await verdicts(server.endpoint, ['audit-trail-on'], {
        datasets: ['cloudtrail', 'iam-account'],
        accounts: [peer.account],
        roles: false,
      });
    };
    const uncovered = { 'audit-trail-on': fails(`${peer.account}:account`) };
    expect(await judged([])).toEqual(uncovered);
    await fillTrails(peer, names);
    expect(await judged(names)).toEqual(uncovered);
  });

  test('recorders, region by region', async () => {
    await using peer = await start();
    const everything = { allSupported: true, includeGlobalResourceTypes: true };
    const some = {
      allSupported: false,
      includeGlobalResourceTypes: false,
      resourceTypes: ['AWS::EC2::Volume'],
    };
    await fillRecorder(peer, 'us-east-1', everything, true);
    await fillRecorder(peer, 'eu-west-1', everything, false);
    await fillRecorder(peer, 'eu-west-2', some, true);
    await using server = await corrected(peer, DELIVERED);
    const found = await verdicts(server.endpoint, ['configuration-history'], {
      datasets: ['config-recorder'],
      accounts: [peer.account],
      regions: ['us-east-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
      roles: false,
    });
    expect(found).toEqual({
      'configuration-history': fails(
        ...['eu-west-1', 'eu-west-2', 'eu-west-3'].map(
          (region) => `${peer.account}:${region}:config-recorder`,
        ),
      ),
    });
  });

  test('log groups of several pages, and those that keep too little', async () => {
    await using peer = await start();
    const logs = new CloudWatchLogsClient(settings(peer));
    const names = Array.from({ length: 60 }, (_, index) => `/app/${String(index).padStart(3, '0')}`);
    const short = new Set(['/app/007', '/app/055']);
    for (const logGroupName of names) {
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
      if (logGroupName === '/app/000') continue;
      const retentionInDays = short.has(logGroupName) ? 30 : 365;
      await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
    }
    const scope = `${peer.account}:us-east-1`;
    const { records, told } = await collectAws(peer.endpoint, peer.account, 'log-groups', { scope });
    expect(records.map(({ id }) => id).sort()).toEqual(names.map((name) => `aws:${scope}:${name}`));
    expect(told.calls.filter(({ operation }) => operation === 'logs:DescribeLogGroups')).toHaveLength(2);
    const found = await verdicts(peer.endpoint, ['log-retention'], {
      datasets: ['log-groups'],
      accounts: [peer.account],
      roles: false,
    });
    expect(found).toEqual({
      'log-retention': fails(...[...short].map((name) => `${scope}:${name}`)),
    });
  });
});
