import { describe, expect, test } from 'vitest';
import { kinds } from '../../../src/inventory/kinds.ts';
import {
  type DatabaseHolding,
  databaseEstate,
  databaseHandlers,
  recoverable,
  tableOf,
} from './estate/database.ts';
import { taggingHandlers } from './estate/tagging.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const REGION = 'eu-west-1';
const SCOPE = `${MAIN}:${REGION}`;
const where = { account: MAIN, region: REGION };
const NOW = Math.floor(Date.now() / 1000) * 1000;
const SECONDS = NOW / 1000;
const KEY = `arn:aws:kms:${REGION}:${MAIN}:key/k`;

/** The records of a region that holds these tables; each must have its kind's schema. */
async function collected(holding: Pick<DatabaseHolding, 'tables' | 'recovery'>, other: Handlers = {}) {
  const whole = { instances: [], clusters: [], snapshots: [], clusterSnapshots: [], ...holding };
  const orders = { arn: `arn:aws:dynamodb:${REGION}:${MAIN}:table/orders`, tags: { tier: '1' } };
  await using stub = await startStub({
    ...databaseHandlers(() => whole, { now: NOW }),
    ...taggingHandlers((type) => (type === 'dynamodb:table' ? [orders] : []), {}),
    ...other,
  });
  await using source = connect(stub.endpoint, { regions: [REGION] });
  const { records, told } = await source.collect('dynamodb-tables', SCOPE);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  return { records, operations: told.operations.filter((name) => !name.startsWith('sts:')) };
}

const table = (own = {}) => ({ tables: [tableOf(where, NOW, 'orders', own)] });
const refusing = (operation: string, code: string): Handlers => ({
  [operation]: () => {
    throw refuse(code);
  },
});

describe('a table', () => {
  test('is a data store and a protected resource, named as AWS Backup names it', async () => {
    const { records } = await collected(table());
    expect(records).toEqual([
      {
        id: `aws:${SCOPE}:table/id-of-orders`,
        kind: 'data_store',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:dynamodb:${REGION}:${MAIN}:table/orders`,
        name: 'orders',
        type: 'table',
        region: REGION,
        encrypted: true,
        encryption_key: '',
        customer_key: false,
        public: false,
        public_access_blocked: true,
        transport_encrypted: null,
        versioned: null,
        immutable: null,
        access_logged: null,
        deletion_protected: true,
        multi_zone: true,
        created_at: SECONDS - 400 * 86_400,
        tags: [{ key: 'tier', value: '1' }],
      },
      {
        id: `aws:${SCOPE}:protected/table/id-of-orders`,
        kind: 'protected_resource',
        source: 'aws',
        scope: SCOPE,
        resource: `arn:aws:dynamodb:${REGION}:${MAIN}:table/orders`,
        name: 'orders',
        type: 'table',
        region: REGION,
        created_at: SECONDS - 400 * 86_400,
        continuous: true,
        restorable_until: SECONDS - 300,
        retention_days: 35,
        tags: [{ key: 'tier', value: '1' }],
      },
    ]);
  });

  test.each([
    ['with a KMS key', { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: KEY }, [KEY, null]],
    [
      'with one that is being changed',
      { Status: 'UPDATING', SSEType: 'KMS', KMSMasterKeyArn: KEY },
      [KEY, null],
    ],
    ['with the service’s own again', { Status: 'DISABLED' }, ['', false]],
    ['in a way that is new', { Status: 'NOVEL' }, ['', null]],
  ])('is encrypted %s', async (_, SSEDescription, [encryption_key, customer_key]) => {
    const { records } = await collected(table({ SSEDescription }));
    expect(records[0]).toMatchObject({ encrypted: true, encryption_key, customer_key });
  });

  test.each([
    ['DeletionProtectionEnabled', false, { deletion_protected: false }],
    ['DeletionProtectionEnabled', undefined, { deletion_protected: null }],
    ['CreationDateTime', undefined, { created_at: null }],
  ])('%s %s', async (member, value, expected) => {
    const { records } = await collected(table({ [member]: value }));
    expect(records[0]).toMatchObject(expected);
  });

  const on = recoverable(NOW).PointInTimeRecoveryDescription;
  test.each([
    [
      'off',
      {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
      },
      [false, null, 0],
    ],
    ['off with all backups', { ContinuousBackupsStatus: 'DISABLED' }, [false, null, 0]],
    ['not told', { ContinuousBackupsStatus: 'ENABLED' }, [null, null, null]],
    [
      'on, with nothing to restore yet',
      {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: { ...on, LatestRestorableDateTime: undefined },
      },
      [true, null, 35],
    ],
  ] as const)('whose recovery is %s', async (_, told, [continuous, restorable_until, retention_days]) => {
    const { records } = await collected({ ...table(), recovery: { orders: told } });
    expect(records[1]).toMatchObject({ continuous, restorable_until, retention_days });
  });

  test('that was deleted since it was listed is left out', async () => {
    const { records } = await collected(
      table(),
      refusing('dynamodb:DescribeTable', 'ResourceNotFoundException'),
    );
    expect(records).toEqual([]);
  });
  test('whose backups the service knows nothing of stays, and they are not known', async () => {
    const { records } = await collected(
      table(),
      refusing('dynamodb:DescribeContinuousBackups', 'TableNotFoundException'),
    );
    expect(records).toMatchObject([
      { kind: 'data_store' },
      { kind: 'protected_resource', continuous: null, restorable_until: null, retention_days: null },
    ]);
  });
  test.each(['dynamodb:DescribeTable', 'dynamodb:DescribeContinuousBackups', 'tag:GetResources'])(
    'of which %s may not be asked makes the dataset fail',
    async (operation) => {
      const denied = collected(table(), refusing(operation, 'AccessDeniedException'));
      await expect(denied).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(operation),
      });
    },
  );

  test.each([
    ['dynamodb:ListTables', {}],
    ['dynamodb:DescribeTable', {}],
    ['dynamodb:DescribeTable', { Table: { TableName: 'orders', TableArn: 'arn' } }],
    ['dynamodb:DescribeContinuousBackups', {}],
    [
      'dynamodb:DescribeContinuousBackups',
      { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'NOVEL' } },
    ],
    ['tag:GetResources', {}],
  ])('%s: %j is refused', async (operation, answer) => {
    await expect(collected(table(), { [operation]: () => answer })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(operation),
    });
  });
});

test('two calls a table, one a hundred names and one a hundred with tags', async () => {
  await using stub = await startStub(databaseEstate({ now: NOW, size: 150, pageSize: 100 }));
  await using source = connect(stub.endpoint);
  const { records, told } = await source.collect('dynamodb-tables', `${MAIN}:us-east-1`);
  expect(records).toHaveLength(300);
  const counts = Object.groupBy(told.operations, (name) => name);
  expect(Object.fromEntries(Object.entries(counts).map(([name, all]) => [name, all?.length]))).toEqual({
    'sts:GetCallerIdentity': 1,
    'tag:GetResources': 2,
    'dynamodb:ListTables': 2,
    'dynamodb:DescribeTable': 150,
    'dynamodb:DescribeContinuousBackups': 150,
  });
});
