import {
  DescribeVolumesCommand,
  type DescribeVolumesResult,
  EC2Client,
  GetEbsDefaultKmsKeyIdCommand,
  GetEbsEncryptionByDefaultCommand,
  GetSnapshotBlockPublicAccessStateCommand,
  type Volume,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { StorageDefaultRecord } from '../../../inventory/kinds/storage-default.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { keyArn, partitionOf } from './arn.ts';

export const ec2Of = ({ session }: Pick<Work, 'session'>): EC2Client => session.client('ec2', EC2Client);

/** What the region does with new volumes and snapshots, and every volume in it. */
export async function* collectVolumes(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  yield await defaults(work);
  const { session } = work;
  const operation = 'ec2:DescribeVolumes';
  const fetch = (token: string | undefined) =>
    session.call(operation, (options) =>
      ec2Of(work).send(
        // Volumes that a service of AWS manages hold the organisation's data, too, and may be hidden otherwise.
        new DescribeVolumesCommand({ MaxResults: 1000, NextToken: token, IncludeManagedResources: true }),
        options,
      ),
    );
  for await (const page of pages<DescribeVolumesResult>(operation, fetch, ({ NextToken }) => NextToken))
    for (const entry of listed<Volume>(operation, 'Volumes', page.Volumes)) yield volumeOf(work, entry);
}

async function defaults(work: Work): Promise<StorageDefaultRecord> {
  const { session, region } = work;
  const ec2 = ec2Of(work);
  const encrypted = await session.call('ec2:GetEbsEncryptionByDefault', (options) =>
    ec2.send(new GetEbsEncryptionByDefaultCommand({}), options),
  );
  const key = await session.call('ec2:GetEbsDefaultKmsKeyId', (options) =>
    ec2.send(new GetEbsDefaultKmsKeyIdCommand({}), options),
  );
  const block = await session.call('ec2:GetSnapshotBlockPublicAccessState', (options) =>
    ec2.send(new GetSnapshotBlockPublicAccessStateCommand({}), options),
  );
  return {
    ...common(work, 'storage_default', 'volume'),
    type: 'volume',
    region,
    encrypted: read('ec2:GetEbsEncryptionByDefault', region, z.boolean(), encrypted.EbsEncryptionByDefault),
    public_access_blocked:
      read('ec2:GetSnapshotBlockPublicAccessState', region, sharing, block.State) !== 'unblocked',
    encryption_key: keyArn(
      work,
      region,
      read('ec2:GetEbsDefaultKmsKeyId', region, z.string().min(1), key.KmsKeyId),
    ),
  };
}

const sharing = z.enum(['block-all-sharing', 'block-new-sharing', 'unblocked']);

const volume = z.object({
  VolumeId: z.string().min(1),
  Encrypted: z.boolean(),
  KmsKeyId: z.string().optional(),
  CreateTime: moment,
  Tags: z.array(z.object({ Key: z.string(), Value: z.string().default('') })).default([]),
});

/** A volume can be attached in its own account alone, and lies in one zone. */
function volumeOf(work: Work, entry: Volume): DataStoreRecord {
  const operation = 'ec2:DescribeVolumes';
  const told = read(operation, `volume ${entry.VolumeId ?? ''}`, volume, entry);
  const { VolumeId: id, Encrypted: encrypted, Tags } = told;
  const { region, account } = work;
  const tags = Tags.map(({ Key, Value }) => ({ key: Key, value: Value }));
  const encryption_key = keyArn(work, region, told.KmsKeyId ?? '');
  return {
    ...common(work, 'data_store', id),
    resource: `arn:${partitionOf(work)}:ec2:${region}:${account.id}:volume/${id}`,
    name: tags.find(({ key, value }) => key === 'Name' && value !== '')?.value ?? id,
    type: 'volume',
    region,
    encrypted,
    encryption_key,
    // The ARN does not tell a key of AWS's own from another: the key itself does.
    customer_key: encrypted ? null : false,
    public: false,
    public_access_blocked: null,
    transport_encrypted: null,
    versioned: null,
    immutable: null,
    access_logged: null,
    deletion_protected: null,
    multi_zone: false,
    created_at: told.CreateTime,
    tags,
  };
}
