import type { Snapshot, SnapshotBlockPublicAccessState, Volume } from '@aws-sdk/client-ec2';
import type { FileSystemDescription } from '@aws-sdk/client-efs';
import type {
  Bucket,
  ObjectLockConfiguration,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionByDefault,
} from '@aws-sdk/client-s3';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;
type Where = Pick<Asked, 'account' | 'region'>;

/** What S3 says of one bucket. */
export interface BucketState {
  /** As text; absent: it has none. */
  readonly policy?: string | undefined;
  readonly encryption?: ServerSideEncryptionByDefault | undefined;
  readonly logged: boolean;
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  readonly lock?: ObjectLockConfiguration | undefined;
  readonly block?: PublicAccessBlockConfiguration | undefined;
  /** Deleted since it was listed. */
  readonly gone?: boolean;
}

/** What an account holds in S3, and a region of it in EBS and EFS. */
export interface StorageHolding {
  /** Of the account; absent: it has none. */
  readonly block?: PublicAccessBlockConfiguration | undefined;
  readonly buckets: readonly Bucket[];
  /** By bucket; of all others what is healthy. */
  readonly states: Readonly<Record<string, BucketState>>;
  readonly encryptedByDefault: boolean;
  readonly defaultKey: string;
  readonly sharing: SnapshotBlockPublicAccessState;
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
  /** Ids of the snapshots that everybody may restore. */
  readonly open: readonly string[];
  readonly fileSystems: readonly FileSystemDescription[];
  /** By file system, of all others what is healthy. Null: it has none; undefined: the file system is gone. */
  readonly fileSystemPolicies: Readonly<Record<string, string | null | undefined>>;
}

/** The key that all families encrypt with. */
export const keyArn = ({ account, region }: Where): string =>
  `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;

export const ALL_BLOCKED: PublicAccessBlockConfiguration = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

export const policyText = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });

export const refusePlain = (bucket: string): object => ({
  Sid: 'EncryptedOnly',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

export const healthyBucket = (where: Where, name: string): BucketState => ({
  policy: policyText(refusePlain(name)),
  encryption: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn(where) },
  logged: true,
  versioning: 'Enabled',
  lock: {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 365 } },
  },
});

export const healthyFileSystemPolicy = policyText(
  {
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
    Condition: { Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' } },
  },
  {
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  },
);

/**
 * `size` buckets and those of three trails, closed, locked, logged and encrypted with a key of the account's own; in each region `size` volumes,
 * each with a snapshot, and `size` file systems that are mounted with TLS alone.
 */
export function healthyStorage(where: Where, { now, size = 12 }: EstateOptions): StorageHolding {
  const { account, region } = where;
  const numbers = Array.from({ length: size }, (_, index) => String(index).padStart(4, '0'));
  const made = new Date(now - 400 * DAY);
  const encrypted = { Encrypted: true, KmsKeyId: keyArn(where) };
  const Tags = [{ Key: 'backup', Value: 'required' }];
  return {
    block: ALL_BLOCKED,
    buckets: [
      ...numbers.map((number) => `${region}-bucket-${number}`),
      ...[0, 1, 2].map((trail) => `trail-${trail}-${account}`),
    ].map((Name) => ({ Name, BucketRegion: region, CreationDate: made })),
    states: {},
    encryptedByDefault: true,
    defaultKey: keyArn(where),
    sharing: 'block-all-sharing',
    volumes: numbers.map((number) => ({
      VolumeId: `vol-${number}`,
      State: 'in-use',
      CreateTime: made,
      ...encrypted,
      Tags,
    })),
    snapshots: numbers.map((number) => ({
      SnapshotId: `snap-${number}`,
      VolumeId: `vol-${number}`,
      State: 'completed',
      StartTime: new Date(now - DAY),
      OwnerId: account,
      StorageTier: 'standard',
      ...encrypted,
    })),
    open: [],
    fileSystems: numbers.map((number) => ({
      OwnerId: account,
      CreationToken: number,
      FileSystemId: `fs-${number}`,
      FileSystemArn: `arn:aws:elasticfilesystem:${region}:${account}:file-system/fs-${number}`,
      CreationTime: made,
      LifeCycleState: 'available',
      NumberOfMountTargets: 2,
      SizeInBytes: { Value: 6144 },
      PerformanceMode: 'generalPurpose',
      ...encrypted,
      Tags,
    })),
    fileSystemPolicies: {},
  };
}

export function storageEstate(options: EstateOptions): Handlers {
  return storageHandlers((where) => healthyStorage(where, options), options);
}

/** What S3, EBS and EFS answer of what `holdingOf` says that they hold. */
export function storageHandlers(
  holdingOf: (where: Where) => StorageHolding,
  { pageSize = 5 }: EstateOptions,
): Handlers {
  const known = new Map<string, StorageHolding>();
  const holding = ({ account, region }: Where): StorageHolding => {
    const key = `${account} ${region}`;
    const held = known.get(key) ?? holdingOf({ account, region });
    known.set(key, held);
    return held;
  };
  return {
    ...bucketHandlers(holding, pageSize),
    ...volumeHandlers(holding, pageSize),
    ...fileSystemHandlers(holding, pageSize),
  };
}

type HoldingOf = (where: Where) => StorageHolding;
type AboutBucket = { readonly Bucket?: string };

function bucketHandlers(holding: HoldingOf, pageSize: number): Handlers {
  const about = (answer: (state: BucketState, name: string) => object) =>
    ({
      handle: ({ Bucket: name = '' }: AboutBucket, where: Asked) => {
        const state = holding(where).states[name] ?? healthyBucket(where, name);
        if (state.gone === true) throw refuse('NoSuchBucket', 404);
        return answer(state, name);
      },
    }).handle;
  const bucketBlock = about(({ block }) => blockAnswer(block));
  return {
    's3:ListBuckets': (
      { ContinuationToken }: { readonly ContinuationToken?: string },
      { missing, ...where }: Asked,
    ) => {
      const { items, next } = pageOf(holding(where).buckets, pageSize, ContinuationToken, missing);
      return { Buckets: items, ContinuationToken: next };
    },
    's3:GetPublicAccessBlock': (input: AboutBucket, where: Asked) =>
      input.Bucket === undefined ? blockAnswer(holding(where).block) : bucketBlock(input, where),
    's3:GetBucketPolicy': about(({ policy }) => {
      if (policy === undefined) throw refuse('NoSuchBucketPolicy', 404);
      return { Policy: policy };
    }),
    's3:GetBucketEncryption': about(({ encryption }) => {
      if (encryption === undefined) throw refuse('ServerSideEncryptionConfigurationNotFoundError', 404);
      return {
        ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: encryption }] },
      };
    }),
    's3:GetBucketLogging': about(({ logged }, name) =>
      logged ? { LoggingEnabled: { TargetBucket: 'access-logs', TargetPrefix: `${name}/` } } : {},
    ),
    's3:GetBucketVersioning': about(({ versioning }) =>
      versioning === undefined ? {} : { Status: versioning },
    ),
    's3:GetObjectLockConfiguration': about(({ lock }) => {
      if (lock === undefined) throw refuse('ObjectLockConfigurationNotFoundError', 404);
      return { ObjectLockConfiguration: lock };
    }),
  };
}

function blockAnswer(block: PublicAccessBlockConfiguration | undefined): object {
  if (block === undefined) throw refuse('NoSuchPublicAccessBlockConfiguration', 404);
  return { PublicAccessBlockConfiguration: block };
}

interface Page {
  readonly NextToken?: string;
}

function volumeHandlers(holding: HoldingOf, pageSize: number): Handlers {
  return {
    'ec2:DescribeVolumes': ({ NextToken }: Page, { missing, ...where }: Asked) => {
      const { items, next } = pageOf(holding(where).volumes, pageSize, NextToken, missing);
      return { Volumes: items, NextToken: next };
    },
    'ec2:GetEbsEncryptionByDefault': (_: object, where: Asked) => ({
      EbsEncryptionByDefault: holding(where).encryptedByDefault,
    }),
    'ec2:GetEbsDefaultKmsKeyId': (_: object, where: Asked) => ({ KmsKeyId: holding(where).defaultKey }),
    'ec2:GetSnapshotBlockPublicAccessState': (_: object, where: Asked) => ({ State: holding(where).sharing }),
    'ec2:DescribeSnapshots': (
      {
        NextToken,
        OwnerIds,
        RestorableByUserIds,
      }: Page & { readonly OwnerIds?: readonly string[]; readonly RestorableByUserIds?: readonly string[] },
      { missing, ...where }: Asked,
    ) => {
      if (OwnerIds?.join() !== 'self') throw new Error('only own snapshots are asked for');
      const { snapshots, open } = holding(where);
      const all =
        RestorableByUserIds === undefined
          ? snapshots
          : snapshots.filter(({ SnapshotId = '' }) => open.includes(SnapshotId));
      const { items, next } = pageOf(all, pageSize, NextToken, missing);
      return { Snapshots: items, NextToken: next };
    },
  };
}

function fileSystemHandlers(holding: HoldingOf, pageSize: number): Handlers {
  return {
    'elasticfilesystem:DescribeFileSystems': (
      { Marker }: { readonly Marker?: string },
      { missing, ...where }: Asked,
    ) => {
      const { items, next } = pageOf(holding(where).fileSystems, pageSize, Marker, missing);
      return { FileSystems: items, NextMarker: next };
    },
    'elasticfilesystem:DescribeFileSystemPolicy': (
      { FileSystemId: id = '' }: { readonly FileSystemId?: string },
      where: Asked,
    ) => {
      const { fileSystemPolicies } = holding(where);
      const policy = id in fileSystemPolicies ? fileSystemPolicies[id] : healthyFileSystemPolicy;
      if (policy === undefined) throw refuse('FileSystemNotFound', 404);
      if (policy === null) throw refuse('PolicyNotFound', 404);
      return { FileSystemId: id, Policy: policy };
    },
  };
}
