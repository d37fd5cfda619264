import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
  type GetResourcesOutput,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { ListBucketsCommand, S3Client, type ListBucketsOutput } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../pages.ts';
import { listed, read } from '../read.ts';
import { partitionOf, resourceRecord } from './resource.ts';

const BUCKETS = 's3:ListBuckets';
const TAGS = 'tag:GetResources';

const bucket = z.object({ Name: z.string().min(1), BucketRegion: z.string().min(1) });

const tagged = z.object({
  ResourceARN: z.string().min(1),
  // A resource that lost its last tag has an empty list.
  Tags: z.array(z.object({ Key: z.string(), Value: z.string() })),
});

type Tags = readonly { readonly key: string; readonly value: string }[];

/** The buckets that lie in the region: every one is listed, and the tags of those that have some come a hundred buckets a call. */
export async function* buckets(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, region } = work;
  const tags = await bucketTags(work);
  const client = session.client('s3', S3Client);
  const fetch = (ContinuationToken: string | undefined) =>
    session.call(BUCKETS, (options) =>
      client.send(
        new ListBucketsCommand({ BucketRegion: region, MaxBuckets: 10_000, ContinuationToken }),
        options,
      ),
    );
  for await (const page of pages<ListBucketsOutput>(BUCKETS, fetch, (page) => page.ContinuationToken))
    for (const entry of listed(BUCKETS, 'Buckets', page.Buckets)) {
      const { Name, BucketRegion } = read(BUCKETS, entry.Name ?? 'a bucket', bucket, entry);
      if (BucketRegion !== region)
        throw new CollectorError(
          'malformed',
          `${BUCKETS}: ${Name} lies in ${BucketRegion}, not in ${region}`,
        );
      const resource = `arn:${partitionOf(session)}:s3:::${Name}`;
      yield resourceRecord(work, {
        native: `s3:${Name}`,
        resource,
        name: Name,
        type: 'bucket',
        // S3 renews the date that it calls a bucket's creation when its policy is edited.
        created: null,
        continuous: null,
        tags: [...(tags.get(resource) ?? [])],
      });
    }
}

async function bucketTags({ session }: Work): Promise<ReadonlyMap<string, Tags>> {
  const client = session.client('tag', ResourceGroupsTaggingAPIClient);
  const fetch = (PaginationToken: string | undefined) =>
    session.call(TAGS, (options) =>
      client.send(
        new GetResourcesCommand({
          ResourceTypeFilters: ['s3:bucket'],
          ResourcesPerPage: 100,
          PaginationToken,
        }),
        options,
      ),
    );
  const tags = new Map<string, Tags>();
  for await (const page of pages<GetResourcesOutput>(TAGS, fetch, (page) => page.PaginationToken))
    for (const entry of listed(TAGS, 'ResourceTagMappingList', page.ResourceTagMappingList)) {
      const told = read(TAGS, entry.ResourceARN ?? 'a resource', tagged, entry);
      tags.set(
        told.ResourceARN,
        told.Tags.map(({ Key, Value }) => ({ key: Key, value: Value })),
      );
    }
  return tags;
}
