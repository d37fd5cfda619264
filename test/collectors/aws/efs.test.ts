import { describe, expect, test } from 'vitest';
import { healthyFileSystemPolicy, keyArn, policyText } from './estate/storage.ts';
import { collectFrom, NOW, REGION, storageWith, WHERE } from './storage-harness.ts';
import { refuse } from './stub.ts';

const SCOPE = `${WHERE.account}:${REGION}`;
const ID = 'fs-0000';
const withPolicy = async (policy: string | null) =>
  (
    await collectFrom(
      storageWith(() => ({ fileSystemPolicies: { [ID]: policy } })),
      'efs-file-systems',
    )
  ).records.get(ID);

describe('efs-file-systems', () => {
  test('tells a file system with what its policy refuses', async () => {
    const { records } = await collectFrom(
      storageWith(() => ({})),
      'efs-file-systems',
    );
    expect(records.get(ID)).toEqual({
      id: `aws:${SCOPE}:${ID}`,
      kind: 'data_store',
      source: 'aws',
      scope: SCOPE,
      resource: `arn:aws:elasticfilesystem:${REGION}:${WHERE.account}:file-system/${ID}`,
      name: ID,
      type: 'file_system',
      region: REGION,
      encrypted: true,
      encryption_key: keyArn(WHERE),
      customer_key: null,
      public: false,
      public_access_blocked: null,
      transport_encrypted: true,
      versioned: null,
      immutable: null,
      access_logged: null,
      deletion_protected: null,
      multi_zone: true,
      created_at: NOW / 1000 - 400 * 86_400,
      tags: [{ key: 'backup', value: 'required' }],
    });
  });

  test.each<[string, string | null, object]>([
    ['no policy', null, { transport_encrypted: false, public: false }],
    [
      'everybody from anywhere',
      policyText({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'elasticfilesystem:ClientMount' }),
      { transport_encrypted: false, public: true },
    ],
    [
      'everybody, but not over its network',
      healthyFileSystemPolicy.replace('"true"', '"false"'),
      { transport_encrypted: true, public: true },
    ],
  ])('%s', async (_, policy, expected) => {
    expect(await withPolicy(policy)).toMatchObject(expected);
  });

  test('one that is plain and lies in one zone', async () => {
    const { records } = await collectFrom(
      storageWith(({ fileSystems }) => ({
        fileSystems: fileSystems.map((each) => ({
          ...each,
          Encrypted: false,
          KmsKeyId: undefined,
          Name: 'shared',
          AvailabilityZoneName: 'eu-west-1a',
        })),
      })),
      'efs-file-systems',
    );
    expect(records.get(ID)).toMatchObject({
      name: 'shared',
      encrypted: false,
      encryption_key: '',
      customer_key: false,
      multi_zone: false,
    });
  });

  test('one whose name is empty is told by its id', async () => {
    const { records } = await collectFrom(
      storageWith(({ fileSystems }) => ({ fileSystems: fileSystems.map((each) => ({ ...each, Name: '' })) })),
      'efs-file-systems',
    );
    expect(records.get(ID)).toMatchObject({ name: ID });
  });

  test('one that was deleted since it was listed is left out', async () => {
    const handlers = storageWith(() => ({ fileSystemPolicies: { [ID]: undefined } }), { size: 2 });
    expect([...(await collectFrom(handlers, 'efs-file-systems')).records.keys()]).toEqual(['fs-0001']);
  });

  test('costs a call a page and one each', async () => {
    const { calls, records } = await collectFrom(
      storageWith(() => ({}), { size: 5, pageSize: 2 }),
      'efs-file-systems',
    );
    expect(records.size).toBe(5);
    expect(calls).toHaveLength(3 + 5);
  });

  test('a policy that is denied, lost or none fails the dataset, and names the file system', async () => {
    const operation = 'elasticfilesystem:DescribeFileSystemPolicy';
    const healthy = storageWith(() => ({}));
    const message = expect.stringContaining(ID);
    const denied = {
      ...healthy,
      [operation]: () => {
        throw refuse('AccessDeniedException', 403);
      },
    };
    await expect(collectFrom(denied, 'efs-file-systems')).rejects.toMatchObject({ code: 'denied', message });
    const lost = { ...healthy, [operation]: () => ({ FileSystemId: ID }) };
    await expect(collectFrom(lost, 'efs-file-systems')).rejects.toMatchObject({ code: 'malformed', message });
    await expect(withPolicy('none')).rejects.toMatchObject({ code: 'malformed', message });
  });
});
