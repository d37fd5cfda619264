import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bucketAt, sourceAt, storeAt } from '../../src/cli/location.ts';
import { BUCKET, memoryS3 } from '../evidence/s3-memory.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-location-'));
  await mkdir(join(directory, 'state'));
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

describe('where a store is', () => {
  test('is a directory, or a bucket at the endpoint of the environment', async () => {
    await using server = await memoryS3();
    const env = { AWS_ENDPOINT_URL_S3: server.endpoint };
    for (const where of [directory, `s3://${BUCKET}/annexa`]) {
      const store = await storeAt(where, env);
      await store.create([{ key: 'log/intents/0', bytes: Buffer.from('1') }]);
      const source = await sourceAt(where, env);
      expect(Buffer.from((await source.get('log/intents/0')) ?? []).toString()).toBe('1');
      const walked: string[] = [];
      for await (const { key } of source.walk('')) walked.push(key);
      expect(walked).toEqual(['log/intents/0']);
    }
    expect([...server.objects.keys()]).toEqual(['annexa/log/intents/0']);
  });

  test('is refused when there is no such directory', async () => {
    const path = join(directory, 'nowhere');
    await expect(storeAt(path, {})).rejects.toMatchObject({ code: 'no-store' });
    await expect(sourceAt(path, {})).rejects.toMatchObject({ code: 'no-store' });
  });

  test('has its region and endpoint from the environment', () => {
    expect(bucketAt('s3://acme-evidence', {})).toEqual({
      bucket: 'acme-evidence',
      prefix: '',
      forcePathStyle: false,
    });
    const path = { AWS_DEFAULT_REGION: 'eu-west-1', ANNEXA_S3_FORCE_PATH_STYLE: 'true' };
    expect(bucketAt('s3://acme-evidence/a/b/', path)).toEqual({
      bucket: 'acme-evidence',
      prefix: 'a/b/',
      region: 'eu-west-1',
      forcePathStyle: true,
    });
    expect(bucketAt('s3://acme-evidence/a', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })).toEqual({
      bucket: 'acme-evidence',
      prefix: 'a/',
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:9',
      forcePathStyle: true,
    });
  });

  test.each(['s3://', 's3://A', 's3://acme/a//b', 's3://acme/..', 's3://acme/a?b', 's3:///a'])(
    '%s is none',
    (text) => {
      expect(() => bucketAt(text, {})).toThrow(`${text}: expected s3://bucket or s3://bucket/prefix`);
    },
  );
});
