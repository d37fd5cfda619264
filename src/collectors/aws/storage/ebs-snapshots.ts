import { DescribeSnapshotsCommand, type DescribeSnapshotsResult, type Snapshot } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RecoveryPointRecord } from '../../../inventory/kinds/recovery-point.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { keyArn, partitionOf } from './arn.ts';
import { ec2Of } from './ebs.ts';

const OPERATION = 'ec2:DescribeSnapshots';

/** Every snapshot that the account owns in the region. Those open to everybody are listed first, apart: seldom more than a few. */
export async function* collectSnapshots(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const open = new Set<string>();
  for await (const { SnapshotId } of snapshots(work, ['all'])) open.add(SnapshotId);
  for await (const told of snapshots(work)) yield recordOf(work, told, open.has(told.SnapshotId));
}

const snapshot = z.object({
  SnapshotId: z.string().min(1),
  VolumeId: z.string().min(1),
  State: z.string().min(1),
  StartTime: moment,
  Encrypted: z.boolean(),
  KmsKeyId: z.string().optional(),
  StorageTier: z.string().optional(),
  TransferType: z.string().optional(),
});
type Told = z.infer<typeof snapshot>;

async function* snapshots(work: Work, restorableBy?: string[]): AsyncGenerator<Told, void, undefined> {
  const fetch = (token: string | undefined) =>
    work.session.call(OPERATION, (options) =>
      ec2Of(work).send(
        new DescribeSnapshotsCommand({
          OwnerIds: ['self'],
          RestorableByUserIds: restorableBy,
          MaxResults: 1000,
          NextToken: token,
        }),
        options,
      ),
    );
  for await (const page of pages<DescribeSnapshotsResult>(OPERATION, fetch, ({ NextToken }) => NextToken))
    for (const entry of listed<Snapshot>(OPERATION, 'Snapshots', page.Snapshots))
      yield read(OPERATION, `snapshot ${entry.SnapshotId ?? ''}`, snapshot, entry);
}

const STATUS: Readonly<Record<string, RecoveryPointRecord['status']>> = {
  completed: 'completed',
  pending: 'creating',
  error: 'failed',
};

/** The volume that a copy names means nothing: it is a backup of nothing that is known. */
const isCopy = ({ TransferType, VolumeId }: Told): boolean =>
  TransferType !== undefined || VolumeId === 'vol-ffffffff';

function recordOf(work: Work, told: Told, open: boolean): RecoveryPointRecord {
  const { region, account } = work;
  const arn = `arn:${partitionOf(work)}:ec2:${region}`;
  // AWS Backup names snapshots without their account.
  const point = `${arn}::snapshot/${told.SnapshotId}`;
  const status = STATUS[told.State] ?? 'other';
  return {
    ...common(work, 'recovery_point', told.SnapshotId),
    resource: isCopy(told) ? point : `${arn}:${account.id}:volume/${told.VolumeId}`,
    point,
    region,
    type: 'snapshot',
    vault: '',
    status,
    // From the archive it must be fetched first, which takes days.
    usable: status === 'completed' && told.StorageTier !== 'archive',
    taken_at: told.StartTime,
    expires_at: null,
    encrypted: told.Encrypted,
    encryption_key: keyArn(work, region, told.KmsKeyId ?? ''),
    public: open,
    // Told by one call a snapshot only, which is not made.
    shares: [],
    shares_told: false,
  };
}
