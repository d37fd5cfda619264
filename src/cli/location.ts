import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { directoryStore, STATE_FOLDER } from '../evidence/directory.ts';
import { EvidenceError } from '../evidence/error.ts';
import type { S3Place } from '../evidence/s3/client.ts';
import type { ObjectStore } from '../evidence/store.ts';
import { directorySource, type Source } from '../evidence/verify/source.ts';
import { UsageError } from './command.ts';
import type { Io } from './command.ts';

/** Whether the text names a store in a bucket, `s3://bucket/prefix`, rather than a path. */
export function isBucket(text: string): boolean {
  return text.startsWith('s3://');
}

/**
 * The store in a directory, or in a bucket: its region and endpoint from the environment, as the SDK's own tools take them. Rejects with
 * `no-store` when there is no such directory, UsageError for what is no bucket.
 */
export async function storeAt(text: string, env: Io['env']): Promise<ObjectStore> {
  if (isBucket(text)) {
    const { readableS3 } = await import('../evidence/s3/open.ts');
    return readableS3(bucketAt(text, env));
  }
  await assertDirectory(text);
  return directoryStore(text, join(text, STATE_FOLDER));
}

/** As storeAt, to be verified. A directory's high-water mark is not part of it. */
export async function sourceAt(text: string, env: Io['env']): Promise<Source> {
  if (isBucket(text)) {
    const { s3Source } = await import('../evidence/s3/source.ts');
    return s3Source(bucketAt(text, env));
  }
  await assertDirectory(text);
  return directorySource(text);
}

/** Throws UsageError. */
export function bucketAt(text: string, env: Io['env']): S3Place {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:\w[\w.-]*\/)*(?:\w[\w.-]*)?))?$/.exec(
    text,
  );
  if (match === null) throw new UsageError(`${text}: expected s3://bucket or s3://bucket/prefix`);
  const [, bucket = '', path = ''] = match;
  const endpoint = set(env['AWS_ENDPOINT_URL_S3']) ?? set(env['AWS_ENDPOINT_URL']);
  const region = set(env['AWS_REGION']) ?? set(env['AWS_DEFAULT_REGION']) ?? (endpoint && 'us-east-1');
  return {
    bucket,
    prefix: path === '' || path.endsWith('/') ? path : `${path}/`,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    forcePathStyle: env['ANNEXA_S3_FORCE_PATH_STYLE'] === 'true' || endpoint !== undefined,
  };
}

function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

async function assertDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new EvidenceError('no-store', `${path}: there is no such directory`);
}
