import {
  ListProtectedResourcesCommand,
  type ListProtectedResourcesOutput,
  type ProtectedResource,
} from '@aws-sdk/client-backup';
import { DescribeFileSystemsCommand, EFSClient, type DescribeFileSystemsResponse } from '@aws-sdk/client-efs';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { ProtectedResourceRecord } from '../../../inventory/kinds/protected-resource.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { backupOf, PAGE } from './client.ts';
import { buckets } from './buckets.ts';
import { instances, volumes } from './machines.ts';
import { resourceRecord } from './resource.ts';

const FILE_SYSTEMS = 'elasticfilesystem:DescribeFileSystems';
const PROTECTED = 'backup:ListProtectedResources';

/** Services whose resources are listed by themselves, here or in datasets of their own: whether anything backs them up or not. */
const LISTED_ELSEWHERE = new Set(['dynamodb', 'ec2', 'elasticfilesystem', 'rds', 's3']);

/**
 * What can be backed up, whether or not anything does: volumes, instances, file systems and buckets, then what else AWS Backup has backed up
 * before. Databases and tables are told by their own datasets.
 */
export async function* collectResources(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  yield* volumes(work);
  yield* instances(work);
  yield* fileSystems(work);
  yield* buckets(work);
  yield* others(work);
}

const fileSystem = z.object({
  FileSystemId: z.string().min(1),
  FileSystemArn: z.string().min(1),
  LifeCycleState: z.string(),
  CreationTime: moment,
  Name: z.string().nullish(),
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })),
});

async function* fileSystems(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const client = work.session.client('elasticfilesystem', EFSClient);
  const fetch = (Marker: string | undefined) =>
    work.session.call(FILE_SYSTEMS, (options) =>
      client.send(new DescribeFileSystemsCommand({ MaxItems: 100, Marker }), options),
    );
  for await (const page of pages<DescribeFileSystemsResponse>(FILE_SYSTEMS, fetch, (page) => page.NextMarker))
    for (const entry of listed(FILE_SYSTEMS, 'FileSystems', page.FileSystems)) {
      const told = read(FILE_SYSTEMS, entry.FileSystemId ?? 'a file system', fileSystem, entry);
      if (told.LifeCycleState === 'deleting' || told.LifeCycleState === 'deleted') continue;
      yield resourceRecord(work, {
        native: told.FileSystemId,
        resource: told.FileSystemArn,
        name: told.Name ?? told.FileSystemId,
        type: 'file_system',
        created: told.CreationTime,
        continuous: false,
        tags: told.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
      });
    }
}

const protectedEntry = z.object({ ResourceArn: z.string().min(1), ResourceName: z.string().nullish() });

/** Tags of these are not told. */
async function* others(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const fetch = (NextToken: string | undefined) =>
    work.session.call(PROTECTED, (options) =>
      backupOf(work.session).send(
        new ListProtectedResourcesCommand({ MaxResults: PAGE, NextToken }),
        options,
      ),
    );
  for await (const page of pages<ListProtectedResourcesOutput>(PROTECTED, fetch, (page) => page.NextToken))
    for (const entry of listed(PROTECTED, 'Results', page.Results)) {
      const record = otherRecord(work, entry);
      if (record !== undefined) yield record;
    }
}

function otherRecord(work: Work, entry: ProtectedResource): ProtectedResourceRecord | undefined {
  const told = read(PROTECTED, entry.ResourceArn ?? 'a resource', protectedEntry, entry);
  const [, , service = '', , , ...rest] = told.ResourceArn.split(':');
  if (LISTED_ELSEWHERE.has(service)) return undefined;
  return resourceRecord(work, {
    native: `${service}:${rest.join(':')}`,
    resource: told.ResourceArn,
    name: told.ResourceName || rest.join(':'),
    type: 'other',
    created: null,
    continuous: null,
    tags: [],
  });
}
