import { DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { ProtectedResourceRecord } from '../../../inventory/kinds/protected-resource.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
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
    // Told of few: of the others, their members tell.
    PubliclyAccessible: z.boolean().default(false),
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

export const rdsOf = (session: Session): RDSClient => session.client('rds', RDSClient);

/**
 * RDS, Aurora, Neptune and DocumentDB: one interface lists them all. A member of a cluster is no record of its own, so that nothing is judged
 * twice: data, backups, keys, logs, zones and protection are the cluster's, and who can reach a member can reach the cluster.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
 */
export async function* collectDatabases(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  // Clusters are few (40 a region unless the quota is raised), and told last: their members say who can reach them.
  const clusters = new Map<string, Held>();
  for await (const found of clustersOf(work.session))
    clusters.set(found.name, { found, open: found.PubliclyAccessible || found.InternetAccessGatewayEnabled });
  for await (const found of instancesOf(work.session)) {
    const open = found.PubliclyAccessible ?? null;
    if (found.DBClusterIdentifier === undefined) yield* recordsOf(work, { found, open });
    else withMember(clusters.get(found.DBClusterIdentifier), found.resource, open);
  }
  for (const held of clusters.values()) yield* recordsOf(work, held);
}

interface Held {
  readonly found: Instance | Cluster;
  /** Whether it has an address on the internet; null: not told. */
  open: boolean | null;
}

/** Clusters are made before their members, and were listed before them. */
function withMember(cluster: Held | undefined, member: string, open: boolean | null): void {
  if (cluster === undefined)
    throw new CollectorError('incomplete', `${CLUSTERS}: the cluster of ${member} is not there`);
  cluster.open = either(cluster.open, open);
}

function* recordsOf(work: Work, held: Held): Generator<InventoryRecord, void, undefined> {
  yield storeOf(work, held);
  yield protectedOf(work, held.found);
}

/** Either of two, of which one may be unknown. */
function either(one: boolean | null, other: boolean | null): boolean | null {
  if (one === true || other === true) return true;
  return one === null || other === null ? null : false;
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

function storeOf(work: Work, { found, open }: Held): DataStoreRecord {
  return {
    ...common(work, 'data_store', found.native),
    resource: found.resource,
    name: found.name,
    type: found.type,
    region: work.region,
    ...encryption(work, found),
    public: open,
    public_access_blocked: null,
    // An engine's parameter, whose default depends on engine and version: five calls a parameter group would tell it.
    transport_encrypted: null,
    versioned: null,
    immutable: null,
    access_logged: logsAccess(found),
    deletion_protected: found.DeletionProtection ?? null,
    multi_zone: found.MultiAZ ?? null,
    created_at: found.createdAt ?? null,
    tags: tagsOf(found),
  };
}

function protectedOf(work: Work, found: Instance | Cluster): ProtectedResourceRecord {
  const days = found.BackupRetentionPeriod ?? null;
  return {
    ...common(work, 'protected_resource', `protected/${found.native}`),
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
