import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RecoveryPointRecord } from '../../../inventory/kinds/recovery-point.ts';
import { common, type Work } from '../dataset.ts';
import { time } from '../fields.ts';
import { listAll, metadata } from '../list.ts';

const snapshot = z.object({
  metadata,
  spec: z.object({
    source: z.object({
      persistentVolumeClaimName: z.string().nullish(),
      volumeSnapshotContentName: z.string().nullish(),
    }),
  }),
  status: z
    .object({
      readyToUse: z.boolean().nullish(),
      creationTime: time.nullish(),
      error: z.unknown().optional(),
    })
    .nullish(),
});
type Snapshot = z.output<typeof snapshot>;

export async function* collectVolumeSnapshots(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const resource = {
    group: 'snapshot.storage.k8s.io',
    version: 'v1',
    resource: 'volumesnapshots',
    kind: 'VolumeSnapshot',
  };
  yield* await listAll(work, resource, snapshot, (object) => pointRecord(work, object));
}

function pointRecord(work: Work, { metadata, spec, status }: Snapshot): RecoveryPointRecord {
  const { namespace, name, uid, creationTimestamp } = metadata;
  const { persistentVolumeClaimName: claim, volumeSnapshotContentName: content } = spec.source;
  const here = `kubernetes:${work.config.cluster}`;
  const failed = status?.error !== undefined && status.error !== null;
  const usable = status?.readyToUse === true && !failed;
  return {
    ...common(work, 'recovery_point', `volumesnapshot/${uid}`),
    resource: claim
      ? `${here}:persistentvolumeclaims/${namespace}/${claim}`
      : `${here}:snapshot.storage.k8s.io/volumesnapshotcontents/${content ?? name}`,
    point: `${here}:snapshot.storage.k8s.io/volumesnapshots/${namespace}/${name}`,
    region: '',
    type: 'snapshot',
    vault: '',
    status: usable ? 'completed' : failed ? 'failed' : 'creating',
    usable,
    taken_at: status?.creationTime ?? creationTimestamp,
    expires_at: null,
    // The storage behind it knows these, not the cluster.
    encrypted: null,
    encryption_key: '',
    public: null,
    shares: [],
    shares_told: false,
  };
}
