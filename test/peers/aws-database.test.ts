import {
  CreateTableCommand,
  DynamoDBClient,
  UpdateContinuousBackupsCommand,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import {
  CreateDBClusterCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBInstanceCommand,
  type CreateDBInstanceCommandInput,
  CreateDBSnapshotCommand,
  ModifyDBClusterSnapshotAttributeCommand,
  ModifyDBSnapshotAttributeCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { collectAws } from '../collectors/aws-harness.ts';
import { verdictsOf } from '../collectors/aws/database-verdicts.ts';
import { type Amended, corrected } from './amended.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

const GOOD = 'eu-west-1';
const OPEN = 'eu-west-2';
const LONELY = 'eu-central-1';
const EMPTY = 'us-west-2';
const FRIEND = '222222222222';
const STRANGER = '999999999999';
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

const settingsOf = (endpoint: string, region: string) => ({
  endpoint,
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const tier = (Value: string) => [{ Key: 'tier', Value }];

const healthy = {
  DBInstanceClass: 'db.m6g.large',
  Engine: 'postgres',
  AllocatedStorage: 20,
  MasterUsername: 'keeper',
  MasterUserPassword: 'not-a-secret-1',
  StorageEncrypted: true,
  KmsKeyId: KEY,
  MultiAZ: true,
  PubliclyAccessible: false,
  DeletionProtection: true,
  BackupRetentionPeriod: 14,
  EnableCloudwatchLogsExports: ['postgresql'],
  Tags: tier('1'),
} satisfies Partial<CreateDBInstanceCommandInput>;

const createInstance = (rds: RDSClient, name: string, own: Partial<CreateDBInstanceCommandInput> = {}) =>
  rds.send(new CreateDBInstanceCommand({ ...healthy, ...own, DBInstanceIdentifier: name }));

async function createCluster(rds: RDSClient, name: string, open: boolean): Promise<void> {
  await rds.send(
    new CreateDBClusterCommand({
      DBClusterIdentifier: name,
      Engine: 'aurora-postgresql',
      MasterUsername: healthy.MasterUsername,
      MasterUserPassword: healthy.MasterUserPassword,
      StorageEncrypted: true,
      KmsKeyId: KEY,
      DeletionProtection: true,
      BackupRetentionPeriod: 7,
      EnableCloudwatchLogsExports: ['postgresql'],
      Tags: tier('1'),
    }),
  );
  const { Engine: _, ...member } = healthy;
  for (const [zone, PubliclyAccessible] of [
    ['a', open],
    ['b', false],
  ] as const)
    await createInstance(rds, `${name}-${zone}`, {
      ...member,
      Engine: 'aurora-postgresql',
      DBClusterIdentifier: name,
      AvailabilityZone: `${GOOD}${zone}`,
      PubliclyAccessible,
    });
}

/** moto gives every instance the same immutable id: one region holds no more than one that is in no cluster. */
async function fillRds(endpoint: string): Promise<void> {
  const rds = (region: string) => new RDSClient(settingsOf(endpoint, region));
  await createInstance(rds(GOOD), 'orders');
  await createCluster(rds(GOOD), 'sales', false);
  await createCluster(rds(GOOD), 'exposed', true);
  await createInstance(rds(OPEN), 'open', {
    PubliclyAccessible: true,
    EnableCloudwatchLogsExports: ['upgrade'],
  });
  await createInstance(rds(LONELY), 'lonely', {
    MultiAZ: false,
    StorageEncrypted: false,
    BackupRetentionPeriod: 0,
  });
  for (const [name, share] of [
    ['private', undefined],
    ['friend', FRIEND],
    ['stranger', STRANGER],
    ['everybody', 'all'],
  ] as const) {
    await rds(GOOD).send(
      new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: name }),
    );
    if (share !== undefined)
      await rds(GOOD).send(
        new ModifyDBSnapshotAttributeCommand({
          DBSnapshotIdentifier: name,
          AttributeName: 'restore',
          ValuesToAdd: [share],
        }),
      );
  }
  await rds(GOOD).send(
    new CreateDBClusterSnapshotCommand({
      DBClusterIdentifier: 'sales',
      DBClusterSnapshotIdentifier: 'sales-copy',
    }),
  );
  await rds(GOOD).send(
    new ModifyDBClusterSnapshotAttributeCommand({
      DBClusterSnapshotIdentifier: 'sales-copy',
      AttributeName: 'restore',
      ValuesToAdd: [STRANGER],
    }),
  );
}

async function fillTables(endpoint: string, region: string): Promise<void> {
  const dynamodb = new DynamoDBClient(settingsOf(endpoint, region));
  const create = (TableName: string, own: Partial<CreateTableCommandInput>) =>
    dynamodb.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        ...own,
      }),
    );
  await create('plain', {});
  await create('guarded', {
    DeletionProtectionEnabled: true,
    SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY },
    Tags: tier('1'),
  });
  await dynamodb.send(
    new UpdateContinuousBackupsCommand({
      TableName: 'guarded',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  );
}

/** Records of a kind by name, or by the tail of their point. */
async function collected(endpoint: string, account: string, dataset: string, region: string) {
  const { records } = await collectAws(endpoint, account, dataset, { scope: `${account}:${region}` });
  const named = z.looseObject({
    kind: z.string(),
    name: z.string().optional(),
    point: z.string().optional(),
  });
  return new Map(
    records.map((record) => {
      const { kind, name, point = '' } = named.parse(record);
      return [`${kind} ${name ?? point.split(':').slice(5).join(':')}`, record];
    }),
  );
}

describe('moto', () => {
  test('databases and their snapshots are told as they were made, and judged so', async () => {
    await using peer = await startMoto();
    const { endpoint, account } = peer;
    await fillRds(endpoint);
    const good = await collected(endpoint, account, 'rds-databases', GOOD);
    expect([...good.keys()].sort()).toEqual([
      'data_store exposed',
      'data_store orders',
      'data_store sales',
      'protected_resource exposed',
      'protected_resource orders',
      'protected_resource sales',
    ]);
    expect(good.get('data_store orders')).toMatchObject({
      resource: `arn:aws:rds:${GOOD}:${account}:db:orders`,
      type: 'database',
      encrypted: true,
      encryption_key: KEY,
      public: false,
      multi_zone: true,
      deletion_protected: true,
      access_logged: true,
      tags: [{ key: 'tier', value: '1' }],
    });
    expect(good.get('protected_resource orders')).toMatchObject({ continuous: true, retention_days: 14 });
    expect(good.get('data_store sales')).toMatchObject({
      type: 'database_cluster',
      public: false,
      multi_zone: true,
    });
    expect(good.get('data_store exposed')).toMatchObject({ public: true });
    expect(good.get('protected_resource sales')).toMatchObject({ continuous: true, retention_days: 7 });
    const lonely = await collected(endpoint, account, 'rds-databases', LONELY);
    expect(lonely.get('data_store lonely')).toMatchObject({ encrypted: false, multi_zone: false });
    expect(lonely.get('protected_resource lonely')).toMatchObject({ continuous: false, retention_days: 0 });
    expect((await collected(endpoint, account, 'rds-databases', EMPTY)).size).toBe(0);
    const points = await collected(endpoint, account, 'rds-snapshots', GOOD);
    expect(points.get('recovery_point snapshot:private')).toMatchObject({
      resource: `arn:aws:rds:${GOOD}:${account}:db:orders`,
      status: 'completed',
      usable: true,
      encrypted: true,
      public: false,
      shares: [],
      shares_told: true,
    });
    expect(points.get('recovery_point snapshot:friend')).toMatchObject({ public: false, shares: [FRIEND] });
    expect(points.get('recovery_point snapshot:everybody')).toMatchObject({ public: true, shares: [] });
    expect(points.get('recovery_point cluster-snapshot:sales-copy')).toMatchObject({
      resource: `arn:aws:rds:${GOOD}:${account}:cluster:sales`,
      public: false,
      shares: [STRANGER],
    });

    const found = await verdictsOf({
      endpoint,
      account,
      regions: [GOOD, OPEN, LONELY, EMPTY],
      only: ['iam-account', 'rds-databases', 'rds-snapshots'],
      checks: ['database-not-public', 'database-access-logged', 'database-zones', 'snapshot-shares'],
    });
    // moto makes up the immutable ids: one for all instances, one of its own for each cluster.
    const instance = expect.stringMatching(/^db-/);
    const cluster = expect.stringMatching(/^cluster-/);
    expect(found).toEqual({
      'database-not-public': { outcome: 'fail', failing: [cluster, instance], unknown: [] },
      'database-access-logged': { outcome: 'fail', failing: [instance], unknown: [] },
      'database-zones': { outcome: 'fail', failing: [instance], unknown: [] },
      'snapshot-shares': {
        outcome: 'fail',
        failing: ['cluster-snapshot:sales-copy', 'snapshot:friend', 'snapshot:stranger'],
        unknown: [],
      },
    });
  });
});

const tableAnswer = z.object({
  Table: z.looseObject({ TableName: z.string(), TableId: z.string().nullish() }),
});

/** DynamoDB gives every table an id; moto does not: what it answers of a table gets one on the way. */
function withTableIds(peer: Emulator): Promise<Amended> {
  return corrected(peer, {
    DescribeTable: (answer) => {
      const { Table } = tableAnswer.parse(answer);
      return { Table: { ...Table, TableId: Table.TableId ?? `id-of-${Table.TableName}` } };
    },
  });
}

describe.each([
  ['moto', startMoto],
  ['ministack', startMinistack],
] as const)('%s', (_, start) => {
  test('tables are told as they were made, and judged so', async () => {
    await using peer = await start();
    const { account } = peer;
    await fillTables(peer.endpoint, GOOD);
    await using mended = await withTableIds(peer);
    const found = await collected(mended.endpoint, account, 'dynamodb-tables', GOOD);
    expect(found.size).toBe(4);
    expect(found.get('data_store plain')).toMatchObject({
      resource: `arn:aws:dynamodb:${GOOD}:${account}:table/plain`,
      encrypted: true,
      encryption_key: '',
      customer_key: false,
      deletion_protected: false,
      tags: [],
    });
    expect(found.get('protected_resource plain')).toMatchObject({
      continuous: false,
      restorable_until: null,
    });
    expect(found.get('data_store guarded')).toMatchObject({
      encrypted: true,
      encryption_key: KEY,
      customer_key: null,
      deletion_protected: true,
      multi_zone: true,
      tags: [{ key: 'tier', value: '1' }],
    });
    expect(found.get('protected_resource guarded')).toMatchObject({
      continuous: true,
      restorable_until: expect.any(Number),
      tags: [{ key: 'tier', value: '1' }],
    });
    expect((await collected(mended.endpoint, account, 'dynamodb-tables', EMPTY)).size).toBe(0);
    const verdicts = await verdictsOf({
      endpoint: mended.endpoint,
      account,
      regions: [GOOD, EMPTY],
      only: ['dynamodb-tables'],
      checks: ['database-zones'],
    });
    expect(verdicts).toEqual({ 'database-zones': { outcome: 'pass', failing: [], unknown: [] } });
  });
});
