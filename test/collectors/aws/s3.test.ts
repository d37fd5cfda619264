import type { Bucket } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import {
  ALL_BLOCKED,
  type BucketState,
  healthyBucket,
  keyArn,
  policyText,
  refusePlain,
  type StorageHolding,
} from './estate/storage.ts';
import { collectFrom, NOW, REGION, storageWith, WHERE } from './storage-harness.ts';
import { refuse } from './stub.ts';

const made = new Date(NOW - 86_400_000);
const listed = (Name: string, BucketRegion = REGION): Bucket => ({ Name, BucketRegion, CreationDate: made });
const NAME = 'records';

/** One bucket that is healthy but for `own`, in an account that is healthy but for `account`. */
async function bucketWith(own: Partial<BucketState>, account: Partial<StorageHolding> = {}) {
  const { records, calls } = await collectFrom(
    storageWith(() => ({
      buckets: [listed(NAME)],
      states: { [NAME]: { ...healthyBucket(WHERE, NAME), ...own } },
      ...account,
    })),
    's3-buckets',
  );
  return { record: records.get(NAME), defaults: records.get('bucket'), calls };
}

describe('s3-buckets', () => {
  test('tells a bucket with all that is asked about it, and what the account keeps from all of them', async () => {
    const { records } = await collectFrom(
      storageWith(() => ({ buckets: [listed(NAME)] }), {
        tagged: [{ arn: `arn:aws:s3:::${NAME}`, tags: { 'data-class': 'secret' } }],
      }),
      's3-buckets',
    );
    expect([...records.values()]).toEqual([
      {
        id: 'aws:123456789012:bucket',
        kind: 'storage_default',
        source: 'aws',
        scope: '123456789012',
        type: 'bucket',
        region: '',
        encrypted: null,
        public_access_blocked: true,
        encryption_key: '',
      },
      {
        id: `aws:123456789012:${NAME}`,
        kind: 'data_store',
        source: 'aws',
        scope: '123456789012',
        resource: `arn:aws:s3:::${NAME}`,
        name: NAME,
        type: 'bucket',
        region: REGION,
        encrypted: true,
        encryption_key: keyArn(WHERE),
        customer_key: null,
        public: false,
        public_access_blocked: true,
        transport_encrypted: true,
        versioned: true,
        immutable: true,
        access_logged: true,
        deletion_protected: null,
        multi_zone: null,
        created_at: made.getTime() / 1000,
        tags: [{ key: 'data-class', value: 'secret' }],
      },
    ]);
  });

  const governance = {
    ObjectLockEnabled: 'Enabled' as const,
    Rule: { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days: 1 } },
  };
  test.each<[string, Partial<BucketState>, object]>([
    ['no policy', { policy: undefined }, { transport_encrypted: false, public: false }],
    [
      "AWS's own keys",
      { encryption: { SSEAlgorithm: 'AES256' } },
      { encrypted: true, encryption_key: '', customer_key: false },
    ],
    [
      "AWS's key for S3",
      { encryption: { SSEAlgorithm: 'aws:kms' } },
      { encrypted: true, encryption_key: '', customer_key: false },
    ],
    [
      "AWS's key by its alias",
      { encryption: { SSEAlgorithm: 'aws:kms:dsse', KMSMasterKeyID: 'alias/aws/s3' } },
      { encrypted: true, encryption_key: '', customer_key: false },
    ],
    [
      'a key by its id',
      { encryption: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'abc' } },
      { encryption_key: `arn:aws:kms:${REGION}:123456789012:key/abc`, customer_key: null },
    ],
    [
      'a key by an alias',
      { encryption: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'alias/data' } },
      { encryption_key: `arn:aws:kms:${REGION}:123456789012:alias/data` },
    ],
    [
      'encryption of a kind that is not known',
      { encryption: { SSEAlgorithm: 'aws:fsx' } },
      { encrypted: null, customer_key: null },
    ],
    [
      'no encryption',
      { encryption: undefined },
      { encrypted: false, encryption_key: '', customer_key: false },
    ],
    ['no log', { logged: false }, { access_logged: false }],
    ['versioning suspended', { versioning: 'Suspended' }, { versioned: false, immutable: false }],
    ['never versioned', { versioning: undefined }, { versioned: false, immutable: false }],
    ['no lock', { lock: undefined }, { versioned: true, immutable: false }],
    ['a lock without a default', { lock: { ObjectLockEnabled: 'Enabled' } }, { immutable: false }],
    ['a lock that may be overridden', { lock: governance }, { immutable: false }],
  ])('%s', async (_, own, expected) => {
    expect((await bucketWith(own)).record).toMatchObject(expected);
  });

  const open = policyText(refusePlain(NAME), {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${NAME}/*`,
  });
  const halfBlocked = { ...ALL_BLOCKED, RestrictPublicBuckets: false };
  test.each<[string, Partial<BucketState>, Partial<StorageHolding>, object]>([
    [
      'an open policy under a full block',
      { policy: open },
      {},
      { public: false, public_access_blocked: true },
    ],
    [
      'an open policy without a block',
      { policy: open },
      { block: undefined },
      { public: true, public_access_blocked: false },
    ],
    [
      'an open policy, the account half blocked',
      { policy: open },
      { block: halfBlocked },
      { public: true, public_access_blocked: false },
    ],
    [
      'an open policy, the other half at the bucket',
      { policy: open, block: { ...ALL_BLOCKED, IgnorePublicAcls: false } },
      { block: halfBlocked },
      { public: false, public_access_blocked: true },
    ],
    [
      'its own full block alone',
      { policy: open, block: ALL_BLOCKED },
      { block: undefined },
      { public: false, public_access_blocked: true },
    ],
    ['no block at all', {}, { block: undefined }, { public: null, public_access_blocked: false }],
  ])('%s', async (_, own, account, expected) => {
    expect((await bucketWith(own, account)).record).toMatchObject(expected);
  });

  test('an account without a full block says so', async () => {
    expect((await bucketWith({}, { block: halfBlocked })).defaults).toMatchObject({
      public_access_blocked: false,
    });
    expect((await bucketWith({}, { block: undefined })).defaults).toMatchObject({
      public_access_blocked: false,
    });
  });
});

describe('no bucket costs more than five calls', () => {
  const ABOUT_ONE = /^s3:Get(Bucket|ObjectLock)/;
  test.each<[string, Partial<BucketState>, Partial<StorageHolding>, number, object]>([
    ['locked', {}, {}, 5, { versioned: true, immutable: true }],
    ['not versioned', { versioning: undefined }, {}, 4, { versioned: false, immutable: false }],
    ['locked, the account not blocked', {}, { block: undefined }, 5, { versioned: true, immutable: true }],
    [
      'not locked, the account not blocked: versioning stays unknown',
      { lock: undefined },
      { block: undefined },
      5,
      { versioned: null, immutable: false },
    ],
  ])('%s', async (_, own, account, expected, facts) => {
    const { record, calls } = await bucketWith(own, account);
    const blocks = calls.filter(({ operation }) => operation === 's3:GetPublicAccessBlock').length;
    expect(calls.filter(({ operation }) => ABOUT_ONE.test(operation)).length + blocks - 1).toBe(expected);
    expect(record).toMatchObject(facts);
  });

  test('and nothing else grows with them but pages', async () => {
    const { calls, records } = await collectFrom(
      storageWith(() => ({}), { size: 9, pageSize: 4 }),
      's3-buckets',
    );
    const count = (operation: string) => calls.filter((call) => call.operation === operation).length;
    expect(records.size).toBe(13);
    expect(count('s3:ListBuckets')).toBe(3);
    expect(count('tag:GetResources')).toBe(1);
    expect(calls).toHaveLength(12 * 5 + 1 + 3 + 1);
  });
});

test('a bucket is asked about in its own region, and tags once in each', async () => {
  const { calls, records } = await collectFrom(
    storageWith(() => ({
      buckets: [listed('north', 'eu-north-1'), listed('north-too', 'eu-north-1'), listed('west')],
    })),
    's3-buckets',
  );
  expect(records.get('north')).toMatchObject({ region: 'eu-north-1' });
  const regions = (operation: string) =>
    calls.filter((call) => call.operation === operation).map(({ region }) => region);
  expect(regions('s3:GetBucketPolicy').sort()).toEqual(['eu-north-1', 'eu-north-1', REGION]);
  expect(regions('tag:GetResources').sort()).toEqual(['eu-north-1', REGION]);
  expect(regions('s3:ListBuckets')).toEqual([REGION, REGION]);
});

test('a bucket that was deleted since it was listed is left out', async () => {
  const { records } = await collectFrom(
    storageWith(() => ({
      buckets: [listed('going'), listed('staying')],
      states: { going: { ...healthyBucket(WHERE, 'going'), gone: true } },
    })),
    's3-buckets',
  );
  expect([...records.keys()]).toEqual(['bucket', 'staying']);
});

describe('what can not be told fails the dataset', () => {
  const healthy = storageWith(() => ({ buckets: [listed(NAME)] }));
  test.each([
    's3:GetBucketPolicy',
    's3:GetBucketEncryption',
    's3:GetBucketLogging',
    's3:GetBucketVersioning',
    's3:GetObjectLockConfiguration',
  ])('%s denied for one bucket, which is named', async (operation) => {
    const handlers = {
      ...healthy,
      [operation]: () => {
        throw refuse('AccessDenied', 403);
      },
    };
    await expect(collectFrom(handlers, 's3-buckets')).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining(`bucket ${NAME}: ${operation}`),
    });
  });

  test.each(['s3:GetBucketVersioning', 's3:GetBucketLogging', 's3:GetBucketPolicy', 's3:ListBuckets'])(
    '%s with a body that was lost',
    async (operation) => {
      const faults = { [operation]: { kind: 'empty' as const } };
      await expect(collectFrom(healthy, 's3-buckets', { faults })).rejects.toMatchObject({
        code: 'malformed',
      });
    },
  );

  test.each<[string, Partial<StorageHolding>]>([
    ['a bucket without a region', { buckets: [{ Name: NAME, CreationDate: made }] }],
    ['a region that is none', { buckets: [listed(NAME, 'EU')] }],
    ['a policy that is none', { states: { [NAME]: { ...healthyBucket(WHERE, NAME), policy: 'none' } } }],
    ['half a block', { block: { BlockPublicAcls: true } }],
  ])('%s', async (_, change) => {
    const handlers = storageWith(() => ({ buckets: [listed(NAME)], ...change }));
    await expect(collectFrom(handlers, 's3-buckets')).rejects.toMatchObject({ code: 'malformed' });
  });

  test.each<[string, string, object]>([
    ['versioning of a kind that is not known', 's3:GetBucketVersioning', { Status: 'Sometimes' }],
    [
      'encryption without a rule',
      's3:GetBucketEncryption',
      { ServerSideEncryptionConfiguration: { Rules: [] } },
    ],
    ['a lock of a kind that is not known', 's3:GetObjectLockConfiguration', { ObjectLockConfiguration: {} }],
  ])('%s', async (_, operation, answer) => {
    const handlers = { ...healthy, [operation]: () => answer };
    await expect(collectFrom(handlers, 's3-buckets')).rejects.toMatchObject({ code: 'malformed' });
  });
});
