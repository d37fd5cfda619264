import { ListBucketsCommand, type ListBucketsCommandOutput, type Bucket as Listed } from '@aws-sdk/client-s3';
import { GetPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { StorageDefaultRecord } from '../../../inventory/kinds/storage-default.ts';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { tagsOf, type Tags } from '../tagged.ts';
import { partitionOf } from './arn.ts';
import { type BucketFacts, bucketFacts } from './bucket.ts';
import { isPublic } from './bucket-policy.ts';
import { named, refusedAs } from './errors.ts';
import { type PublicAccessBlock, isFull, NO_BLOCK, readBlock, together } from './public-access-block.ts';
import { accountOf, bucketsOf } from './s3-client.ts';

/** Buckets asked about side by side: each is a few small calls, one after the other. */
const WIDTH = 8;

const bucket = z.object({
  Name: z.string().min(3),
  BucketRegion: z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'expected a region'),
  CreationDate: moment,
});
type Bucket = z.infer<typeof bucket>;

/**
 * Every general purpose bucket of the account, whatever region it lies in, and the account's own block of public access.
 *
 * At most five calls a bucket. ACLs, access points and their policies, directory buckets and table buckets are not read.
 */
export async function* collectBuckets(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const block = await accountBlock(work);
  const defaults: StorageDefaultRecord = {
    ...common(work, 'storage_default', 'bucket'),
    type: 'bucket',
    region: '',
    // AWS encrypts what is written to any bucket; there is no setting of an account to read.
    encrypted: null,
    public_access_blocked: isFull(block),
    encryption_key: '',
  };
  yield defaults;
  const tags = tagsByRegion(work);
  const records = ahead(buckets(work), WIDTH, async (entry) => {
    const facts = await unlessGone(entry.Name, () => bucketFacts(work, entry, block));
    if (facts === undefined) return undefined;
    return recordOf(work, entry, block, facts, await tags(entry.BucketRegion));
  });
  for await (const record of records) if (record !== undefined) yield record;
}

async function accountBlock({ session, account }: Work): Promise<PublicAccessBlock> {
  const answer = await session.call('s3:GetPublicAccessBlock', (options) =>
    named('NoSuchPublicAccessBlockConfiguration', () =>
      accountOf(session).send(new GetPublicAccessBlockCommand({ AccountId: account.id }), options),
    ),
  );
  return answer === undefined
    ? NO_BLOCK
    : readBlock(`account ${account.id}`, answer.PublicAccessBlockConfiguration);
}

async function* buckets({ session }: Work): AsyncGenerator<Bucket, void, undefined> {
  const operation = 's3:ListBuckets';
  const fetch = (token: string | undefined) =>
    session.call(operation, (options) =>
      bucketsOf(session).send(
        new ListBucketsCommand({ MaxBuckets: 10_000, ContinuationToken: token }),
        options,
      ),
    );
  for await (const page of pages<ListBucketsCommandOutput>(
    operation,
    fetch,
    ({ ContinuationToken }) => ContinuationToken,
  ))
    for (const entry of listed<Listed>(operation, 'Buckets', page.Buckets))
      yield read(operation, `bucket ${entry.Name ?? ''}`, bucket, entry);
}

/** Tags are listed once for each region that has buckets: a hundred buckets a call. */
function tagsByRegion({ session }: Work): (region: string) => Promise<ReadonlyMap<string, Tags>> {
  const known = new Map<string, Promise<ReadonlyMap<string, Tags>>>();
  return (region) => {
    const tags = known.get(region) ?? tagsOf(session, 's3', region);
    known.set(region, tags);
    return tags;
  };
}

/** Undefined: the bucket was deleted since it was listed. Any other failure names the bucket. */
async function unlessGone<T>(name: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (refusedAs(error, 'NoSuchBucket')) return undefined;
    if (!(error instanceof CollectorError)) throw error;
    throw new CollectorError(error.code, `bucket ${name}: ${error.message}`, { cause: error.cause });
  }
}

function recordOf(
  work: Work,
  { Name: name, BucketRegion: region, CreationDate: created }: Bucket,
  account: PublicAccessBlock,
  facts: BucketFacts,
  tags: ReadonlyMap<string, Tags>,
): DataStoreRecord {
  const resource = `arn:${partitionOf(work)}:s3:::${name}`;
  const block = together(account, facts.block);
  return {
    ...common(work, 'data_store', name),
    resource,
    name,
    type: 'bucket',
    region,
    ...facts.encryption,
    public: isPublic(facts.policy, block),
    public_access_blocked: isFull(block),
    transport_encrypted: facts.transportEncrypted,
    versioned: facts.versioned,
    immutable: facts.immutable,
    access_logged: facts.accessLogged,
    deletion_protected: null,
    multi_zone: null,
    created_at: created,
    tags: tags.get(resource) ?? [],
  };
}
