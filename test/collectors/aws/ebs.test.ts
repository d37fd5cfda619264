import type { Snapshot } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { keyArn, type StorageHolding } from './estate/storage.ts';
import { collectFrom, NOW, REGION, storageWith, WHERE } from './storage-harness.ts';

const SCOPE = `${WHERE.account}:${REGION}`;
const arn = (tail: string) => `arn:aws:ec2:${REGION}:${tail}`;

describe('ebs-volumes', () => {
  test('tells what the region does with new volumes, and each volume', async () => {
    const { records } = await collectFrom(
      storageWith(() => ({})),
      'ebs-volumes',
    );
    expect([...records.values()]).toEqual([
      {
        id: `aws:${SCOPE}:volume`,
        kind: 'storage_default',
        source: 'aws',
        scope: SCOPE,
        type: 'volume',
        region: REGION,
        encrypted: true,
        public_access_blocked: true,
        encryption_key: keyArn(WHERE),
      },
      {
        id: `aws:${SCOPE}:vol-0000`,
        kind: 'data_store',
        source: 'aws',
        scope: SCOPE,
        resource: arn(`${WHERE.account}:volume/vol-0000`),
        name: 'vol-0000',
        type: 'volume',
        region: REGION,
        encrypted: true,
        encryption_key: keyArn(WHERE),
        customer_key: null,
        public: false,
        public_access_blocked: null,
        transport_encrypted: null,
        versioned: null,
        immutable: null,
        access_logged: null,
        deletion_protected: null,
        multi_zone: false,
        created_at: NOW / 1000 - 400 * 86_400,
        tags: [{ key: 'backup', value: 'required' }],
      },
    ]);
  });

  test.each<[string, Partial<StorageHolding>, object]>([
    ['not encrypted by default', { encryptedByDefault: false }, { encrypted: false }],
    ["AWS's own key by default", { defaultKey: 'alias/aws/ebs' }, { encryption_key: '' }],
    [
      'a key by its id',
      { defaultKey: 'abc' },
      { encryption_key: `arn:aws:kms:${REGION}:${WHERE.account}:key/abc` },
    ],
    ['snapshots may be made public', { sharing: 'unblocked' }, { public_access_blocked: false }],
    ['no more snapshots may be', { sharing: 'block-new-sharing' }, { public_access_blocked: true }],
  ])('%s', async (_, change, expected) => {
    const { records } = await collectFrom(
      storageWith(() => change),
      'ebs-volumes',
    );
    expect(records.get('volume')).toMatchObject(expected);
  });

  test('a plain volume has no key; a name is taken from its tag', async () => {
    const volumes = [
      {
        VolumeId: 'vol-1',
        CreateTime: new Date(NOW),
        Encrypted: false,
        Tags: [{ Key: 'Name', Value: 'disk' }],
      },
      { VolumeId: 'vol-2', CreateTime: new Date(NOW), Encrypted: false },
      { VolumeId: 'vol-3', CreateTime: new Date(NOW), Encrypted: false, Tags: [{ Key: 'Name', Value: '' }] },
    ];
    const { records } = await collectFrom(
      storageWith(() => ({ volumes })),
      'ebs-volumes',
    );
    expect(records.get('vol-1')).toMatchObject({
      name: 'disk',
      encrypted: false,
      encryption_key: '',
      customer_key: false,
    });
    expect(records.get('vol-2')).toMatchObject({ name: 'vol-2', tags: [] });
    expect(records.get('vol-3')).toMatchObject({ name: 'vol-3' });
  });

  test('costs three calls and one a page', async () => {
    const { calls, records } = await collectFrom(
      storageWith(() => ({}), { size: 5, pageSize: 2 }),
      'ebs-volumes',
    );
    expect(records.size).toBe(6);
    expect(calls).toHaveLength(3 + 3);
  });

  test.each<[string, StorageHolding['volumes'][number]]>([
    ['an id', { CreateTime: new Date(NOW), Encrypted: true }],
    ['a word on encryption', { VolumeId: 'vol-1', CreateTime: new Date(NOW) }],
    ['a time', { VolumeId: 'vol-1', Encrypted: true }],
  ])('a volume without %s is refused', async (_, volume) => {
    const handlers = storageWith(() => ({ volumes: [volume] }));
    await expect(collectFrom(handlers, 'ebs-volumes')).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('ec2:DescribeVolumes: volume'),
    });
  });

  test.each([
    'ec2:DescribeVolumes',
    'ec2:GetEbsEncryptionByDefault',
    'ec2:GetEbsDefaultKmsKeyId',
    'ec2:GetSnapshotBlockPublicAccessState',
  ])('%s with an answer that says nothing', async (operation) => {
    const handlers = { ...storageWith(() => ({})), [operation]: () => ({}) };
    await expect(collectFrom(handlers, 'ebs-volumes')).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('ebs-snapshots', () => {
  const snapshot = (own: Partial<Snapshot>): Snapshot => ({
    SnapshotId: 'snap-1',
    VolumeId: 'vol-1',
    State: 'completed',
    StartTime: new Date(NOW),
    Encrypted: true,
    KmsKeyId: keyArn(WHERE),
    ...own,
  });
  const only = async (own: Partial<Snapshot>, open: string[] = []) =>
    (
      await collectFrom(
        storageWith(() => ({ snapshots: [snapshot(own)], open })),
        'ebs-snapshots',
      )
    ).records.get('snap-1');

  test('tells a snapshot as AWS Backup names it and what it is of', async () => {
    expect(await only({})).toEqual({
      id: `aws:${SCOPE}:snap-1`,
      kind: 'recovery_point',
      source: 'aws',
      scope: SCOPE,
      resource: arn(`${WHERE.account}:volume/vol-1`),
      point: arn(':snapshot/snap-1'),
      region: REGION,
      type: 'snapshot',
      vault: '',
      status: 'completed',
      usable: true,
      taken_at: NOW / 1000,
      expires_at: null,
      encrypted: true,
      encryption_key: keyArn(WHERE),
      public: false,
      shares: [],
      shares_told: false,
    });
  });

  const itself = { resource: arn(':snapshot/snap-1') };
  test.each<[string, Partial<Snapshot>, object]>([
    ['still being made', { State: 'pending' }, { status: 'creating', usable: false }],
    ['failed', { State: 'error' }, { status: 'failed', usable: false }],
    ['in the recycle bin', { State: 'recoverable' }, { status: 'other', usable: false }],
    ['in the archive', { StorageTier: 'archive' }, { status: 'completed', usable: false }],
    ['plain', { Encrypted: false, KmsKeyId: undefined }, { encrypted: false, encryption_key: '' }],
    ['a copy', { TransferType: 'standard' }, itself],
    ['a copy of old', { VolumeId: 'vol-ffffffff' }, itself],
  ])('%s', async (_, own, expected) => {
    expect(await only(own)).toMatchObject(expected);
  });

  test('one for everybody', async () => {
    expect(await only({}, ['snap-1'])).toMatchObject({ public: true });
  });

  test('costs a call a page of all, and of those for everybody', async () => {
    const open = ['snap-0001', 'snap-0002', 'snap-0003'];
    const { calls, records } = await collectFrom(
      storageWith(() => ({ open }), { size: 7, pageSize: 2 }),
      'ebs-snapshots',
    );
    expect([...records.values()].map((record) => 'public' in record && record.public)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(calls).toHaveLength(2 + 4);
  });

  test.each<[string, Partial<Snapshot>]>([
    ['an id', { SnapshotId: undefined }],
    ['a state', { State: undefined }],
    ['a word on encryption', { Encrypted: undefined }],
  ])('a snapshot without %s is refused', async (_, own) => {
    await expect(only(own)).rejects.toMatchObject({ code: 'malformed' });
  });
});
