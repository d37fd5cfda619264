import type { Bucket } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { verdictsOf } from './backup-verdicts.ts';
import { iamEstate } from './estate/iam.ts';
import { kmsEstate, kmsHandlers, type KeyState, metadataOf, ownAccount } from './estate/kms.ts';
import { loggingEstate } from './estate/logging.ts';
import {
  ALL_BLOCKED,
  healthyBucket,
  healthyStorage,
  keyArn,
  policyText,
  refusePlain,
  storageEstate,
  storageHandlers,
  type StorageHolding,
} from './estate/storage.ts';
import { taggingHandlers } from './estate/tagging.ts';
import { NOW, REGION, WHERE } from './storage-harness.ts';
import { type Handlers, startStub } from './stub.ts';

const ONLY = [
  's3-buckets',
  'ebs-volumes',
  'ebs-snapshots',
  'efs-file-systems',
  'kms-keys',
  'iam-account',
  'cloudtrail',
];
const CHECKS = [
  'storage-encrypted',
  'storage-customer-key',
  'storage-default-encrypted',
  'storage-default-not-public',
  'storage-not-public',
  'bucket-public-access-blocked',
  'bucket-transport-encrypted',
  'bucket-access-logged',
  'bucket-retention-lock',
  'trail-bucket-locked',
  'trail-bucket-collected',
  'file-system-transport-encrypted',
  'snapshot-not-public',
  'snapshot-encrypted',
  'key-rotation',
  'key-age',
  'key-material-expiry',
  'key-needed-kept',
  'key-not-for-everyone',
  'key-known-accounts',
];

const options = { now: NOW, size: 3, pageSize: 2 };
const others: Handlers = { ...iamEstate({ ...options, size: 1 }), ...loggingEstate(options) };

/** What each check finds: ids of records of the region, else with `/` in front. */
async function verdicts(handlers: Handlers) {
  await using stub = await startStub({ ...others, ...handlers });
  const found = await verdictsOf({ ...stub, regions: [REGION] }, ONLY, CHECKS);
  const short = (ids: readonly string[]) =>
    ids.map((id) => (id.startsWith(`${REGION}:`) ? id.slice(REGION.length + 1) : `/${id}`)).sort();
  return Object.fromEntries(
    Object.entries(found).map(([name, { outcome, failing, unknown }]) => [
      name,
      { outcome, failing: short(failing), unknown: short(unknown) },
    ]),
  );
}

const tagged = (tags: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
  taggingHandlers(
    (type) =>
      type === 's3'
        ? Object.entries(tags).map(([bucket, own]) => ({ arn: `arn:aws:s3:::${bucket}`, tags: own }))
        : [],
    options,
  );

test('in a healthy account every check passes', async () => {
  const healthy = {
    ...storageEstate(options),
    ...kmsEstate(options),
    ...tagged({ [`${REGION}-bucket-0000`]: { 'data-class': 'secret', retention: 'required' } }),
  };
  const found = Object.entries(await verdicts(healthy)).map(([name, { outcome }]) => [name, outcome]);
  expect(found).toEqual(CHECKS.map((name) => [name, 'pass']));
});

const TRAILS = [`trail-0-${WHERE.account}`, `trail-1-${WHERE.account}`] as const;
const keyOf = (id: string) => `arn:aws:kms:${REGION}:${WHERE.account}:key/${id}`;

/** Each bucket is as it should be, but for what its name says. */
function plantedStorage(): StorageHolding {
  const healthy = healthyStorage(WHERE, { now: NOW, size: 1 });
  const names = [
    'good',
    'plain',
    'open',
    'unblocked',
    'unlogged',
    'unlocked',
    'vendors-key',
    'lost',
    ...TRAILS,
  ];
  const well = (name: string) => ({ ...healthyBucket(WHERE, name), block: ALL_BLOCKED });
  const everybody = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::open/*',
  };
  const [volume, snapshot, fileSystem] = [
    healthy.volumes[0]!,
    healthy.snapshots[0]!,
    healthy.fileSystems[0]!,
  ];
  const fileSystemNamed = (id: string, own: object = {}) => ({
    ...fileSystem,
    FileSystemId: id,
    FileSystemArn: `${fileSystem.FileSystemArn}-${id}`,
    ...own,
  });
  return {
    ...healthy,
    block: undefined,
    buckets: names.map((Name): Bucket => ({ Name, BucketRegion: REGION, CreationDate: new Date(NOW) })),
    states: {
      ...Object.fromEntries(names.map((name) => [name, well(name)])),
      plain: { ...well('plain'), policy: undefined },
      open: { ...well('open'), policy: policyText(refusePlain('open'), everybody), block: undefined },
      unblocked: { ...well('unblocked'), block: undefined },
      unlogged: { ...well('unlogged'), logged: false },
      unlocked: { ...well('unlocked'), lock: undefined },
      'vendors-key': { ...well('vendors-key'), encryption: { SSEAlgorithm: 'AES256' } },
      lost: { ...well('lost'), encryption: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'going' } },
      [TRAILS[0]]: {
        ...well(TRAILS[0]),
        lock: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 90 } } },
      },
    },
    encryptedByDefault: false,
    sharing: 'unblocked',
    volumes: [
      { ...volume, VolumeId: 'vol-good' },
      { ...volume, VolumeId: 'vol-plain', Encrypted: false, KmsKeyId: undefined },
      { ...volume, VolumeId: 'vol-elsewhere', KmsKeyId: keyOf('elsewhere') },
    ],
    snapshots: [
      { ...snapshot, SnapshotId: 'snap-good' },
      { ...snapshot, SnapshotId: 'snap-open' },
      { ...snapshot, SnapshotId: 'snap-plain', Encrypted: false, KmsKeyId: undefined },
      { ...snapshot, SnapshotId: 'snap-failed', State: 'error', Encrypted: false, KmsKeyId: undefined },
    ],
    open: ['snap-open'],
    fileSystems: [
      fileSystemNamed('fs-good'),
      fileSystemNamed('fs-plain', { Encrypted: false, KmsKeyId: undefined }),
      fileSystemNamed('fs-open'),
    ],
    fileSystemPolicies: {
      'fs-plain': null,
      'fs-open': policyText({ Effect: 'Allow', Principal: '*', Action: 'elasticfilesystem:*' }),
    },
  };
}

function plantedKeys(): KeyState[] {
  const rotation = { KeyRotationEnabled: true, RotationPeriodInDays: 365 };
  const days = (count: number) => new Date(NOW + count * 86_400_000);
  const key = (id: string, own: object = {}, state: Omit<KeyState, 'metadata'> = { rotation }): KeyState => ({
    metadata: metadataOf(WHERE, NOW, id, own),
    ...state,
  });
  const allow = (AWS: string) => ({
    Effect: 'Allow',
    Principal: { AWS },
    Action: 'kms:Decrypt',
    Resource: '*',
  });
  const signing = { KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_2048' };
  const expires = { Origin: 'EXTERNAL', ExpirationModel: 'KEY_MATERIAL_EXPIRES' };
  return [
    key(keyArn(WHERE).split('/')[1]!),
    key('unrotated', {}, {}),
    key('slow', {}, { rotation: { KeyRotationEnabled: true, RotationPeriodInDays: 1000 } }),
    key('vendors', { KeyManager: 'AWS' }),
    key('signing-old', { ...signing, CreationDate: days(-731) }),
    key('signing-new', { ...signing, CreationDate: days(-700) }),
    key('brought', { ...expires, ValidTo: days(60) }),
    key('expiring', { ...expires, ValidTo: days(5) }),
    key('going', { KeyState: 'PendingDeletion', DeletionDate: days(7) }),
    key('everyone', {}, { rotation, policy: policyText(ownAccount(WHERE), allow('*')) }),
    key(
      'strangers',
      {},
      { rotation, policy: policyText(ownAccount(WHERE), allow('arn:aws:iam::999999999999:root')) },
    ),
  ];
}

test('each planted state fails the records that it is planted in, and no others', async () => {
  const found = await verdicts({
    ...storageHandlers(plantedStorage, { now: NOW, pageSize: 4 }),
    ...kmsHandlers(plantedKeys, { now: NOW, pageSize: 4 }),
    ...tagged({
      good: { 'data-class': 'confidential', retention: 'required' },
      'vendors-key': { 'data-class': 'confidential' },
      unlogged: { 'data-class': 'secret' },
      unlocked: { retention: 'required', 'data-class': 'public' },
      plain: { 'data-class': 'public' },
    }),
  });
  const bucket = (name: string) => `/${name}`;
  const fails = (...failing: string[]) => ({
    outcome: 'fail',
    failing: failing.sort(),
    unknown: [] as string[],
  });
  const trail = (number: number) => expect.stringContaining(`trail-${number}`);
  expect(found).toEqual({
    'storage-encrypted': fails('vol-plain', 'fs-plain'),
    'storage-customer-key': fails(bucket('vendors-key')),
    'storage-default-encrypted': fails('volume'),
    'storage-default-not-public': fails('volume', bucket('bucket')),
    'storage-not-public': { ...fails(bucket('open'), 'fs-open'), unknown: [bucket('unblocked')] },
    'bucket-public-access-blocked': fails(bucket('open'), bucket('unblocked')),
    'bucket-transport-encrypted': fails(bucket('plain')),
    'bucket-access-logged': fails(bucket('unlogged')),
    'bucket-retention-lock': fails(bucket('unlocked')),
    'trail-bucket-locked': fails(bucket(TRAILS[0])),
    'trail-bucket-collected': { ...fails(), failing: [trail(2)] },
    'file-system-transport-encrypted': fails('fs-plain', 'fs-open'),
    'snapshot-not-public': fails('snap-open'),
    'snapshot-encrypted': fails('snap-plain'),
    'key-rotation': fails('unrotated', 'slow'),
    'key-age': fails('signing-old'),
    'key-material-expiry': fails('expiring'),
    'key-needed-kept': { ...fails(bucket('lost')), unknown: ['vol-elsewhere'] },
    'key-not-for-everyone': fails('everyone'),
    'key-known-accounts': fails('strangers'),
  });
});
