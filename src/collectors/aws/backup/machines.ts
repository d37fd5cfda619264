import {
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  EC2Client,
  type DescribeInstancesResult,
  type DescribeVolumesResult,
  type Instance,
  type Volume,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { partitionOf } from '../storage/arn.ts';
import { resourceRecord } from './resource.ts';

const VOLUMES = 'ec2:DescribeVolumes';
const INSTANCES = 'ec2:DescribeInstances';

const tags = z
  .array(z.object({ Key: z.string(), Value: z.string().default('') }))
  // EC2 leaves out the tags of what has none.
  .nullish()
  .transform((all) => (all ?? []).map(({ Key, Value }) => ({ key: Key, value: Value })));

const volume = z.object({
  VolumeId: z.string().min(1),
  State: z.string().min(1),
  CreateTime: moment,
  Tags: tags,
});

const attached = z.object({ AttachTime: moment.nullish() }).nullish();

const instance = z.object({
  InstanceId: z.string().min(1),
  State: z.object({ Name: z.string().min(1) }),
  LaunchTime: moment,
  BlockDeviceMappings: z.array(z.object({ Ebs: attached })).nullish(),
  NetworkInterfaces: z.array(z.object({ Attachment: attached })).nullish(),
  Tags: tags,
});

export async function* volumes(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const client = work.session.client('ec2', EC2Client);
  const fetch = (NextToken: string | undefined) =>
    work.session.call(VOLUMES, (options) =>
      client.send(new DescribeVolumesCommand({ MaxResults: 500, NextToken }), options),
    );
  for await (const page of pages<DescribeVolumesResult>(VOLUMES, fetch, (page) => page.NextToken))
    for (const entry of listed(VOLUMES, 'Volumes', page.Volumes)) {
      const record = volumeRecord(work, entry);
      if (record !== undefined) yield record;
    }
}

/** Undefined: on its way out. */
function volumeRecord(work: Work, entry: Volume): InventoryRecord | undefined {
  const told = read(VOLUMES, entry.VolumeId ?? 'a volume', volume, entry);
  if (told.State === 'deleting' || told.State === 'deleted') return undefined;
  return resourceRecord(work, {
    native: told.VolumeId,
    resource: arnOf(work, `volume/${told.VolumeId}`),
    name: nameOf(told.Tags) ?? told.VolumeId,
    type: 'volume',
    created: told.CreateTime,
    continuous: false,
    tags: told.Tags,
  });
}

export async function* instances(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const client = work.session.client('ec2', EC2Client);
  const fetch = (NextToken: string | undefined) =>
    work.session.call(INSTANCES, (options) =>
      client.send(new DescribeInstancesCommand({ MaxResults: 1000, NextToken }), options),
    );
  for await (const page of pages<DescribeInstancesResult>(INSTANCES, fetch, (page) => page.NextToken))
    for (const { ReservationId, Instances } of listed(INSTANCES, 'Reservations', page.Reservations))
      for (const entry of listed(INSTANCES, `Instances of ${ReservationId}`, Instances)) {
        const record = instanceRecord(work, entry);
        if (record !== undefined) yield record;
      }
}

/** Undefined: terminated. */
function instanceRecord(work: Work, entry: Instance): InventoryRecord | undefined {
  const told = read(INSTANCES, entry.InstanceId ?? 'an instance', instance, entry);
  if (told.State.Name === 'terminated' || told.State.Name === 'shutting-down') return undefined;
  return resourceRecord(work, {
    native: told.InstanceId,
    resource: arnOf(work, `instance/${told.InstanceId}`),
    name: nameOf(told.Tags) ?? told.InstanceId,
    type: 'instance',
    created: firstSeen(told),
    continuous: false,
    tags: told.Tags,
  });
}

/** A launch is renewed by every start: what was attached before it shows that the instance is older. */
function firstSeen({
  LaunchTime,
  BlockDeviceMappings,
  NetworkInterfaces,
}: z.output<typeof instance>): number {
  const times = [
    ...(BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.AttachTime),
    ...(NetworkInterfaces ?? []).map(({ Attachment }) => Attachment?.AttachTime),
  ].filter((time) => typeof time === 'number');
  return Math.min(LaunchTime, ...times);
}

function arnOf(work: Work, tail: string): string {
  return `arn:${partitionOf(work)}:ec2:${work.region}:${work.account.id}:${tail}`;
}

function nameOf(all: readonly { readonly key: string; readonly value: string }[]): string | undefined {
  return all.find(({ key }) => key === 'Name')?.value || undefined;
}
