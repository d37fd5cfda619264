import {
  BackupClient,
  CreateBackupPlanCommand,
  CreateBackupSelectionCommand,
  CreateBackupVaultCommand,
  PutBackupVaultLockConfigurationCommand,
  StartBackupJobCommand,
  UpdateBackupPlanCommand,
} from '@aws-sdk/client-backup';
import { CreateVolumeCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateFileSystemCommand, EFSClient } from '@aws-sdk/client-efs';
import { CreateBucketCommand, PutBucketTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { verdictsOf } from '../collectors/aws/backup-verdicts.ts';
import { collectAws } from '../collectors/aws-harness.ts';
import { fronted } from './aws-backup-front.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

const REGION = 'eu-west-1';
const OTHER = 'us-east-1';
const DAY = 86_400;
const required = [{ Key: 'backup', Value: 'required' }];

function clients(endpoint: string, region = REGION) {
  const settings = {
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  return {
    backup: new BackupClient(settings),
    ec2: new EC2Client(settings),
    efs: new EFSClient(settings),
    s3: new S3Client(settings),
  };
}
type Clients = ReturnType<typeof clients>;

const document = (BackupPlanName: string) => ({
  BackupPlanName,
  Rules: [
    { RuleName: 'nightly', TargetBackupVaultName: 'main', Lifecycle: { DeleteAfterDays: 35 } },
    {
      RuleName: 'weekly',
      TargetBackupVaultName: 'main',
      CopyActions: [
        { DestinationBackupVaultArn: 'arn:aws:backup:eu-central-1:111111111111:backup-vault:far' },
      ],
    },
  ],
});

async function createPlan({ backup }: Clients, name: string, selected: boolean): Promise<string> {
  const { BackupPlanId: id = '' } = await backup.send(
    new CreateBackupPlanCommand({ BackupPlan: document(name) }),
  );
  if (selected)
    await backup.send(
      new CreateBackupSelectionCommand({
        BackupPlanId: id,
        BackupSelection: { SelectionName: 'tagged', IamRoleArn: 'arn:aws:iam::111111111111:role/backup' },
      }),
    );
  return id;
}

interface Made {
  readonly volumes: Readonly<Record<string, string>>;
  readonly instance: string;
  readonly files: string;
}

/** One resource of each type that must be backed up, one that need not be, and buckets. */
async function createResources({ ec2, efs, s3 }: Clients): Promise<Made> {
  const volume = async (Tags: typeof required) => {
    const tagging =
      Tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: 'volume' as const, Tags }] };
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 1, ...tagging }),
    );
    return VolumeId;
  };
  const volumes = { tagged: await volume(required), untagged: await volume([]) };
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: 'instance', Tags: required }],
    }),
  );
  const { FileSystemArn = '' } = await efs.send(new CreateFileSystemCommand({ CreationToken: 'files' }));
  for (const Bucket of ['plain', 'tagged']) {
    await s3.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }),
    );
    if (Bucket === 'tagged')
      await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: required } }));
  }
  return { volumes, instance: Instances?.[0]?.InstanceId ?? '', files: FileSystemArn };
}

const arnOf = ({ account }: Emulator, tail: string): string => `arn:aws:ec2:${REGION}:${account}:${tail}`;

const DATASETS = ['backup-plans', 'backup-jobs', 'restore-jobs', 'recovery-points', 'protected-resources'];
const CHECKS = [
  'backup-plans-run',
  'backup-vault-lock',
  'backup-jobs-succeed',
  'backup-jobs-end',
  'backup-coverage',
  'backup-recovery-point',
  'backup-restore-tested',
  'backup-restore-jobs-succeed',
  'backup-points-encrypted',
];

describe('ministack', () => {
  test('jobs that succeeded are no backup when no recovery point is there: every verdict as planted', async () => {
    await using peer = await startMinistack();
    const made = clients(peer.endpoint);
    await peer.setClock(100);
    await made.backup.send(new CreateBackupVaultCommand({ BackupVaultName: 'main' }));
    await made.backup.send(new CreateBackupVaultCommand({ BackupVaultName: 'unused' }));
    const idle = await createPlan(made, 'idle', true);
    const bare = await createPlan(made, 'bare', false);
    const running = await createPlan(made, 'running', true);
    const { volumes, instance, files } = await createResources(made);
    await peer.setClock(0);
    // By ministack, an update is a run.
    for (const [id, name] of [
      [running, 'running'],
      [bare, 'bare'],
    ] as const)
      await made.backup.send(new UpdateBackupPlanCommand({ BackupPlanId: id, BackupPlan: document(name) }));
    const tagged = arnOf(peer, `volume/${volumes['tagged']}`);
    const machine = arnOf(peer, `instance/${instance}`);
    for (const ResourceArn of [tagged, machine])
      await made.backup.send(
        new StartBackupJobCommand({
          BackupVaultName: 'main',
          ResourceArn,
          IamRoleArn: 'arn:aws:iam::111111111111:role/b',
        }),
      );
    await clients(peer.endpoint, OTHER).ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: `${OTHER}a`, Size: 1 }),
    );
    await using front = await fronted(peer);
    const place = { endpoint: front.endpoint, account: peer.account, regions: [REGION, OTHER] };
    const found = await verdictsOf(place, DATASETS, CHECKS);
    const required = [tagged, machine, files, 'arn:aws:s3:::tagged'].sort();
    const none = { unknown: [], failing: [] };
    expect(
      Object.fromEntries(
        Object.entries(found).map(([check, { outcome, failing, unknown }]) => [
          check,
          { outcome, failing, unknown },
        ]),
      ),
    ).toEqual({
      'backup-plans-run': {
        ...none,
        outcome: 'fail',
        failing: [bare, idle].map((id) => `${REGION}:plan/${id}`).sort(),
      },
      'backup-vault-lock': { ...none, outcome: 'fail', failing: [`${REGION}:vault/main`] },
      'backup-jobs-succeed': { ...none, outcome: 'pass' },
      'backup-jobs-end': { ...none, outcome: 'not_applicable' },
      'backup-coverage': { ...none, outcome: 'fail', failing: required },
      'backup-recovery-point': { ...none, outcome: 'fail', failing: required },
      'backup-restore-tested': { ...none, outcome: 'fail', failing: required },
      'backup-restore-jobs-succeed': { ...none, outcome: 'not_applicable' },
      'backup-points-encrypted': { ...none, outcome: 'not_applicable' },
    });
  });

  test('an account where nothing was ever backed up passes nothing', async () => {
    await using peer = await startMinistack();
    const place = { endpoint: peer.endpoint, account: peer.account, regions: [REGION] };
    const found = await verdictsOf(place, DATASETS, CHECKS);
    expect(new Set(Object.values(found).map(({ outcome }) => outcome))).toEqual(
      new Set(['unknown', 'not_applicable']),
    );
    expect(found['backup-jobs-succeed']?.outcome).toBe('unknown');
    expect(found['backup-coverage']?.outcome).toBe('unknown');
  });
});

describe('moto', () => {
  test('plans, vaults with their locks, and what can be backed up are told as they were made', async () => {
    await using peer = await startMoto();
    const made = clients(peer.endpoint);
    const start = Math.floor(Date.now() / 1000);
    await peer.setClock(30);
    for (const BackupVaultName of ['open', 'soft', 'hard'])
      await made.backup.send(new CreateBackupVaultCommand({ BackupVaultName }));
    await made.backup.send(
      new PutBackupVaultLockConfigurationCommand({ BackupVaultName: 'soft', MinRetentionDays: 9 }),
    );
    await made.backup.send(
      new PutBackupVaultLockConfigurationCommand({
        BackupVaultName: 'hard',
        MinRetentionDays: 7,
        MaxRetentionDays: 90,
        ChangeableForDays: 3,
      }),
    );
    const id = await createPlan(made, 'nightly', false);
    const { volumes, instance, files } = await createResources(made);
    await peer.setClock(0);
    await using front = await fronted(peer);
    const scope = `${peer.account}:${REGION}`;
    const told = async (dataset: string) =>
      Object.fromEntries(
        (await collectAws(front.endpoint, peer.account, dataset, { scope })).records.map((record) => [
          record.id.slice(`aws:${scope}:`.length),
          record,
        ]),
      );
    const thirtyDaysAgo = expect.toSatisfy((at: number) => Math.abs(at - (start - 30 * DAY)) < 600);
    const plans = await told('backup-plans');
    expect(Object.keys(plans).sort()).toEqual(
      ['vault/open', 'vault/soft', 'vault/hard', `plan/${id}`].sort(),
    );
    expect(plans).toMatchObject({
      'vault/open': { locked: false, lock_final: false, min_retention_days: null },
      'vault/soft': { locked: true, lock_final: false, min_retention_days: 9 },
      'vault/hard': { locked: true, lock_final: true, min_retention_days: 7, max_retention_days: 90 },
      [`plan/${id}`]: {
        name: 'nightly',
        created_at: thirtyDaysAgo,
        last_run_at: null,
        selections: 2,
        rules: [
          { name: 'nightly', vault: 'main', retention_days: 35, copies: 0 },
          { name: 'weekly', retention_days: 0, copies: 1, copies_elsewhere: 1 },
        ],
      },
    });
    const resources = await told('protected-resources');
    const fileSystem = files.split('/')[1] ?? '';
    expect(resources).toMatchObject({
      [volumes['tagged'] ?? '']: {
        type: 'volume',
        created_at: thirtyDaysAgo,
        tags: [{ key: 'backup', value: 'required' }],
      },
      [volumes['untagged'] ?? '']: { type: 'volume', tags: [] },
      [instance]: {
        type: 'instance',
        created_at: thirtyDaysAgo,
        tags: [{ key: 'backup', value: 'required' }],
      },
      [fileSystem]: { type: 'file_system', resource: files, created_at: thirtyDaysAgo },
      's3:plain': { type: 'bucket', created_at: null, tags: [] },
      's3:tagged': { type: 'bucket', tags: [{ key: 'backup', value: 'required' }] },
    });
    const place = { endpoint: front.endpoint, account: peer.account, regions: [REGION] };
    const found = await verdictsOf(place, ['backup-plans', 'protected-resources'], CHECKS);
    expect(found['backup-vault-lock']?.outcome).toBe('not_applicable');
    // It has no jobs, no restores and no recovery points: nothing that rests on them can be told.
    for (const check of [
      'backup-plans-run',
      'backup-coverage',
      'backup-recovery-point',
      'backup-restore-tested',
    ])
      expect([check, found[check]?.outcome]).toEqual([check, 'unknown']);
  });

  test('what it lacks fails the dataset', async () => {
    await using peer = await startMoto();
    const scope = `${peer.account}:${REGION}`;
    for (const dataset of ['backup-jobs', 'restore-jobs'])
      await expect(collectAws(peer.endpoint, peer.account, dataset, { scope })).rejects.toMatchObject({
        name: 'CollectorError',
      });
  });
});
