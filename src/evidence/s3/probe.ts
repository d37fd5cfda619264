import { randomBytes } from 'node:crypto';
import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { EvidenceError } from '../error.ts';
import { type Access, isConflict, objectAt, type Retention, wrap } from './client.ts';
import { readObject } from './read.ts';
import { PROBE_FOLDER } from './retention.ts';
import { deleteVersions } from './store.ts';

/** How many write the same object at once. */
const RACERS = 8;

/**
 * Tries what the log rests on. Rejects with `io` when the bucket can't be used, lets a conditional write through whose condition does
 * not hold, or has no Object Lock although a retention is asked for. Returns what is less than it could be, a sentence each.
 */
export async function probe(access: Access, retention: Retention | undefined): Promise<readonly string[]> {
  const { client, bucket } = access;
  // Unlike HEAD, the answer says what is wrong.
  const few = { Bucket: bucket, Prefix: access.prefix, MaxKeys: 1 };
  await wrap('use', access, '', () => client.send(new ListObjectsV2Command(few)));
  const warnings = [...(await versioning(access)), ...(await objectLock(access, retention))];
  const key = `${PROBE_FOLDER}${randomBytes(12).toString('hex')}`;
  try {
    await wrap('probe', access, key, () => tryConditions(access, key));
  } finally {
    await deleteVersions(access, key).catch(() => {
      warnings.push(
        `s3://${bucket}: the object that conditional writes were tried on can't be deleted yet: ${key}`,
      );
    });
  }
  return warnings;
}

async function tryConditions(access: Access, key: string): Promise<void> {
  await race(
    access,
    key,
    { IfNoneMatch: '*' },
    'overwrote an object in spite of If-None-Match: the log could fork there',
  );
  const created = await readObject(access, key);
  if (created?.etag === undefined) throw new Error('what was created can not be read, or has no ETag');
  await race(
    access,
    key,
    { IfMatch: created.etag },
    'overwrote an object in spite of If-Match: an older checkpoint could take the place of a newer one',
  );
}

/** Several at once, then one more: exactly one may win. */
async function race(
  access: Access,
  key: string,
  condition: { readonly IfNoneMatch: string } | { readonly IfMatch: string },
  complaint: string,
): Promise<void> {
  const before = (await readObject(access, key))?.etag;
  const put = async (Body: string): Promise<boolean> => {
    try {
      await access.client.send(new PutObjectCommand({ ...objectAt(access, key), ...condition, Body }));
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  };
  const racers = Array.from({ length: RACERS }, (_, i) => `${Object.keys(condition).join('')} ${i}`);
  const won = (await Promise.all(racers.map(put))).filter(Boolean).length;
  const after = (await readObject(access, key))?.etag;
  // Where all of them met a conflict, the next is alone.
  const late = await put('late');
  if (won > 1 || (late && after !== before)) {
    throw new EvidenceError('io', `s3://${access.bucket}: it ${complaint}`);
  }
}

async function versioning({ client, bucket }: Access): Promise<string[]> {
  const consequence = 'what is deleted or written over there may be gone without a trace';
  try {
    const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
    return Status === 'Enabled' ? [] : [`s3://${bucket}: versioning is not enabled: ${consequence}`];
  } catch {
    return [`s3://${bucket}: whether versioning is enabled can't be told: if not, ${consequence}`];
  }
}

async function objectLock(access: Access, retention: Retention | undefined): Promise<string[]> {
  const { client, bucket } = access;
  const found = await client
    .send(new GetObjectLockConfigurationCommand({ Bucket: bucket }))
    .then(({ ObjectLockConfiguration }) => ObjectLockConfiguration)
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.name : String(error);
      return { ObjectLockEnabled: why, Rule: undefined };
    });
  if (retention !== undefined && found?.ObjectLockEnabled !== 'Enabled') {
    throw new EvidenceError(
      'io',
      `s3://${bucket}: a retention of ${retention.days} days is asked for, and the bucket has no Object Lock that can be seen ` +
        `(${found?.ObjectLockEnabled ?? 'no answer'}): enable it, or take store.s3.retention away`,
    );
  }
  if (found?.Rule?.DefaultRetention === undefined) return [];
  return [
    `s3://${bucket}: its default retention also locks what Annexa deletes in its course (partial tiles): they stay, and cost space`,
  ];
}
