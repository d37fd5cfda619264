import { ListBucketsCommand, S3Client, type ListBucketsOutput } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import { partitionOf } from '../storage/arn.ts';
import { tagsOf } from '../tagged.ts';
import { resourceRecord } from './resource.ts';

const BUCKETS = 's3:ListBuckets';

const bucket = z.object({ Name: z.string().min(1), BucketRegion: z.string().min(1) });

/** The buckets that lie in the region: every one is listed, and the tags of those that have some come a hundred buckets a call. */
export async function* buckets(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, region } = work;
  const tags = await tagsOf(session, 's3');
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
      const resource = `arn:${partitionOf(work)}:s3:::${Name}`;
      yield resourceRecord(work, {
        native: `s3:${Name}`,
        resource,
        name: Name,
        type: 'bucket',
        // S3 renews the date that it calls a bucket's creation when its policy is edited.
        created: null,
        continuous: null,
        tags: tags.get(resource) ?? [],
      });
    }
}
