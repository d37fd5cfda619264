import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { ProtectedResourceRecord } from '../../../inventory/kinds/protected-resource.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../pages.ts';
import { listed, moment, read } from '../read.ts';
import type { Session } from '../session.ts';
import { encryption } from './encryption.ts';

const INSTANCES = 'rds:DescribeDBInstances';
const CLUSTERS = 'rds:DescribeDBClusters';

/** What instances and clusters have in common. RDS leaves out what doesn't apply to an engine, and lists that are empty. */
const shared = {
  Engine: z.string().min(1),
  StorageEncrypted: z.boolean().optional(),
  StorageEncryptionType: z.string().optional(),
  KmsKeyId: z.string().optional(),
  PubliclyAccessible: z.boolean().optional(),
  MultiAZ: z.boolean().optional(),
  DeletionProtection: z.boolean().optional(),
  BackupRetentionPeriod: z.int().nonnegative().optional(),
  LatestRestorableTime: moment.optional(),
  EnabledCloudwatchLogsExports: z.array(z.string()).default([]),
  ActivityStreamStatus: z.string().optional(),
  TagList: z.array(z.object({ Key: z.string().min(1), Value: z.string().default('') })).default([]),
};

const instance = z
  .object({
    ...shared,
    DBInstanceIdentifier: z.string().min(1),
    DBInstanceArn: z.string().min(1),
    DbiResourceId: z.string().min(1),
    DBClusterIdentifier: z.string().min(1).optional(),
    InstanceCreateTime: moment.optional(),
  })
  .transform(({ DBInstanceIdentifier, DBInstanceArn, DbiResourceId, InstanceCreateTime, ...rest }) => ({
    ...rest,
    type: 'database' as const,
    name: DBInstanceIdentifier,
    resource: DBInstanceArn,
    native: DbiResourceId,
    createdAt: InstanceCreateTime,
  }));

const cluster = z
  .object({
    ...shared,
    DBClusterIdentifier: z.string().min(1),
    DBClusterArn: z.string().min(1),
    DbClusterResourceId: z.string().min(1),
    ClusterCreateTime: moment.optional(),
    InternetAccessGatewayEnabled: z.boolean().default(false),
  })
  .transform(({ DBClusterIdentifier, DBClusterArn, DbClusterResourceId, ClusterCreateTime, ...rest }) => ({
    ...rest,
    type: 'database_cluster' as const,
    name: DBClusterIdentifier,
    resource: DBClusterArn,
    native: DbClusterResourceId,
    createdAt: ClusterCreateTime,
  }));

type Instance = z.output<typeof instance>;
type Cluster = z.output<typeof cluster>;
type Settings = Pick<DataStoreRecord, 'public' | 'multi_zone' | 'deletion_protected' | 'access_logged'>;

export const rdsOf = (session: Session): RDSClient => session.client('rds', RDSClient);

/**
 * RDS, Aurora, Neptune and DocumentDB: one interface lists them all. What protects a member of a cluster is the cluster's: its backups,
 * deletion protection, logs and zones, so a member is a data store with those of its cluster, and no resource that is backed up by itself.
 * A cluster can be reached from the internet when one of its members can.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
 */
export async function* collectDatabases(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  // Clusters are few (40 a region unless the quota is raised), and told last: their members say who can reach them.
  const clusters = new Map<string, Cluster>();
  for await (const found of clustersOf(work.session)) clusters.set(found.name, found);
  const reachable = new Map<string, boolean | null>();
  for await (const found of instancesOf(work.session)) {
    const name = found.DBClusterIdentifier;
    if (name === undefined) {
      yield storeOf(work, found, { ...settingsOf(found), public: found.PubliclyAccessible ?? null });
      yield protectedOf(work, found);
      continue;
    }
    const own = clusters.get(name);
    if (own === undefined)
      throw new CollectorError(
        'incomplete',
        `${CLUSTERS}: cluster ${name} of ${found.resource} is not there`,
      );
    const open = found.PubliclyAccessible ?? null;
    reachable.set(name, either(reachable.get(name) ?? false, open));
    yield storeOf(work, found, { ...settingsOf(own), public: open });
  }
  for (const [name, found] of clusters) {
    const own = found.PubliclyAccessible === true || found.InternetAccessGatewayEnabled;
    const open = either(own, reachable.get(name) ?? false);
    yield storeOf(work, found, { ...settingsOf(found), public: open });
    yield protectedOf(work, found);
  }
}

/** Either of two, of which one may be unknown. */
function either(one: boolean | null, other: boolean | null): boolean | null {
  if (one === true || other === true) return true;
  return one === null || other === null ? null : false;
}

function settingsOf(found: Instance | Cluster): Omit<Settings, 'public'> {
  return {
    multi_zone: found.MultiAZ ?? null,
    deletion_protected: found.DeletionProtection ?? null,
    access_logged: logsAccess(found),
  };
}

/**
 * Logs that tell who connected or what they did, by the engines' names of them; slow queries and errors alone don't. SQL Server writes
 * sign-ins to its log of errors.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
 */
const ACCESS_LOGS = new Set(['audit', 'general', 'listener', 'postgresql']);

function logsAccess({ Engine, EnabledCloudwatchLogsExports, ActivityStreamStatus }: Instance | Cluster) {
  return (
    ActivityStreamStatus === 'started' ||
    EnabledCloudwatchLogsExports.some(
      (log) => ACCESS_LOGS.has(log) || (log === 'error' && Engine.startsWith('sqlserver')),
    )
  );
}

function storeOf(work: Work, found: Instance | Cluster, settings: Settings): DataStoreRecord {
  return {
    ...common(work, 'data_store', found.native),
    resource: found.resource,
    name: found.name,
    type: found.type,
    region: work.region,
    ...encryption(found),
    public_access_blocked: null,
    // An engine's parameter, whose default depends on engine and version: five calls a parameter group would tell it.
    transport_encrypted: null,
    versioned: null,
    immutable: null,
    ...settings,
    created_at: found.createdAt ?? null,
    tags: tagsOf(found),
  };
}

function protectedOf(work: Work, found: Instance | Cluster): ProtectedResourceRecord {
  const days = found.BackupRetentionPeriod ?? null;
  return {
    ...common(work, 'protected_resource', found.native),
    resource: found.resource,
    name: found.name,
    type: found.type,
    region: work.region,
    created_at: found.createdAt ?? null,
    continuous: days === null ? null : days > 0,
    restorable_until: found.LatestRestorableTime ?? null,
    retention_days: days,
    tags: tagsOf(found),
  };
}

const tagsOf = ({ TagList }: Instance | Cluster) =>
  TagList.map(({ Key, Value }) => ({ key: Key, value: Value }));

async function* instancesOf(session: Session): AsyncGenerator<Instance, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(INSTANCES, (options) =>
      rdsOf(session).send(new DescribeDBInstancesCommand({ MaxRecords: 100, Marker }), options),
    );
  for await (const page of pages(INSTANCES, fetch, ({ Marker }) => Marker))
    for (const entry of listed(INSTANCES, 'DBInstances', page.DBInstances))
      yield read(INSTANCES, entry.DBInstanceIdentifier ?? 'an instance', instance, entry);
}

async function* clustersOf(session: Session): AsyncGenerator<Cluster, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(CLUSTERS, (options) =>
      rdsOf(session).send(new DescribeDBClustersCommand({ MaxRecords: 100, Marker }), options),
    );
  for await (const page of pages(CLUSTERS, fetch, ({ Marker }) => Marker))
    for (const entry of listed(CLUSTERS, 'DBClusters', page.DBClusters))
      yield read(CLUSTERS, entry.DBClusterIdentifier ?? 'a cluster', cluster, entry);
}
