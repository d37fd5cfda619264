import { describe, expect, test } from 'vitest';
import {
  before,
  collected,
  DAY,
  fields,
  HERE,
  HOUR,
  malformed,
  NOW,
  now,
  refusal,
} from './backup-harness.ts';
import { arnOf, fileSystemOf, instanceOf, volumeOf } from './estate/backup.ts';

describe('protected-resources', () => {
  test('tells what can be backed up, whether or not anything does, but not what is on its way out', async () => {
    const { records } = await collected('protected-resources', {
      volumes: [
        volumeOf(now, 'vol-1', { Tags: [{ Key: 'Name', Value: 'data' }] }),
        volumeOf(now, 'vol-2', { Tags: undefined }),
        volumeOf(now, 'vol-3', { State: 'deleting' }),
      ],
      instances: [instanceOf(now, 'i-1'), instanceOf(now, 'i-2', { State: { Name: 'terminated' } })],
      fileSystems: [
        fileSystemOf(HERE, now, 'fs-1', { Name: 'files', Tags: [{ Key: 'backup', Value: 'required' }] }),
        fileSystemOf(HERE, now, 'fs-2', { LifeCycleState: 'deleted' }),
        fileSystemOf(HERE, now, 'fs-3'),
      ],
      buckets: ['a', 'b', 'c'].map((Name) => ({
        Name,
        BucketRegion: HERE.region,
        CreationDate: before(DAY),
      })),
      tagged: [
        { arn: 'arn:aws:s3:::a', tags: { backup: 'required' } },
        { arn: 'arn:aws:s3:::elsewhere', tags: { backup: 'required' } },
        { arn: 'arn:aws:s3:::b', tags: {} },
      ],
    });
    expect([...records.keys()]).toEqual(['vol-1', 'vol-2', 'i-1', 'fs-1', 'fs-3', 's3:a', 's3:b', 's3:c']);
    expect(records.get('vol-1')).toMatchObject({
      resource: arnOf(HERE, 'ec2', 'volume/vol-1'),
      name: 'data',
      type: 'volume',
      created_at: NOW - 400 * DAY,
      continuous: false,
      restorable_until: null,
      retention_days: 0,
    });
    expect(records.get('vol-2')).toMatchObject({ name: 'vol-2', tags: [] });
    expect(records.get('fs-1')).toMatchObject({
      resource: arnOf(HERE, 'elasticfilesystem', 'file-system/fs-1'),
      name: 'files',
      tags: [{ key: 'backup', value: 'required' }],
    });
    expect(records.get('s3:a')).toMatchObject({
      resource: 'arn:aws:s3:::a',
      type: 'bucket',
      created_at: null,
      continuous: null,
      retention_days: null,
      tags: [{ key: 'backup', value: 'required' }],
    });
    expect(records.get('s3:b')).toMatchObject({ tags: [] });
  });

  test('a start does not make an instance younger than what it is attached to', async () => {
    const aged = async (own: Parameters<typeof instanceOf>[2]) => {
      const instances = [instanceOf(now, 'i-1', { LaunchTime: before(HOUR), ...own })];
      return fields((await collected('protected-resources', { instances })).records.get('i-1')!)[
        'created_at'
      ];
    };
    expect(await aged({})).toBe(NOW - HOUR);
    expect(await aged({ BlockDeviceMappings: [{ Ebs: { AttachTime: before(DAY) } }, {}] })).toBe(NOW - DAY);
    expect(await aged({ NetworkInterfaces: [{ Attachment: { AttachTime: before(9 * DAY) } }, {}] })).toBe(
      NOW - 9 * DAY,
    );
    expect(await aged({ NetworkInterfaces: [{ Attachment: { AttachTime: before(60) } }] })).toBe(NOW - HOUR);
  });

  test('of what AWS Backup lists, only what no other dataset tells', async () => {
    const resources = [
      arnOf(HERE, 'fsx', 'file-system/fsx-1'),
      'arn:aws:backup-gateway:eu-west-1:123456789012:vm/vm-1',
      arnOf(HERE, 'ec2', 'volume/vol-9'),
      arnOf(HERE, 'rds', 'db:gone'),
      arnOf(HERE, 'dynamodb', 'table/gone'),
      arnOf(HERE, 'elasticfilesystem', 'file-system/fs-9'),
      'arn:aws:s3:::gone',
    ].map((ResourceArn) => ({ ResourceArn, ResourceType: 'x' }));
    const { records } = await collected('protected-resources', { resources });
    expect([...records.keys()]).toEqual(['fsx:file-system/fsx-1', 'backup-gateway:vm/vm-1']);
    expect(records.get('fsx:file-system/fsx-1')).toMatchObject({
      type: 'other',
      created_at: null,
      continuous: null,
    });
  });

  test('refuses a bucket of another region, one without a region, and lists that are not there', async () => {
    const bucket = (own: object) => ({ buckets: [{ Name: 'a', BucketRegion: HERE.region, ...own }] });
    expect(await refusal('protected-resources', bucket({ BucketRegion: 'us-east-1' }))).toEqual(
      malformed('us-east-1'),
    );
    expect(await refusal('protected-resources', bucket({ BucketRegion: undefined }))).toEqual(
      malformed('BucketRegion'),
    );
    for (const operation of ['elasticfilesystem:DescribeFileSystems', 'backup:ListProtectedResources'])
      expect(await refusal('protected-resources', {}, { [operation]: () => ({}) })).toEqual(
        malformed(operation),
      );
  });
});
