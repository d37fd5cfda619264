import {
  DBClusterSnapshotNotFoundFault,
  DBSnapshotNotFoundFault,
  DescribeDBClusterSnapshotAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
} from '@aws-sdk/client-rds';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RecoveryPointRecord } from '../../../inventory/kinds/recovery-point.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { encryption } from './encryption.ts';
import { rdsOf } from './rds.ts';

const SNAPSHOTS = 'rds:DescribeDBSnapshots';
const SHARES = 'rds:DescribeDBSnapshotAttributes';
const CLUSTER_SNAPSHOTS = 'rds:DescribeDBClusterSnapshots';
const CLUSTER_SHARES = 'rds:DescribeDBClusterSnapshotAttributes';

const shared = {
  Status: z.string().min(1),
  SnapshotType: z.string().min(1),
  SnapshotCreateTime: moment.optional(),
  StorageEncryptionType: z.string().optional(),
  KmsKeyId: z.string().optional(),
};

const snapshot = z
  .object({
    ...shared,
    DBSnapshotIdentifier: z.string().min(1),
    DBSnapshotArn: z.string().min(1),
    DBInstanceIdentifier: z.string().min(1),
    Encrypted: z.boolean().optional(),
    OriginalSnapshotCreateTime: moment.optional(),
    SourceDBSnapshotIdentifier: z.string().optional(),
  })
  .transform((found) => ({
    ...found,
    cluster: false,
    name: found.DBSnapshotIdentifier,
    point: found.DBSnapshotArn,
    of: `db:${found.DBInstanceIdentifier}`,
    StorageEncrypted: found.Encrypted,
    // A copy is made later than the state that it holds.
    takenAt: found.OriginalSnapshotCreateTime ?? found.SnapshotCreateTime,
    copyOf: found.SourceDBSnapshotIdentifier,
  }));

const clusterSnapshot = z
  .object({
    ...shared,
    DBClusterSnapshotIdentifier: z.string().min(1),
    DBClusterSnapshotArn: z.string().min(1),
    DBClusterIdentifier: z.string().min(1),
    StorageEncrypted: z.boolean().optional(),
    ClusterCreateTime: moment.optional(),
    SourceDBClusterSnapshotArn: z.string().optional(),
  })
  .transform((found) => {
    const copyOf = found.SourceDBClusterSnapshotArn === '' ? undefined : found.SourceDBClusterSnapshotArn;
    return {
      ...found,
      cluster: true,
      name: found.DBClusterSnapshotIdentifier,
      point: found.DBClusterSnapshotArn,
      of: `cluster:${found.DBClusterIdentifier}`,
      // Of a copy only its own making is dated: what it holds is no older than its cluster, and no more is known.
      takenAt: copyOf === undefined ? found.SnapshotCreateTime : found.ClusterCreateTime,
      copyOf,
    };
  });

type Snapshot = z.output<typeof snapshot> | z.output<typeof clusterSnapshot>;

/**
 * Every snapshot of the account's own, automatic and manual, of instances and of clusters; those that AWS Backup made are told by AWS Backup.
 * Only manual ones can be shared, so only they are asked for their attributes.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
 */
export async function* collectSnapshots(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  for (const found of [snapshotsOf(work.session), clusterSnapshotsOf(work.session)])
    for await (const record of ahead(datable(found), 8, (each) => recordOf(work, each)))
      if (record !== undefined) yield record;
}

type Dated = Snapshot & { readonly takenAt: number };

/** One that is still being made has no time yet, and nothing can be restored from it: left out until it is whole. */
async function* datable(all: AsyncIterable<Snapshot>): AsyncGenerator<Dated, void, undefined> {
  for await (const found of all) {
    if (found.SnapshotType === 'awsbackup' || found.name.startsWith('awsbackup:')) continue;
    if (found.takenAt === undefined && found.Status !== 'available') continue;
    const takenAt = read(
      found.cluster ? CLUSTER_SNAPSHOTS : SNAPSHOTS,
      `${found.name}: when it was taken`,
      z.int(),
      found.takenAt,
    );
    yield { ...found, takenAt };
  }
}

/** Undefined: it was deleted since it was listed. */
async function recordOf(work: Work, found: Dated): Promise<RecoveryPointRecord | undefined> {
  const manual = found.SnapshotType === 'manual';
  const may = manual ? await restorableBy(work.session, found) : [];
  if (may === undefined) return undefined;
  const { encrypted, encryption_key } = encryption(work, found);
  return {
    ...common(work, 'recovery_point', found.point.split(':').slice(5).join(':')),
    resource: resourceOf(found),
    point: found.point,
    region: work.region,
    type: 'snapshot',
    vault: '',
    status: statusOf(found.Status),
    usable: found.Status === 'available',
    taken_at: found.takenAt,
    expires_at: null,
    encrypted,
    encryption_key,
    // A type that isn't documented may be shareable by ways that aren't, either.
    public: manual || found.SnapshotType === 'automated' ? may.includes('all') : null,
    shares: may.filter((account) => account !== 'all'),
    shares_told: manual || found.SnapshotType === 'automated',
  };
}

/** The instance or cluster lies in the region and account of the snapshot, or of what that is a copy of. */
function resourceOf({ point, copyOf, of }: Snapshot): string {
  const origin = copyOf?.startsWith('arn:') === true ? copyOf : point;
  return `${origin.split(':').slice(0, 5).join(':')}:${of}`;
}

function statusOf(status: string): RecoveryPointRecord['status'] {
  switch (status) {
    case 'available':
      return 'completed';
    case 'creating':
    case 'copying':
      return 'creating';
    case 'deleting':
    case 'failed':
      return status;
    default:
      return 'other';
  }
}

/** The attribute is there of every manual snapshot, without values when it is not shared. */
const attributes = z
  .array(
    z.object({ AttributeName: z.string().min(1), AttributeValues: z.array(z.string().min(1)).default([]) }),
  )
  .refine((all) => all.some(({ AttributeName }) => AttributeName === 'restore'), 'no attribute restore');

/** Accounts that may restore it; `all` stands for everybody. */
async function restorableBy(session: Session, found: Snapshot): Promise<readonly string[] | undefined> {
  const operation = found.cluster ? CLUSTER_SHARES : SHARES;
  const answer = await (found.cluster ? clusterAttributesOf : attributesOf)(session, found.name);
  if (answer === undefined) return undefined;
  const [name, list] = answer;
  read(operation, `${found.name}: whose attributes these are`, z.literal(found.name), name);
  return read(operation, found.name, attributes, list)
    .filter(({ AttributeName }) => AttributeName === 'restore')
    .flatMap(({ AttributeValues }) => AttributeValues);
}

type Attributes = readonly [name: unknown, list: unknown] | undefined;

const attributesOf = (session: Session, name: string): Promise<Attributes> =>
  session.call(SHARES, async (options) => {
    try {
      const command = new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: name });
      const { DBSnapshotAttributesResult: result } = await rdsOf(session).send(command, options);
      return [result?.DBSnapshotIdentifier, result?.DBSnapshotAttributes] as const;
    } catch (error) {
      if (error instanceof DBSnapshotNotFoundFault) return undefined;
      throw error;
    }
  });

const clusterAttributesOf = (session: Session, name: string): Promise<Attributes> =>
  session.call(CLUSTER_SHARES, async (options) => {
    try {
      const command = new DescribeDBClusterSnapshotAttributesCommand({ DBClusterSnapshotIdentifier: name });
      const { DBClusterSnapshotAttributesResult: result } = await rdsOf(session).send(command, options);
      return [result?.DBClusterSnapshotIdentifier, result?.DBClusterSnapshotAttributes] as const;
    } catch (error) {
      if (error instanceof DBClusterSnapshotNotFoundFault) return undefined;
      throw error;
    }
  });

async function* snapshotsOf(session: Session): AsyncGenerator<Snapshot, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(SNAPSHOTS, (options) =>
      rdsOf(session).send(new DescribeDBSnapshotsCommand({ MaxRecords: 100, Marker }), options),
    );
  for await (const page of pages(SNAPSHOTS, fetch, ({ Marker }) => Marker))
    for (const entry of listed(SNAPSHOTS, 'DBSnapshots', page.DBSnapshots))
      yield read(SNAPSHOTS, entry.DBSnapshotIdentifier ?? 'a snapshot', snapshot, entry);
}

async function* clusterSnapshotsOf(session: Session): AsyncGenerator<Snapshot, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(CLUSTER_SNAPSHOTS, (options) =>
      rdsOf(session).send(new DescribeDBClusterSnapshotsCommand({ MaxRecords: 100, Marker }), options),
    );
  for await (const page of pages(CLUSTER_SNAPSHOTS, fetch, ({ Marker }) => Marker))
    for (const entry of listed(CLUSTER_SNAPSHOTS, 'DBClusterSnapshots', page.DBClusterSnapshots))
      yield read(
        CLUSTER_SNAPSHOTS,
        entry.DBClusterSnapshotIdentifier ?? 'a snapshot',
        clusterSnapshot,
        entry,
      );
}
