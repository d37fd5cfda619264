import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  EC2Client,
  EnableEbsEncryptionByDefaultCommand,
} from '@aws-sdk/client-ec2';
import { CreateFileSystemCommand, EFSClient, PutFileSystemPolicyCommand } from '@aws-sdk/client-efs';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ALL_BLOCKED, policyText, refusePlain } from '../collectors/aws/estate/storage.ts';
import type { Emulator } from './emulators.ts';

export const REGION = 'eu-west-1';
const NORTH = 'eu-north-1';

export interface PlannedBucket {
  readonly region: string;
  readonly policy?: (name: string) => string;
  /** `own`: with the key of that name. */
  readonly encryption?: 'vendor' | 'own';
  readonly blocked: boolean;
  readonly logged: boolean;
  readonly versioning?: 'Enabled' | 'Suspended';
  /** Made with a lock, of this mode or without a default. */
  readonly lock?: 'COMPLIANCE' | 'GOVERNANCE' | 'none';
  readonly tags?: Readonly<Record<string, string>>;
}

const tlsOnly = (name: string): string => policyText(refusePlain(name));
const open = (name: string): string =>
  policyText({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${name}/*` });

/** By this S3 may write logs of accesses there. */
const deliveries = (name: string): string =>
  policyText({
    Effect: 'Allow',
    Principal: { Service: 'logging.s3.amazonaws.com' },
    Action: ['s3:PutObject'],
    Resource: `arn:aws:s3:::${name}/*`,
  });

export const buckets: Readonly<Record<string, PlannedBucket>> = {
  'good-records': {
    region: REGION,
    policy: tlsOnly,
    encryption: 'own',
    blocked: true,
    logged: true,
    lock: 'COMPLIANCE',
    tags: { 'data-class': 'secret', retention: 'required' },
  },
  'open-site': { region: REGION, policy: open, blocked: false, logged: false },
  'shut-site': { region: REGION, policy: open, encryption: 'vendor', blocked: true, logged: false },
  'north-notes': {
    region: NORTH,
    policy: tlsOnly,
    encryption: 'own',
    blocked: true,
    logged: false,
    versioning: 'Suspended',
    tags: { 'data-class': 'confidential' },
  },
  'loose-lock': {
    region: REGION,
    blocked: true,
    logged: false,
    lock: 'none',
    tags: { retention: 'required' },
  },
  governed: { region: REGION, blocked: true, logged: false, lock: 'GOVERNANCE' },
  'access-logs': { region: REGION, policy: deliveries, blocked: true, logged: false, versioning: 'Enabled' },
};

/** What was planted, by its name: the ids that the server gave. */
export interface Planted {
  readonly keys: Readonly<Record<'data' | 'slow' | 'signing' | 'going' | 'disabled' | 'open', string>>;
  readonly volumes: Readonly<Record<'good' | 'plain', string>>;
  readonly snapshots: Readonly<Record<'good' | 'plain', string>>;
  readonly fileSystems: Readonly<Record<'good' | 'plain' | 'open', string>>;
}

export async function fillStorage(peer: Pick<Emulator, 'endpoint' | 'account' | 'name'>): Promise<Planted> {
  const keys = await fillKeys(peer);
  await fillBuckets(peer, keys.data);
  return {
    keys,
    ...(await fillVolumes(peer, keys.data)),
    fileSystems: await fillFileSystems(peer, keys.data),
  };
}

export const keyArn = (account: string, id: string, region = REGION): string =>
  `arn:aws:kms:${region}:${account}:key/${id}`;

const settings = (endpoint: string, region = REGION) => ({
  region,
  endpoint,
  credentials: { accessKeyId: 'AKIAOWN', secretAccessKey: 'secret' },
});

async function fillKeys({
  endpoint,
  account,
}: Pick<Emulator, 'endpoint' | 'account'>): Promise<Planted['keys']> {
  const kms = new KMSClient(settings(endpoint));
  const make = async (own: Partial<ConstructorParameters<typeof CreateKeyCommand>[0]> = {}) => {
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'SYMMETRIC_DEFAULT', ...own }),
    );
    const KeyId = KeyMetadata!.KeyId!;
    const Policy = policyText({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    });
    await kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy }));
    return KeyId;
  };
  const data = await make();
  await kms.send(new EnableKeyRotationCommand({ KeyId: data, RotationPeriodInDays: 365 }));
  await kms.send(new CreateAliasCommand({ AliasName: 'alias/data', TargetKeyId: data }));
  const slow = await make();
  const signing = await make({ KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_2048' });
  const going = await make();
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: going, PendingWindowInDays: 7 }));
  const disabled = await make();
  await kms.send(new DisableKeyCommand({ KeyId: disabled }));
  const everybody = await make();
  await kms.send(new EnableKeyRotationCommand({ KeyId: everybody, RotationPeriodInDays: 365 }));
  const Policy = policyText({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' });
  await kms.send(new PutKeyPolicyCommand({ KeyId: everybody, PolicyName: 'default', Policy }));
  return { data, slow, signing, going, disabled, open: everybody };
}

async function fillBuckets({ endpoint, account }: Pick<Emulator, 'endpoint' | 'account'>, data: string) {
  // The bucket of logs, which is the last, must be there first.
  for (const [Bucket, plan] of Object.entries(buckets).toReversed()) {
    const s3 = new S3Client({ ...settings(endpoint, plan.region), forcePathStyle: true });
    await s3.send(
      new CreateBucketCommand({
        Bucket,
        CreateBucketConfiguration: { LocationConstraint: plan.region === NORTH ? NORTH : REGION },
        ...(plan.lock === undefined ? {} : { ObjectLockEnabledForBucket: true }),
      }),
    );
    if (plan.policy !== undefined)
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: plan.policy(Bucket) }));
    const sse =
      plan.encryption === 'own'
        ? { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: keyArn(account, data) }
        : { SSEAlgorithm: 'AES256' as const };
    if (plan.encryption !== undefined)
      await s3.send(
        new PutBucketEncryptionCommand({
          Bucket,
          ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: sse }] },
        }),
      );
    if (plan.blocked)
      await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: ALL_BLOCKED }));
    if (plan.logged)
      await s3.send(
        new PutBucketLoggingCommand({
          Bucket,
          BucketLoggingStatus: {
            LoggingEnabled: { TargetBucket: 'access-logs', TargetPrefix: `${Bucket}/` },
          },
        }),
      );
    if (plan.versioning !== undefined)
      await s3.send(
        new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: plan.versioning } }),
      );
    if (plan.lock === 'COMPLIANCE' || plan.lock === 'GOVERNANCE')
      await s3.send(
        new PutObjectLockConfigurationCommand({
          Bucket,
          ObjectLockConfiguration: {
            ObjectLockEnabled: 'Enabled',
            Rule: { DefaultRetention: { Mode: plan.lock, Days: 30 } },
          },
        }),
      );
    const TagSet = Object.entries(plan.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
    if (TagSet.length > 0) await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  }
}

async function fillVolumes(
  { endpoint, account, name }: Pick<Emulator, 'endpoint' | 'account' | 'name'>,
  data: string,
): Promise<Pick<Planted, 'volumes' | 'snapshots'>> {
  const ec2 = new EC2Client(settings(endpoint));
  const make = async (own: object) => {
    const { VolumeId } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: `${REGION}a`, Size: 1, ...own }),
    );
    const { SnapshotId } = await ec2.send(new CreateSnapshotCommand({ VolumeId }));
    return { VolumeId: VolumeId!, SnapshotId: SnapshotId! };
  };
  const Tags = [{ Key: 'Name', Value: 'disk' }];
  const good = await make({
    Encrypted: true,
    KmsKeyId: keyArn(account, data),
    TagSpecifications: [{ ResourceType: 'volume', Tags }],
  });
  const plain = await make({ Encrypted: false });
  // ministack doesn't know the default.
  if (name === 'moto') await ec2.send(new EnableEbsEncryptionByDefaultCommand({}));
  return {
    volumes: { good: good.VolumeId, plain: plain.VolumeId },
    snapshots: { good: good.SnapshotId, plain: plain.SnapshotId },
  };
}

async function fillFileSystems(
  { endpoint, account }: Pick<Emulator, 'endpoint' | 'account'>,
  data: string,
): Promise<Planted['fileSystems']> {
  const efs = new EFSClient(settings(endpoint));
  const make = async (name: string, own: object, ...statements: readonly object[]) => {
    const { FileSystemId } = await efs.send(
      new CreateFileSystemCommand({ CreationToken: name, Tags: [{ Key: 'Name', Value: name }], ...own }),
    );
    if (statements.length > 0)
      await efs.send(new PutFileSystemPolicyCommand({ FileSystemId, Policy: policyText(...statements) }));
    return FileSystemId!;
  };
  const encrypted = { Encrypted: true, KmsKeyId: keyArn(account, data) };
  const anybody = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'elasticfilesystem:ClientMount' };
  const plain = { Bool: { 'aws:SecureTransport': 'false' } };
  return {
    good: await make('good', encrypted, {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: '*',
      Condition: plain,
    }),
    plain: await make('plain', { Encrypted: false }),
    open: await make('open', encrypted, anybody),
  };
}
