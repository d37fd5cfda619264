import { AccessAnalyzerClient, ListAnalyzersCommand } from '@aws-sdk/client-accessanalyzer';
import {
  BackupClient,
  GetBackupVaultAccessPolicyCommand,
  ListBackupJobsCommand,
} from '@aws-sdk/client-backup';
import { CloudTrailClient, GetTrailStatusCommand } from '@aws-sdk/client-cloudtrail';
import { DescribeContinuousBackupsCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeMountTargetsCommand, EFSClient } from '@aws-sdk/client-efs';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  DescribeListenersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetFindingsCommand, GuardDutyClient } from '@aws-sdk/client-guardduty';
import { GetAccountSummaryCommand, GetCredentialReportCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { describe, expect, test } from 'vitest';
import { type Handlers, refuse, startStub, type StubOptions } from './stub.ts';

const at = new Date('2026-06-01T12:00:00Z');
const settings = (endpoint: string, region = 'eu-west-1') => ({
  endpoint,
  region,
  forcePathStyle: true,
  maxAttempts: 1,
  credentials: { accessKeyId: 'AKIAOWN', secretAccessKey: 'b', accountId: '123456789012' },
});
type Settings = ReturnType<typeof settings>;

/** What the command reads back of `output`, what the handler was asked, and how the call was recorded. */
async function exchange(
  operation: string,
  output: object,
  send: (settings: Settings) => Promise<object>,
): Promise<{
  readonly answer: object;
  readonly input: object | undefined;
  readonly calls: readonly object[];
}> {
  let input: object | undefined;
  const handlers: Handlers = {
    [operation]: (asked: object) => {
      input = asked;
      return output;
    },
  };
  await using stub = await startStub(handlers);
  const answer = await send(settings(stub.endpoint));
  return { answer, input, calls: stub.calls };
}

interface Case {
  readonly operation: string;
  readonly input: object;
  readonly output: object;
  readonly send: (settings: Settings) => Promise<object>;
}

const cases: readonly Case[] = [
  {
    operation: 'iam:GetAccountSummary',
    input: {},
    output: { SummaryMap: { Users: 3, AccountMFAEnabled: 1 } },
    send: (settings) => new IAMClient(settings).send(new GetAccountSummaryCommand({})),
  },
  {
    operation: 'iam:GetCredentialReport',
    input: {},
    output: { Content: new Uint8Array([117, 115]), ReportFormat: 'text/csv', GeneratedTime: at },
    send: (settings) => new IAMClient(settings).send(new GetCredentialReportCommand({})),
  },
  {
    operation: 'rds:DescribeDBInstances',
    input: { MaxRecords: 100, Filters: [{ Name: 'engine', Values: ['postgres', 'mysql'] }] },
    output: {
      DBInstances: [{ DBInstanceIdentifier: 'a<b>&"c"', StorageEncrypted: true, InstanceCreateTime: at }],
    },
    send: (settings) =>
      new RDSClient(settings).send(
        new DescribeDBInstancesCommand({
          MaxRecords: 100,
          Filters: [{ Name: 'engine', Values: ['postgres', 'mysql'] }],
        }),
      ),
  },
  {
    operation: 'elasticloadbalancing:DescribeListeners',
    input: { LoadBalancerArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1' },
    output: {
      Listeners: [{ ListenerArn: 'l', Port: 443, Protocol: 'HTTPS', Certificates: [{ IsDefault: true }] }],
      NextMarker: 'm',
    },
    send: (settings) =>
      new ElasticLoadBalancingV2Client(settings).send(
        new DescribeListenersCommand({
          LoadBalancerArn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1',
        }),
      ),
  },
  {
    operation: 'ec2:DescribeVolumes',
    input: {
      VolumeIds: ['vol-1', 'vol-2'],
      Filters: [{ Name: 'status', Values: ['in-use'] }],
      MaxResults: 500,
    },
    output: {
      Volumes: [
        { VolumeId: 'vol-1', Encrypted: false, Size: 8, CreateTime: at, Tags: [{ Key: 'a', Value: 'b' }] },
      ],
      NextToken: '1',
    },
    send: (settings) =>
      new EC2Client(settings).send(
        new DescribeVolumesCommand({
          VolumeIds: ['vol-1', 'vol-2'],
          Filters: [{ Name: 'status', Values: ['in-use'] }],
          MaxResults: 500,
        }),
      ),
  },
  {
    operation: 's3:ListBuckets',
    input: { MaxBuckets: 1000, BucketRegion: 'eu-west-1' },
    output: { Buckets: [{ Name: 'a', CreationDate: at, BucketRegion: 'eu-west-1' }], Owner: { ID: 'o' } },
    send: (settings) =>
      new S3Client(settings).send(new ListBucketsCommand({ MaxBuckets: 1000, BucketRegion: 'eu-west-1' })),
  },
  {
    operation: 's3:GetBucketEncryption',
    input: { Bucket: 'acme.data' },
    output: {
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true }],
      },
    },
    send: (settings) => new S3Client(settings).send(new GetBucketEncryptionCommand({ Bucket: 'acme.data' })),
  },
  {
    operation: 's3:GetBucketPolicy',
    input: { Bucket: 'acme' },
    output: { Policy: '{"Statement":[]}' },
    send: (settings) => new S3Client(settings).send(new GetBucketPolicyCommand({ Bucket: 'acme' })),
  },
  {
    operation: 's3:GetBucketVersioning',
    input: { Bucket: 'acme' },
    output: { Status: 'Enabled' },
    send: (settings) => new S3Client(settings).send(new GetBucketVersioningCommand({ Bucket: 'acme' })),
  },
  {
    operation: 's3:GetBucketLocation',
    input: { Bucket: 'acme' },
    output: { LocationConstraint: 'eu-west-1' },
    send: (settings) => new S3Client(settings).send(new GetBucketLocationCommand({ Bucket: 'acme' })),
  },
  {
    operation: 'backup:ListBackupJobs',
    input: { ByCreatedAfter: at, MaxResults: 1000, ByState: 'COMPLETED' },
    output: { BackupJobs: [{ BackupJobId: 'j', State: 'COMPLETED', CompletionDate: at, IsParent: false }] },
    send: (settings) =>
      new BackupClient(settings).send(
        new ListBackupJobsCommand({ ByCreatedAfter: at, MaxResults: 1000, ByState: 'COMPLETED' }),
      ),
  },
  {
    operation: 'backup:GetBackupVaultAccessPolicy',
    input: { BackupVaultName: 'a/b c' },
    output: { BackupVaultName: 'a/b c', Policy: '{}' },
    send: (settings) =>
      new BackupClient(settings).send(new GetBackupVaultAccessPolicyCommand({ BackupVaultName: 'a/b c' })),
  },
  {
    operation: 'eks:DescribeCluster',
    input: { name: 'prod' },
    output: {
      cluster: {
        name: 'prod',
        createdAt: at,
        encryptionConfig: [{ resources: ['secrets'] }],
        tags: { a: 'b' },
      },
    },
    send: (settings) => new EKSClient(settings).send(new DescribeClusterCommand({ name: 'prod' })),
  },
  {
    operation: 'elasticfilesystem:DescribeMountTargets',
    input: { FileSystemId: 'fs-1' },
    output: {
      MountTargets: [
        { MountTargetId: 'm', FileSystemId: 'fs-1', SubnetId: 's', LifeCycleState: 'available' },
      ],
    },
    send: (settings) =>
      new EFSClient(settings).send(new DescribeMountTargetsCommand({ FileSystemId: 'fs-1' })),
  },
  {
    operation: 'guardduty:GetFindings',
    input: { DetectorId: 'd1', FindingIds: ['f1', 'f2'] },
    output: {
      Findings: [
        {
          AccountId: '123456789012',
          Arn: 'arn',
          CreatedAt: '2026-06-01T12:00:00Z',
          Id: 'f1',
          Region: 'eu-west-1',
          Resource: {},
          SchemaVersion: '2.0',
          Severity: 8.5,
          Type: 'Recon',
          UpdatedAt: '2026-06-01T12:00:00Z',
        },
      ],
    },
    send: (settings) =>
      new GuardDutyClient(settings).send(
        new GetFindingsCommand({ DetectorId: 'd1', FindingIds: ['f1', 'f2'] }),
      ),
  },
  {
    operation: 'access-analyzer:ListAnalyzers',
    input: { maxResults: 100 },
    output: { analyzers: [{ arn: 'a', name: 'n', type: 'ACCOUNT', status: 'ACTIVE', createdAt: at }] },
    send: (settings) =>
      new AccessAnalyzerClient(settings).send(new ListAnalyzersCommand({ maxResults: 100 })),
  },
  {
    operation: 'dynamodb:DescribeContinuousBackups',
    input: { TableName: 't' },
    output: {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: {
          PointInTimeRecoveryStatus: 'ENABLED',
          EarliestRestorableDateTime: at,
        },
      },
    },
    send: (settings) =>
      new DynamoDBClient(settings).send(new DescribeContinuousBackupsCommand({ TableName: 't' })),
  },
  {
    operation: 'cloudtrail:GetTrailStatus',
    input: { Name: 'all' },
    output: { IsLogging: true, LatestDeliveryTime: at },
    send: (settings) => new CloudTrailClient(settings).send(new GetTrailStatusCommand({ Name: 'all' })),
  },
  {
    operation: 'tag:GetResources',
    input: { ResourcesPerPage: 100, TagFilters: [{ Key: 'backup', Values: ['yes'] }] },
    output: {
      PaginationToken: '',
      ResourceTagMappingList: [{ ResourceARN: 'arn', Tags: [{ Key: 'backup', Value: 'yes' }] }],
    },
    send: (settings) =>
      new ResourceGroupsTaggingAPIClient(settings).send(
        new GetResourcesCommand({ ResourcesPerPage: 100, TagFilters: [{ Key: 'backup', Values: ['yes'] }] }),
      ),
  },
];

test.concurrent.each(cases)('$operation is asked and answered as it was meant', async (entry) => {
  const { answer, input, calls } = await exchange(entry.operation, entry.output, entry.send);
  expect(input).toEqual(entry.input);
  expect(answer).toEqual({ ...entry.output, $metadata: expect.anything() });
  expect(calls).toEqual([{ operation: entry.operation, account: '123456789012', region: 'eu-west-1' }]);
});

const volumes = async (handlers: Handlers, options: StubOptions = {}, maxAttempts = 1) => {
  await using stub = await startStub(handlers, options);
  const client = new EC2Client({ ...settings(stub.endpoint), maxAttempts });
  return await client.send(new DescribeVolumesCommand({}));
};

describe('the model allows no answer that the service could not give', () => {
  test.each([
    ['a member that it does not know', { Volume: [] }, 'the model has no Volume'],
    [
      'a value of another type',
      { Volumes: [{ Encrypted: 'no' }] },
      "Encrypted: expected the model's type boolean",
    ],
    ['one value for a list', { Volumes: {} }, 'Volumes: expected a list'],
  ])('such as %s', async (_, output, message) => {
    await expect(volumes({ 'ec2:DescribeVolumes': () => output })).rejects.toMatchObject({
      suppressed: { name: 'StubMistake' },
      error: { message: expect.stringContaining(message) },
    });
  });

  test('such as one without a required member', async () => {
    await expect(
      exchange('guardduty:GetFindings', { Findings: [{ Id: 'f' }] }, (settings) =>
        new GuardDutyClient(settings).send(new GetFindingsCommand({ DetectorId: 'd', FindingIds: ['f'] })),
      ),
    ).rejects.toMatchObject({ error: { message: expect.stringContaining('AccountId is required') } });
  });
});

describe('an error', () => {
  const gone = () => {
    throw refuse('ResourceNotFoundException', 404);
  };
  test.each([
    ['iam:GetAccountSummary', (to: Settings) => new IAMClient(to).send(new GetAccountSummaryCommand({}))],
    ['ec2:DescribeVolumes', (to: Settings) => new EC2Client(to).send(new DescribeVolumesCommand({}))],
    [
      's3:GetBucketPolicy',
      (to: Settings) => new S3Client(to).send(new GetBucketPolicyCommand({ Bucket: 'a' })),
    ],
    [
      'eks:DescribeCluster',
      (to: Settings) => new EKSClient(to).send(new DescribeClusterCommand({ name: 'a' })),
    ],
    [
      'cloudtrail:GetTrailStatus',
      (to: Settings) => new CloudTrailClient(to).send(new GetTrailStatusCommand({ Name: 'a' })),
    ],
  ] as const)(
    'of %s has the name and the status that the handler gave; without a handler it is denied',
    async (operation, send) => {
      await using stub = await startStub({ [operation]: gone });
      await expect(send(settings(stub.endpoint))).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
      });
      await using other = await startStub({});
      await expect(send(settings(other.endpoint))).rejects.toMatchObject({
        name: expect.stringMatching(/^(AccessDenied(Exception)?|UnauthorizedOperation)$/),
      });
    },
  );
});

describe('an account', () => {
  test('is told from the credentials that its role gave', async () => {
    await using stub = await startStub({});
    const { Credentials: given } = await new STSClient(settings(stub.endpoint)).send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::210987654321:role/annexa', RoleSessionName: 'a' }),
    );
    const credentials = {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
    };
    const sts = new STSClient({ ...settings(stub.endpoint), credentials });
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: '210987654321' });
    expect(stub.calls.map(({ account }) => account)).toEqual(['123456789012', '210987654321']);
  });

  test('is refused when its session has had its calls', async () => {
    await using stub = await startStub({}, { callsPerSession: 1 });
    const { Credentials: given } = await new STSClient(settings(stub.endpoint)).send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::210987654321:role/annexa', RoleSessionName: 'a' }),
    );
    const credentials = {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
    };
    const sts = new STSClient({ ...settings(stub.endpoint), credentials });
    await sts.send(new GetCallerIdentityCommand({}));
    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
  });
});

test('a signature ten minutes off is refused, and the SDK mends its clock', async () => {
  const handlers = { 'ec2:DescribeVolumes': () => ({ Volumes: [] }) };
  const late = { clock: () => Date.now() - 600_000 };
  await expect(volumes(handlers, late)).rejects.toMatchObject({ name: 'AuthFailure' });
  await expect(volumes(handlers, late, 2)).resolves.toMatchObject({ Volumes: [] });
});

describe('a fault', () => {
  const handlers = { 'ec2:DescribeVolumes': () => ({ Volumes: [], NextToken: '1' }) };
  test('lasts as long as it is meant to, where it is meant to be', async () => {
    await using stub = await startStub(handlers, {
      faults: { '*': { kind: 'denied', times: 1, region: 'eu-west-1' } },
    });
    const send = (region: string) =>
      new EC2Client(settings(stub.endpoint, region)).send(new DescribeVolumesCommand({}));
    await expect(send('eu-north-1')).resolves.toBeDefined();
    await expect(send('eu-west-1')).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
    await expect(send('eu-west-1')).resolves.toBeDefined();
  });

  test.each([
    ['throttled', 'RequestLimitExceeded'],
    ['error', 'InternalError'],
    ['truncated', 'Error'],
    ['cut', 'Error'],
  ] as const)('%s is the error %s', async (kind, name) => {
    await expect(volumes(handlers, { faults: { 'ec2:DescribeVolumes': { kind } } })).rejects.toMatchObject({
      name,
    });
  });

  test('same-token leads back', async () => {
    const { NextToken } = await volumes(handlers, {
      faults: { 'ec2:DescribeVolumes': { kind: 'same-token' } },
    });
    expect(NextToken).toBe('again');
  });

  test('empty leaves nothing', async () => {
    const answer = await volumes(handlers, { faults: { 'ec2:DescribeVolumes': { kind: 'empty' } } });
    expect(answer).toEqual({ $metadata: expect.anything() });
  });
});
