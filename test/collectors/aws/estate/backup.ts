import type {
  BackupJob,
  BackupPlan,
  BackupPlansListMember,
  BackupVaultListMember,
  ProtectedResource,
  RecoveryPointByBackupVault,
  RestoreJobsListMember,
} from '@aws-sdk/client-backup';
import type { Instance, Volume } from '@aws-sdk/client-ec2';
import type { FileSystemDescription } from '@aws-sdk/client-efs';
import type { Bucket } from '@aws-sdk/client-s3';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';
import { type Tagged, taggingHandlers } from './tagging.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export type Where = Pick<Asked, 'account' | 'region'>;

export interface PlanHolding {
  readonly id: string;
  readonly listed: BackupPlansListMember;
  readonly document: BackupPlan;
  /** Ids. */
  readonly selections: readonly string[];
}

/** What AWS Backup and the services that it backs up hold in a region. */
export interface BackupHolding {
  readonly plans: readonly PlanHolding[];
  readonly vaults: readonly (BackupVaultListMember & { readonly BackupVaultName: string })[];
  readonly jobs: readonly BackupJob[];
  readonly restores: readonly RestoreJobsListMember[];
  /** Each names its vault. */
  readonly points: readonly RecoveryPointByBackupVault[];
  readonly resources: readonly ProtectedResource[];
  readonly volumes: readonly Volume[];
  readonly instances: readonly Instance[];
  readonly fileSystems: readonly FileSystemDescription[];
  readonly buckets: readonly Bucket[];
  readonly tagged: readonly Tagged[];
}

interface Asking {
  readonly NextToken?: string;
  readonly BackupPlanId?: string;
  readonly BackupVaultName?: string;
  readonly ByCreatedAfter?: Date;
}

/** What a region answers that holds what `holdingOf` says. */
export function backupHandlers(holdingOf: (where: Where) => BackupHolding, options: EstateOptions): Handlers {
  const { pageSize = 5 } = options;
  const paged = <T>(key: string, of: (holding: BackupHolding, input: Asking) => readonly T[]) =>
    ({
      handle: (input: Asking, { missing, ...where }: Asked) => {
        const { items, next } = pageOf(of(holdingOf(where), input), pageSize, input.NextToken, missing);
        return { [key]: items, NextToken: next };
      },
    }).handle;
  return {
    'backup:ListBackupPlans': paged('BackupPlansList', ({ plans }) => plans.map(({ listed }) => listed)),
    'backup:GetBackupPlan': ({ BackupPlanId }: Asking, where: Asked) => {
      const found = holdingOf(where).plans.find(({ id }) => id === BackupPlanId);
      if (found === undefined) throw refuse('ResourceNotFoundException');
      return { BackupPlanId, BackupPlanArn: found.listed.BackupPlanArn, BackupPlan: found.document };
    },
    'backup:ListBackupSelections': paged('BackupSelectionsList', ({ plans }, { BackupPlanId }) => {
      const found = plans.find(({ id }) => id === BackupPlanId);
      if (found === undefined) throw refuse('ResourceNotFoundException');
      return found.selections.map((SelectionId) => ({ SelectionId, BackupPlanId }));
    }),
    'backup:ListBackupVaults': paged('BackupVaultList', ({ vaults }) => vaults),
    'backup:ListBackupJobs': paged('BackupJobs', ({ jobs }, { ByCreatedAfter }) =>
      jobs.filter(({ CreationDate }) => !ByCreatedAfter || !CreationDate || CreationDate > ByCreatedAfter),
    ),
    'backup:ListRestoreJobs': paged('RestoreJobs', ({ restores }) => restores),
    'backup:ListRecoveryPointsByBackupVault': paged(
      'RecoveryPoints',
      ({ vaults, points }, { BackupVaultName }) => {
        if (!vaults.some((vault) => vault.BackupVaultName === BackupVaultName))
          throw refuse('ResourceNotFoundException');
        return points.filter((point) => point.BackupVaultName === BackupVaultName);
      },
    ),
    'backup:ListProtectedResources': paged('Results', ({ resources }) => resources),
    'ec2:DescribeVolumes': paged('Volumes', ({ volumes }) => volumes),
    'ec2:DescribeInstances': paged('Reservations', ({ instances }) =>
      instances.map((instance) => ({
        ReservationId: `r-${instance.InstanceId?.slice(2)}`,
        Instances: [instance],
      })),
    ),
    ...resourceHandlers(holdingOf, pageSize),
    ...taggingHandlers((type, where) => (type === 's3' ? holdingOf(where).tagged : []), options),
  };
}

function resourceHandlers(holdingOf: (where: Where) => BackupHolding, pageSize: number): Handlers {
  return {
    'elasticfilesystem:DescribeFileSystems': (
      { Marker }: { readonly Marker?: string },
      { missing, ...where }: Asked,
    ) => {
      const { items, next } = pageOf(holdingOf(where).fileSystems, pageSize, Marker, missing);
      return { FileSystems: items, NextMarker: next };
    },
    's3:ListBuckets': (
      { ContinuationToken }: { readonly ContinuationToken?: string },
      { missing, ...where }: Asked,
    ) => {
      const { items, next } = pageOf(holdingOf(where).buckets, pageSize, ContinuationToken, missing);
      return { Buckets: items, ContinuationToken: next };
    },
  };
}

export interface BackupEstateOptions extends EstateOptions {
  /** Each keeps copies of what the next one backs up; the last one of what the first does. */
  readonly regions?: readonly string[];
}

/**
 * A region where backups are as they should be: `size` tagged volumes, instances, buckets and file systems, each backed up last night and five weeks
 * ago, with a copy in another region, restored in the spring and validated; a plan that made a job for each, into a locked vault. So are the
 * databases and tables that the estate of databases holds.
 */
export function backupEstate(options: BackupEstateOptions): Handlers {
  return backupHandlers((where) => healthyBackups(where, options), options);
}

export function healthyBackups(where: Where, options: BackupEstateOptions): BackupHolding {
  const { now, size = 12, regions = ['eu-west-1', 'eu-central-1'] } = options;
  const numbers = Array.from({ length: size }, (_, index) => String(index).padStart(4, '0'));
  const resourcesIn = (place: Where): readonly string[] =>
    numbers.flatMap((number) => [
      arnOf(place, 'ec2', `volume/vol-${number}`),
      arnOf(place, 'ec2', `instance/i-${number}`),
      arnOf(place, 'elasticfilesystem', `file-system/fs-${number}`),
      `arn:aws:s3:::${place.region}-bucket-${number}`,
      arnOf(place, 'fsx', `file-system/fsx-${number}`),
      arnOf(place, 'rds', `db:db-${number}`),
      arnOf(place, 'rds', `cluster:cluster-${number}`),
      arnOf(place, 'dynamodb', `table/table-${number}`),
    ]);
  const own = resourcesIn(where);
  const next = regions[(regions.indexOf(where.region) + 1) % regions.length];
  const foreign =
    regions.includes(where.region) && next !== undefined && next !== where.region
      ? resourcesIn({ ...where, region: next })
      : [];
  const plan = `plan-${where.region}`;
  return {
    plans: ['a', 'b', 'c'].map((letter) => planOf(where, now, `${plan}-${letter}`)),
    vaults: ['main', 'copies', 'spare'].map((name) =>
      vaultOf(where, name, {
        NumberOfRecoveryPoints: name === 'spare' ? 0 : own.length,
        Locked: name !== 'spare',
      }),
    ),
    jobs: own.map((resource, index) =>
      jobOf(where, now, `job-${index}`, resource, {
        CreatedBy: { BackupPlanArn: arnOf(where, 'backup', `backup-plan:${plan}-${'abc'[index % 3]}`) },
        RecoveryPointArn: arnOf(where, 'backup', `recovery-point:new-${index}`),
      }),
    ),
    restores: own.map((resource, index) => restoreOf(where, now, `restore-${index}`, resource)),
    points: [
      ...own.flatMap((resource, index) => [
        pointOf(where, now, 'main', `new-${index}`, resource),
        pointOf(where, now, 'main', `old-${index}`, resource, { CreationDate: new Date(now - 35 * DAY) }),
      ]),
      ...foreign.map((resource, index) => pointOf(where, now, 'copies', `copy-${index}`, resource)),
    ],
    resources: own.map((resource) => ({
      ResourceArn: resource,
      ResourceType: 'EBS',
      LastBackupTime: new Date(now - 6 * HOUR),
    })),
    volumes: numbers.map((number) => volumeOf(now, `vol-${number}`)),
    instances: numbers.map((number) => instanceOf(now, `i-${number}`)),
    fileSystems: numbers.map((number) => fileSystemOf(where, now, `fs-${number}`)),
    buckets: numbers.map((number) => bucketOf(where, now, `${where.region}-bucket-${number}`)),
    tagged: numbers.map((number) => ({
      arn: `arn:aws:s3:::${where.region}-bucket-${number}`,
      tags: { backup: 'required' },
    })),
  };
}

export const arnOf = ({ account, region }: Where, service: string, tail: string): string =>
  `arn:aws:${service}:${region}:${account}:${tail}`;

const REQUIRED = [{ Key: 'backup', Value: 'required' }];

export const planOf = (
  where: Where,
  now: number,
  id: string,
  own: Partial<BackupPlansListMember & Omit<PlanHolding, 'id'>> = {},
): PlanHolding => {
  const { document = nightly(id), selections = ['tagged', 'named', 'all'], listed, ...told } = own;
  return {
    id,
    document,
    selections,
    listed: {
      BackupPlanId: id,
      BackupPlanArn: arnOf(where, 'backup', `backup-plan:${id}`),
      BackupPlanName: document.BackupPlanName,
      VersionId: 'v1',
      CreationDate: new Date(now - 400 * DAY),
      LastExecutionDate: new Date(now - 30 * HOUR),
      ...listed,
      ...told,
    },
  };
};

const nightly = (BackupPlanName: string): BackupPlan => ({
  BackupPlanName,
  Rules: [
    {
      RuleName: 'nightly',
      TargetBackupVaultName: 'main',
      ScheduleExpression: 'cron(0 5 ? * * *)',
      Lifecycle: { DeleteAfterDays: 35 },
    },
  ],
});

export const vaultOf = (
  where: Where,
  name: string,
  own: Omit<BackupVaultListMember, 'BackupVaultName'> = {},
): BackupHolding['vaults'][number] => ({
  BackupVaultName: name,
  BackupVaultArn: arnOf(where, 'backup', `backup-vault:${name}`),
  VaultType: 'BACKUP_VAULT',
  NumberOfRecoveryPoints: 3,
  Locked: true,
  MinRetentionDays: 14,
  EncryptionKeyArn: arnOf(where, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  ...own,
});

export const jobOf = (
  where: Where,
  now: number,
  id: string,
  resource: string,
  own: Partial<BackupJob> = {},
): BackupJob => ({
  AccountId: where.account,
  BackupJobId: id,
  BackupVaultName: 'main',
  BackupVaultArn: arnOf(where, 'backup', 'backup-vault:main'),
  ResourceArn: resource,
  ResourceType: 'EBS',
  CreationDate: new Date(now - 6 * HOUR),
  CompletionDate: new Date(now - 5 * HOUR),
  State: 'COMPLETED',
  MessageCategory: 'SUCCESS',
  BackupSizeInBytes: 1024,
  ...own,
});

export const restoreOf = (
  where: Where,
  now: number,
  id: string,
  resource: string,
  own: Partial<RestoreJobsListMember> = {},
): RestoreJobsListMember => ({
  AccountId: where.account,
  RestoreJobId: id,
  RecoveryPointArn: arnOf(where, 'backup', `recovery-point:of-${id}`),
  SourceResourceArn: resource,
  ResourceType: 'EBS',
  CreationDate: new Date(now - 20 * DAY),
  CompletionDate: new Date(now - 20 * DAY + HOUR),
  Status: 'COMPLETED',
  ValidationStatus: 'SUCCESSFUL',
  CreatedBy: { RestoreTestingPlanArn: arnOf(where, 'backup', 'restore-testing-plan:spring') },
  ...own,
});

export const pointOf = (
  where: Where,
  now: number,
  vault: string,
  id: string,
  resource: string,
  own: Partial<RecoveryPointByBackupVault> = {},
): RecoveryPointByBackupVault => ({
  RecoveryPointArn: arnOf(where, 'backup', `recovery-point:${id}`),
  BackupVaultName: vault,
  BackupVaultArn: arnOf(where, 'backup', `backup-vault:${vault}`),
  ResourceArn: resource,
  Status: 'COMPLETED',
  CreationDate: new Date(now - 6 * HOUR),
  IsEncrypted: true,
  ...own,
});

export const volumeOf = (now: number, id: string, own: Partial<Volume> = {}): Volume => ({
  VolumeId: id,
  State: 'in-use',
  CreateTime: new Date(now - 400 * DAY),
  Encrypted: true,
  Tags: REQUIRED,
  ...own,
});

export const instanceOf = (now: number, id: string, own: Partial<Instance> = {}): Instance => ({
  InstanceId: id,
  State: { Code: 16, Name: 'running' },
  LaunchTime: new Date(now - 400 * DAY),
  Tags: REQUIRED,
  ...own,
});

export const fileSystemOf = (
  where: Where,
  now: number,
  id: string,
  own: Partial<FileSystemDescription> = {},
): FileSystemDescription => ({
  OwnerId: where.account,
  CreationToken: id,
  FileSystemId: id,
  FileSystemArn: arnOf(where, 'elasticfilesystem', `file-system/${id}`),
  CreationTime: new Date(now - 400 * DAY),
  LifeCycleState: 'available',
  NumberOfMountTargets: 1,
  SizeInBytes: { Value: 1 },
  PerformanceMode: 'generalPurpose',
  Encrypted: true,
  Tags: [],
  ...own,
});

export const bucketOf = ({ region }: Where, now: number, name: string): Bucket => ({
  Name: name,
  BucketRegion: region,
  CreationDate: new Date(now - DAY),
});
