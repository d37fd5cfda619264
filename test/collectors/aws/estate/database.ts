import type { ContinuousBackupsDescription, TableDescription } from '@aws-sdk/client-dynamodb';
import type { DBCluster, DBClusterSnapshot, DBInstance, DBSnapshot } from '@aws-sdk/client-rds';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';
import { taggingEstate } from './tagging.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface DatabaseHolding {
  readonly instances: readonly DBInstance[];
  readonly clusters: readonly DBCluster[];
  readonly snapshots: readonly DBSnapshot[];
  readonly clusterSnapshots: readonly DBClusterSnapshot[];
  readonly tables: readonly TableDescription[];
  /** By name of a snapshot: who may restore it. */
  readonly shares?: Readonly<Record<string, readonly string[]>>;
  /** By name of a table: of all others it is on. */
  readonly recovery?: Readonly<Record<string, ContinuousBackupsDescription>>;
}

type Where = Pick<Asked, 'account' | 'region'>;
const arnOf = ({ account, region }: Where, service: string, tail: string): string =>
  `arn:aws:${service}:${region}:${account}:${tail}`;

/**
 * An account of databases without a fault: `size` instances by themselves, `size` clusters of two members each, half of them with an automatic
 * and half with a manual snapshot, and `size` tables. Each is encrypted, closed, logged, in several zones, tagged with a tier and restorable
 * until minutes ago.
 */
export function databaseEstate(options: EstateOptions): Handlers {
  return {
    ...databaseHandlers((where) => healthyDatabases(where, options), options),
    ...taggingEstate(options),
  };
}

/** What RDS and DynamoDB answer of what `holdingOf` says that they hold. */
export function databaseHandlers(
  holdingOf: (where: Where) => DatabaseHolding,
  { now, pageSize = 5 }: EstateOptions,
): Handlers {
  const paged = (key: string, of: (holding: DatabaseHolding) => readonly object[]) =>
    ({
      handle: ({ Marker }: { readonly Marker?: string }, { missing, ...where }: Asked) => {
        const { items, next } = pageOf(of(holdingOf(where)), pageSize, Marker, missing);
        return { [key]: items, Marker: next };
      },
    }).handle;
  return {
    'rds:DescribeDBInstances': paged('DBInstances', ({ instances }) => instances),
    'rds:DescribeDBClusters': paged('DBClusters', ({ clusters }) => clusters),
    'rds:DescribeDBSnapshots': paged('DBSnapshots', ({ snapshots }) => snapshots),
    'rds:DescribeDBClusterSnapshots': paged('DBClusterSnapshots', ({ clusterSnapshots }) => clusterSnapshots),
    'rds:DescribeDBSnapshotAttributes': (
      { DBSnapshotIdentifier: name }: { readonly DBSnapshotIdentifier: string },
      where: Asked,
    ) => {
      const { snapshots, shares } = holdingOf(where);
      if (!snapshots.some(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier === name))
        throw refuse('DBSnapshotNotFound', 404);
      return {
        DBSnapshotAttributesResult: {
          DBSnapshotIdentifier: name,
          DBSnapshotAttributes: [{ AttributeName: 'restore', AttributeValues: [...(shares?.[name] ?? [])] }],
        },
      };
    },
    'rds:DescribeDBClusterSnapshotAttributes': (
      { DBClusterSnapshotIdentifier: name }: { readonly DBClusterSnapshotIdentifier: string },
      where: Asked,
    ) => {
      const { clusterSnapshots, shares } = holdingOf(where);
      if (!clusterSnapshots.some((found) => found.DBClusterSnapshotIdentifier === name))
        throw refuse('DBClusterSnapshotNotFoundFault', 404);
      return {
        DBClusterSnapshotAttributesResult: {
          DBClusterSnapshotIdentifier: name,
          DBClusterSnapshotAttributes: [
            { AttributeName: 'restore', AttributeValues: [...(shares?.[name] ?? [])] },
          ],
        },
      };
    },
    ...tableHandlers(holdingOf, now, pageSize),
  };
}

interface Named {
  readonly TableName: string;
}

function tableHandlers(
  holdingOf: (where: Where) => DatabaseHolding,
  now: number,
  pageSize: number,
): Handlers {
  const find = (where: Where, name: string) =>
    holdingOf(where).tables.find(({ TableName }) => TableName === name);
  return {
    'dynamodb:ListTables': (
      { ExclusiveStartTableName }: { readonly ExclusiveStartTableName?: string },
      { missing, ...where }: Asked,
    ) => {
      const { items, next } = pageOf(holdingOf(where).tables, pageSize, ExclusiveStartTableName, missing);
      return { TableNames: items.map(({ TableName = '' }) => TableName), LastEvaluatedTableName: next };
    },
    'dynamodb:DescribeTable': ({ TableName }: Named, where: Asked) => {
      const Table = find(where, TableName);
      if (Table === undefined) throw refuse('ResourceNotFoundException');
      return { Table };
    },
    'dynamodb:DescribeContinuousBackups': ({ TableName }: Named, where: Asked) => {
      if (find(where, TableName) === undefined) throw refuse('TableNotFoundException');
      const told = holdingOf(where).recovery?.[TableName];
      return { ContinuousBackupsDescription: told ?? recoverable(now) };
    },
  };
}

export const recoverable = (now: number): ContinuousBackupsDescription => ({
  ContinuousBackupsStatus: 'ENABLED',
  PointInTimeRecoveryDescription: {
    PointInTimeRecoveryStatus: 'ENABLED',
    RecoveryPeriodInDays: 35,
    EarliestRestorableDateTime: new Date(now - 35 * DAY),
    LatestRestorableDateTime: new Date(now - 300_000),
  },
});

export function healthyDatabases(where: Where, { now, size = 12 }: EstateOptions): DatabaseHolding {
  const numbers = Array.from({ length: size }, (_, index) => String(index).padStart(4, '0'));
  return {
    instances: numbers.flatMap((number) => [
      instanceOf(where, now, `db-${number}`),
      ...['a', 'b'].map((part) =>
        instanceOf(where, now, `member-${number}-${part}`, {
          Engine: 'aurora-postgresql',
          MultiAZ: false,
          DeletionProtection: false,
          EnabledCloudwatchLogsExports: [],
          DBClusterIdentifier: `cluster-${number}`,
        }),
      ),
    ]),
    clusters: numbers.map((number) => clusterOf(where, now, `cluster-${number}`)),
    snapshots: numbers.map((number, index) =>
      snapshotOf(where, now, `db-${number}`, index % 2 === 0 ? 'automated' : 'manual'),
    ),
    clusterSnapshots: numbers.map((number, index) =>
      clusterSnapshotOf(where, now, `cluster-${number}`, index % 2 === 0 ? 'automated' : 'manual'),
    ),
    tables: numbers.map((number) => tableOf(where, now, `table-${number}`)),
  };
}

const settings = (where: Where, now: number) => ({
  StorageEncrypted: true,
  StorageEncryptionType: 'sse-kms' as const,
  KmsKeyId: arnOf(where, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
  MultiAZ: true,
  DeletionProtection: true,
  BackupRetentionPeriod: 14,
  LatestRestorableTime: new Date(now - 300_000),
  EnabledCloudwatchLogsExports: ['postgresql'],
  TagList: [{ Key: 'tier', Value: '1' }],
});

export const instanceOf = (
  where: Where,
  now: number,
  name: string,
  own: Partial<DBInstance> = {},
): DBInstance => ({
  DBInstanceIdentifier: name,
  DBInstanceArn: arnOf(where, 'rds', `db:${name}`),
  DbiResourceId: `db-${name.toUpperCase()}`,
  DBInstanceStatus: 'available',
  Engine: 'postgres',
  InstanceCreateTime: new Date(now - 400 * DAY),
  PubliclyAccessible: false,
  ...settings(where, now),
  ...own,
});

export const clusterOf = (
  where: Where,
  now: number,
  name: string,
  own: Partial<DBCluster> = {},
): DBCluster => ({
  DBClusterIdentifier: name,
  DBClusterArn: arnOf(where, 'rds', `cluster:${name}`),
  DbClusterResourceId: `cluster-${name.toUpperCase()}`,
  Status: 'available',
  Engine: 'aurora-postgresql',
  ClusterCreateTime: new Date(now - 400 * DAY),
  ...settings(where, now),
  ...own,
});

export const snapshotOf = (
  where: Where,
  now: number,
  of: string,
  type: 'automated' | 'manual',
  own: Partial<DBSnapshot> = {},
): DBSnapshot => {
  const name = own.DBSnapshotIdentifier ?? `${type === 'automated' ? 'rds:' : ''}${of}-2026`;
  return {
    DBSnapshotIdentifier: name,
    DBSnapshotArn: arnOf(where, 'rds', `snapshot:${name}`),
    DBInstanceIdentifier: of,
    SnapshotType: type,
    Status: 'available',
    SnapshotCreateTime: new Date(now - 6 * HOUR),
    OriginalSnapshotCreateTime: new Date(now - 6 * HOUR),
    Encrypted: true,
    StorageEncryptionType: 'sse-kms',
    KmsKeyId: arnOf(where, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
    ...own,
  };
};

export const clusterSnapshotOf = (
  where: Where,
  now: number,
  of: string,
  type: 'automated' | 'manual',
  own: Partial<DBClusterSnapshot> = {},
): DBClusterSnapshot => {
  const name = own.DBClusterSnapshotIdentifier ?? `${type === 'automated' ? 'rds:' : ''}${of}-2026`;
  return {
    DBClusterSnapshotIdentifier: name,
    DBClusterSnapshotArn: arnOf(where, 'rds', `cluster-snapshot:${name}`),
    DBClusterIdentifier: of,
    SnapshotType: type,
    Status: 'available',
    SnapshotCreateTime: new Date(now - 6 * HOUR),
    ClusterCreateTime: new Date(now - 400 * DAY),
    StorageEncrypted: true,
    StorageEncryptionType: 'sse-kms',
    KmsKeyId: arnOf(where, 'kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'),
    ...own,
  };
};

export const tableOf = (
  where: Where,
  now: number,
  name: string,
  own: Partial<TableDescription> = {},
): TableDescription => ({
  TableName: name,
  TableArn: arnOf(where, 'dynamodb', `table/${name}`),
  TableId: `id-of-${name}`,
  TableStatus: 'ACTIVE',
  CreationDateTime: new Date(now - 400 * DAY),
  DeletionProtectionEnabled: true,
  ...own,
});
