import { describe, expect, test } from 'vitest';
import type { RecoveryPointRecord } from '../../../src/inventory/kinds/recovery-point.ts';
import { kinds } from '../../../src/inventory/kinds.ts';
import {
  clusterOf,
  clusterSnapshotOf,
  type DatabaseHolding,
  databaseEstate,
  databaseHandlers,
  instanceOf,
  snapshotOf,
} from './estate/database.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const REGION = 'eu-west-1';
const SCOPE = `${MAIN}:${REGION}`;
const where = { account: MAIN, region: REGION };
const NOW = Math.floor(Date.now() / 1000) * 1000;
const SECONDS = NOW / 1000;
const HOUR = 3_600_000;

const NOTHING: DatabaseHolding = {
  instances: [],
  clusters: [],
  snapshots: [],
  clusterSnapshots: [],
  tables: [],
};

/** The records of a dataset of a region that holds what is given, by kind and name or point; each must have its kind's schema. */
async function collected(dataset: string, holding: Partial<DatabaseHolding>, other: Handlers = {}) {
  await using stub = await startStub({
    ...databaseHandlers(() => ({ ...NOTHING, ...holding }), { now: NOW }),
    ...other,
  });
  await using source = connect(stub.endpoint, { regions: [REGION] });
  const { records, told } = await source.collect(dataset, SCOPE);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  const operations = told.operations.filter((name) => !name.startsWith('sts:'));
  return { records, operations, told };
}

const store = async (holding: Partial<DatabaseHolding>) => {
  const { records } = await collected('rds-databases', holding);
  return records.filter(({ kind }) => kind === 'data_store');
};

describe('a database by itself', () => {
  test('is a data store and a protected resource, named as AWS Backup names it', async () => {
    const { records, told } = await collected('rds-databases', {
      instances: [instanceOf(where, NOW, 'orders')],
    });
    expect(records).toEqual([
      {
        id: `aws:${SCOPE}:db-ORDERS`,
        kind: 'data_store',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:rds:${REGION}:${MAIN}:db:orders`,
        name: 'orders',
        type: 'database',
        region: REGION,
        encrypted: true,
        encryption_key: `arn:aws:kms:${REGION}:${MAIN}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
        customer_key: null,
        public: false,
        public_access_blocked: null,
        transport_encrypted: null,
        versioned: null,
        immutable: null,
        access_logged: true,
        deletion_protected: true,
        multi_zone: true,
        created_at: SECONDS - 400 * 86_400,
        tags: [{ key: 'tier', value: '1' }],
      },
      {
        id: `aws:${SCOPE}:protected/db-ORDERS`,
        kind: 'protected_resource',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:rds:${REGION}:${MAIN}:db:orders`,
        name: 'orders',
        type: 'database',
        region: REGION,
        created_at: SECONDS - 400 * 86_400,
        continuous: true,
        restorable_until: SECONDS - 300,
        retention_days: 14,
        tags: [{ key: 'tier', value: '1' }],
      },
    ]);
    expect(told.asOf).toBeTypeOf('number');
  });

  const key = 'arn:aws:kms:eu-west-1:123456789012:key/k';
  const none = { StorageEncrypted: undefined, StorageEncryptionType: undefined, KmsKeyId: undefined };
  test.each([
    ['a KMS key', { ...none, StorageEncrypted: true, KmsKeyId: key }, [true, key, null]],
    [
      'a KMS key, told by the type alone',
      { ...none, StorageEncryptionType: 'sse-kms', KmsKeyId: key },
      [true, key, null],
    ],
    [
      'a key of RDS',
      { ...none, StorageEncrypted: false, StorageEncryptionType: 'sse-rds' },
      [true, '', false],
    ],
    ['nothing', { ...none, StorageEncrypted: false, StorageEncryptionType: 'none' }, [false, '', false]],
    ['nothing, told by the flag alone', { ...none, StorageEncrypted: false }, [false, '', false]],
    ['nobody knows what', none, [null, '', null]],
    [
      'nobody knows what, though it is told there is none',
      { ...none, StorageEncryptionType: 'none' },
      [null, '', null],
    ],
  ] as const)('encrypted with %s', async (_, own, [encrypted, encryption_key, customer_key]) => {
    const records = await store({ instances: [instanceOf(where, NOW, 'orders', own)] });
    expect(records).toMatchObject([{ encrypted, encryption_key, customer_key }]);
  });

  test.each([
    ['PubliclyAccessible', true, { public: true }],
    ['PubliclyAccessible', undefined, { public: null }],
    ['MultiAZ', false, { multi_zone: false }],
    ['MultiAZ', undefined, { multi_zone: null }],
    ['DeletionProtection', false, { deletion_protected: false }],
    ['DeletionProtection', undefined, { deletion_protected: null }],
    ['EnabledCloudwatchLogsExports', undefined, { access_logged: false }],
    ['EnabledCloudwatchLogsExports', ['error', 'slowquery'], { access_logged: false }],
    ['EnabledCloudwatchLogsExports', ['error', 'audit'], { access_logged: true }],
    ['InstanceCreateTime', undefined, { created_at: null }],
    ['TagList', undefined, { tags: [] }],
  ])('%s %j', async (member, value, expected) => {
    const own = { Engine: 'mysql', [member]: value };
    const records = await store({ instances: [instanceOf(where, NOW, 'orders', own)] });
    expect(records).toMatchObject([expected]);
  });

  test.each([
    [{ Engine: 'sqlserver-ee', EnabledCloudwatchLogsExports: ['error'] }, true],
    [{ Engine: 'sqlserver-ee', EnabledCloudwatchLogsExports: ['agent'] }, false],
    [{ EnabledCloudwatchLogsExports: [], ActivityStreamStatus: 'started' }, true],
    [{ EnabledCloudwatchLogsExports: [], ActivityStreamStatus: 'starting' }, false],
  ] as const)('%j tells accesses: %s', async (own, access_logged) => {
    const instance = instanceOf(where, NOW, 'orders', {
      ...own,
      EnabledCloudwatchLogsExports: [...own.EnabledCloudwatchLogsExports],
    });
    expect(await store({ instances: [instance] })).toMatchObject([{ access_logged }]);
  });

  test.each([
    ['none are kept', { BackupRetentionPeriod: 0, LatestRestorableTime: undefined }, [false, null, 0]],
    ['kept, but nothing to restore yet', { LatestRestorableTime: undefined }, [true, null, 14]],
    ['not told', { BackupRetentionPeriod: undefined, LatestRestorableTime: undefined }, [null, null, null]],
  ] as const)('its backups: %s', async (_, own, [continuous, restorable_until, retention_days]) => {
    const { records } = await collected('rds-databases', {
      instances: [instanceOf(where, NOW, 'orders', own)],
    });
    expect(records.find(({ kind }) => kind === 'protected_resource')).toMatchObject({
      continuous,
      restorable_until,
      retention_days,
    });
  });

  test.each(['DBInstanceIdentifier', 'DBInstanceArn', 'DbiResourceId', 'Engine'])(
    'without %s is refused',
    async (member) => {
      const broken = instanceOf(where, NOW, 'orders', { [member]: undefined });
      await expect(collected('rds-databases', { instances: [broken] })).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining(member),
      });
    },
  );
});

describe('a cluster', () => {
  const member = (name: string, own = {}) =>
    instanceOf(where, NOW, name, { DBClusterIdentifier: 'sales', ...own });
  const sales = (own = {}) => clusterOf(where, NOW, 'sales', own);

  test('stands for its members: they are no records of their own', async () => {
    const { records } = await collected('rds-databases', {
      instances: [member('sales-1', { MultiAZ: false }), instanceOf(where, NOW, 'orders'), member('sales-2')],
      clusters: [sales()],
    });
    expect(records.map(({ kind, id }) => `${kind} ${id.slice(`aws:${SCOPE}:`.length)}`)).toEqual([
      'data_store db-ORDERS',
      'protected_resource protected/db-ORDERS',
      'data_store cluster-SALES',
      'protected_resource protected/cluster-SALES',
    ]);
    expect(records[2]).toMatchObject({
      resource: `arn:aws:rds:${REGION}:${MAIN}:cluster:sales`,
      type: 'database_cluster',
      multi_zone: true,
      public: false,
    });
    expect(records[3]).toMatchObject({
      type: 'database_cluster',
      continuous: true,
      restorable_until: SECONDS - 300,
    });
  });

  test.each([
    ['none of its members can', [false, false], {}, false],
    ['it has no members', [], {}, false],
    ['one of them can', [false, true], {}, true],
    ['one can and another doesn’t tell', [undefined, true], {}, true],
    ['one doesn’t tell', [false, undefined], {}, null],
    ['it can itself', [false], { PubliclyAccessible: true }, true],
    ['it has a gateway to the internet', [], { InternetAccessGatewayEnabled: true }, true],
  ] as const)('can be reached from the internet or not: %s', async (_, members, own, open) => {
    const records = await store({
      instances: members.map((PubliclyAccessible, index) => member(`sales-${index}`, { PubliclyAccessible })),
      clusters: [sales(own)],
    });
    expect(records).toMatchObject([{ type: 'database_cluster', public: open }]);
  });

  test('that has a member but is not listed was cut off the listing', async () => {
    await expect(collected('rds-databases', { instances: [member('sales-1')] })).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('db:sales-1'),
    });
  });
});

describe('listings of databases', () => {
  test('take two calls for each hundred, and one where there are none', async () => {
    await using stub = await startStub(databaseEstate({ now: NOW, size: 100, pageSize: 100 }));
    await using source = connect(stub.endpoint);
    const { records, told } = await source.collect('rds-databases', `${MAIN}:us-east-1`);
    expect(records).toHaveLength(2 * (100 + 100));
    expect(told.operations).toEqual([
      'sts:GetCallerIdentity',
      'rds:DescribeDBClusters',
      ...Array.from({ length: 3 }, () => 'rds:DescribeDBInstances'),
    ]);
    const { operations } = await collected('rds-databases', {});
    expect(operations).toEqual(['rds:DescribeDBClusters', 'rds:DescribeDBInstances']);
  });

  test.each([
    ['rds:DescribeDBInstances', 'DBInstances', 'rds-databases'],
    ['rds:DescribeDBClusters', 'DBClusters', 'rds-databases'],
    ['rds:DescribeDBSnapshots', 'DBSnapshots', 'rds-snapshots'],
    ['rds:DescribeDBClusterSnapshots', 'DBClusterSnapshots', 'rds-snapshots'],
  ])('%s: an answer without %s is not an answer of none', async (operation, list, dataset) => {
    await expect(collected(dataset, {}, { [operation]: () => ({}) })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(list),
    });
  });
});

describe('snapshots', () => {
  const points = async (holding: Partial<DatabaseHolding>, other: Handlers = {}) => {
    const { records, operations } = await collected('rds-snapshots', holding, other);
    return { records, operations };
  };

  test('of instances are recovery points of the instance', async () => {
    const { records } = await points({ snapshots: [snapshotOf(where, NOW, 'orders', 'automated')] });
    expect(records).toEqual([
      {
        id: `aws:${SCOPE}:snapshot:rds:orders-2026`,
        kind: 'recovery_point',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:rds:${REGION}:${MAIN}:db:orders`,
        point: `arn:aws:rds:${REGION}:${MAIN}:snapshot:rds:orders-2026`,
        region: REGION,
        type: 'snapshot',
        vault: '',
        status: 'completed',
        usable: true,
        taken_at: SECONDS - 6 * 3600,
        expires_at: null,
        encrypted: true,
        encryption_key: `arn:aws:kms:${REGION}:${MAIN}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
        public: false,
        shares: [],
        shares_told: true,
      } satisfies RecoveryPointRecord,
    ]);
  });

  test('of clusters are recovery points of the cluster', async () => {
    const { records } = await points({
      clusterSnapshots: [clusterSnapshotOf(where, NOW, 'sales', 'automated')],
    });
    expect(records).toMatchObject([
      {
        id: `aws:${SCOPE}:cluster-snapshot:rds:sales-2026`,
        resource: `arn:aws:rds:${REGION}:${MAIN}:cluster:sales`,
        point: `arn:aws:rds:${REGION}:${MAIN}:cluster-snapshot:rds:sales-2026`,
        encrypted: true,
        taken_at: SECONDS - 6 * 3600,
      },
    ]);
  });

  test('are asked with whom they are shared when they are manual, and then alone', async () => {
    const { records, operations } = await points({
      snapshots: [
        snapshotOf(where, NOW, 'a', 'automated'),
        snapshotOf(where, NOW, 'b', 'manual'),
        snapshotOf(where, NOW, 'c', 'manual'),
        snapshotOf(where, NOW, 'd', 'manual'),
      ],
      clusterSnapshots: [
        clusterSnapshotOf(where, NOW, 'e', 'automated'),
        clusterSnapshotOf(where, NOW, 'f', 'manual'),
      ],
      shares: {
        'b-2026': ['all'],
        'c-2026': ['999999999999', '222222222222'],
        'f-2026': ['999999999999', 'all'],
      },
    });
    expect(records).toMatchObject([
      { point: expect.stringMatching('a-2026$'), public: false, shares: [] },
      { point: expect.stringMatching('b-2026$'), public: true, shares: [] },
      { point: expect.stringMatching('c-2026$'), public: false, shares: ['999999999999', '222222222222'] },
      { point: expect.stringMatching('d-2026$'), public: false, shares: [] },
      { point: expect.stringMatching('e-2026$'), public: false, shares: [] },
      { point: expect.stringMatching('f-2026$'), public: true, shares: ['999999999999'] },
    ]);
    expect(operations.filter((name) => name.endsWith('Attributes'))).toEqual([
      'rds:DescribeDBSnapshotAttributes',
      'rds:DescribeDBSnapshotAttributes',
      'rds:DescribeDBSnapshotAttributes',
      'rds:DescribeDBClusterSnapshotAttributes',
    ]);
  });

  test('of a type that is not known may be shared with anybody', async () => {
    const { records } = await points({
      snapshots: [snapshotOf(where, NOW, 'a', 'automated', { SnapshotType: 'novel' })],
    });
    expect(records).toMatchObject([{ public: null, shares_told: false }]);
  });

  test('that AWS Backup made are left to AWS Backup', async () => {
    const backup = { SnapshotType: 'awsbackup', DBSnapshotIdentifier: 'awsbackup:job-1' };
    const { records } = await points({
      snapshots: [snapshotOf(where, NOW, 'a', 'manual', backup)],
      clusterSnapshots: [
        clusterSnapshotOf(where, NOW, 'b', 'manual', { DBClusterSnapshotIdentifier: 'awsbackup:job-2' }),
      ],
    });
    expect(records).toEqual([]);
  });

  test.each([
    ['available', 'completed', true],
    ['creating', 'creating', false],
    ['copying', 'creating', false],
    ['failed', 'failed', false],
    ['deleting', 'deleting', false],
    ['needs-attention', 'other', false],
  ])('%s: %s', async (Status, status, usable) => {
    const { records } = await points({ snapshots: [snapshotOf(where, NOW, 'a', 'automated', { Status })] });
    expect(records).toMatchObject([{ status, usable }]);
  });

  const undated = { SnapshotCreateTime: undefined, OriginalSnapshotCreateTime: undefined };
  test('that are being made have no time yet, and are left out until they are whole', async () => {
    const creating = { ...undated, Status: 'creating' };
    const { records } = await points({ snapshots: [snapshotOf(where, NOW, 'a', 'automated', creating)] });
    expect(records).toEqual([]);
  });
  test('that are whole but have no time are refused', async () => {
    const whole = snapshotOf(where, NOW, 'a', 'automated', undated);
    await expect(points({ snapshots: [whole] })).rejects.toMatchObject({ code: 'malformed' });
  });

  test('that are copies hold the state of the original, in the region and account of the original', async () => {
    const { records } = await points({
      snapshots: [
        snapshotOf(where, NOW, 'orders', 'manual', {
          SnapshotCreateTime: new Date(NOW - HOUR),
          OriginalSnapshotCreateTime: new Date(NOW - 90 * HOUR),
          SourceDBSnapshotIdentifier: 'arn:aws:rds:us-east-1:222222222222:snapshot:orders-2025',
        }),
      ],
    });
    expect(records).toMatchObject([
      { resource: 'arn:aws:rds:us-east-1:222222222222:db:orders', taken_at: SECONDS - 90 * 3600 },
    ]);
  });

  test('of clusters that are copies are as old as the cluster, for all that is told', async () => {
    const { records } = await points({
      clusterSnapshots: [
        clusterSnapshotOf(where, NOW, 'sales', 'manual', {
          SnapshotCreateTime: new Date(NOW - HOUR),
          ClusterCreateTime: new Date(NOW - 5000 * HOUR),
          SourceDBClusterSnapshotArn: 'arn:aws:rds:us-east-1:222222222222:cluster-snapshot:sales-2025',
        }),
      ],
    });
    expect(records).toMatchObject([
      { resource: 'arn:aws:rds:us-east-1:222222222222:cluster:sales', taken_at: SECONDS - 5000 * 3600 },
    ]);
  });

  test.each([
    [
      'rds:DescribeDBSnapshotAttributes',
      'DBSnapshotNotFound',
      { snapshots: [snapshotOf(where, NOW, 'a', 'manual')] },
    ],
    [
      'rds:DescribeDBClusterSnapshotAttributes',
      'DBClusterSnapshotNotFoundFault',
      { clusterSnapshots: [clusterSnapshotOf(where, NOW, 'a', 'manual')] },
    ],
  ])(
    '%s: one deleted since it was listed is left out; one that may not be looked at is not',
    async (operation, code, holding) => {
      const gone = await points(holding, {
        [operation]: () => {
          throw refuse(code, 404);
        },
      });
      expect(gone.records).toEqual([]);
      const denied = points(holding, {
        [operation]: () => {
          throw refuse('AccessDenied', 403);
        },
      });
      await expect(denied).rejects.toMatchObject({ code: 'denied' });
    },
  );

  test.each([
    ['nothing', {}],
    [
      'another snapshot’s',
      { DBSnapshotAttributesResult: { DBSnapshotIdentifier: 'b', DBSnapshotAttributes: [] } },
    ],
    [
      'no attribute restore',
      { DBSnapshotAttributesResult: { DBSnapshotIdentifier: 'a-2026', DBSnapshotAttributes: [] } },
    ],
    ['no list', { DBSnapshotAttributesResult: { DBSnapshotIdentifier: 'a-2026' } }],
  ])('attributes that are %s are refused', async (_, answer) => {
    const answers = { 'rds:DescribeDBSnapshotAttributes': () => answer };
    await expect(
      points({ snapshots: [snapshotOf(where, NOW, 'a', 'manual')] }, answers),
    ).rejects.toMatchObject({ code: 'malformed' });
  });
});
