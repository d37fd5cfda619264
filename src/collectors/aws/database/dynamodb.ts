import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  ResourceNotFoundException,
  TableNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { DataStoreRecord } from '../../../inventory/kinds/data-store.ts';
import type { ProtectedResourceRecord } from '../../../inventory/kinds/protected-resource.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';
import { type Tags, tagsOf } from '../tagged.ts';

const LIST = 'dynamodb:ListTables';
const TABLE = 'dynamodb:DescribeTable';
const BACKUPS = 'dynamodb:DescribeContinuousBackups';

const table = z.object({
  TableName: z.string().min(1),
  TableArn: z.string().min(1),
  TableId: z.string().min(1),
  CreationDateTime: moment.optional(),
  DeletionProtectionEnabled: z.boolean().optional(),
  SSEDescription: z.object({ Status: z.string(), KMSMasterKeyArn: z.string().optional() }).optional(),
});

const backups = z.object({
  ContinuousBackupsStatus: z.enum(['ENABLED', 'DISABLED']),
  PointInTimeRecoveryDescription: z
    .object({
      PointInTimeRecoveryStatus: z.enum(['ENABLED', 'DISABLED']),
      RecoveryPeriodInDays: z.int().positive().optional(),
      LatestRestorableDateTime: moment.optional(),
    })
    .optional(),
});

type Table = z.output<typeof table>;
type Backups = Pick<ProtectedResourceRecord, 'continuous' | 'restorable_until' | 'retention_days'>;

export const dynamodbOf = (session: Session): DynamoDBClient => session.client('dynamodb', DynamoDBClient);

/**
 * Every table of the region with its point-in-time recovery: two calls a table, for there is no listing that says more than names.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
 */
export async function* collectTables(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session } = work;
  // At most as many as there are tables: 2,500 a region unless the quota is raised.
  const tags = await tagsOf(session, 'dynamodb:table');
  const found = ahead(namesOf(session), 8, async (name) => {
    const described = await describe(session, name);
    return described === undefined ? undefined : ([described, await backupsOf(session, name)] as const);
  });
  for await (const each of found) {
    if (each === undefined) continue;
    const [described, restorable] = each;
    const own = tags.get(described.TableArn) ?? [];
    yield storeOf(work, described, own);
    yield protectedOf(work, described, restorable, own);
  }
}

/**
 * DynamoDB keeps each table encrypted, in three zones of the region, and refuses policies that would open one to everybody: none of it can be
 * switched off. Without a description of encryption the key is one that the service owns; whether a KMS key is the customer's or managed
 * by AWS, the key itself tells.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html,
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-bpa-rbp.html
 */
function storeOf(work: Work, found: Table, tags: Tags): DataStoreRecord {
  const { Status, KMSMasterKeyArn: key } = found.SSEDescription ?? { Status: 'DISABLED' };
  const owned = Status === 'DISABLED';
  return {
    ...common(work, 'data_store', `table/${found.TableId}`),
    resource: found.TableArn,
    name: found.TableName,
    type: 'table',
    region: work.region,
    encrypted: true,
    encryption_key: owned ? '' : (key ?? ''),
    customer_key: owned ? false : null,
    public: false,
    public_access_blocked: true,
    transport_encrypted: null,
    versioned: null,
    immutable: null,
    access_logged: null,
    deletion_protected: found.DeletionProtectionEnabled ?? null,
    multi_zone: true,
    created_at: found.CreationDateTime ?? null,
    tags: [...tags],
  };
}

function protectedOf(work: Work, found: Table, restorable: Backups, tags: Tags): ProtectedResourceRecord {
  return {
    ...common(work, 'protected_resource', `protected/table/${found.TableId}`),
    resource: found.TableArn,
    name: found.TableName,
    type: 'table',
    region: work.region,
    created_at: found.CreationDateTime ?? null,
    ...restorable,
    tags: [...tags],
  };
}

async function* namesOf(session: Session): AsyncGenerator<string, void, undefined> {
  const fetch = (ExclusiveStartTableName: string | undefined) =>
    session.call(LIST, (options) =>
      dynamodbOf(session).send(new ListTablesCommand({ Limit: 100, ExclusiveStartTableName }), options),
    );
  for await (const page of pages(LIST, fetch, ({ LastEvaluatedTableName }) => LastEvaluatedTableName))
    yield* listed(LIST, 'TableNames', page.TableNames);
}

/** Undefined: it was deleted since it was listed. */
const describe = (session: Session, TableName: string): Promise<Table | undefined> =>
  session.call(TABLE, async (options) => {
    try {
      const { Table } = await dynamodbOf(session).send(new DescribeTableCommand({ TableName }), options);
      return read(TABLE, TableName, table, Table);
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });

/** All null where the service doesn't know of the table's backups, as of one that is being made or was archived. */
const backupsOf = (session: Session, TableName: string): Promise<Backups> =>
  session.call(BACKUPS, async (options) => {
    try {
      const command = new DescribeContinuousBackupsCommand({ TableName });
      const { ContinuousBackupsDescription } = await dynamodbOf(session).send(command, options);
      return restorableOf(read(BACKUPS, TableName, backups, ContinuousBackupsDescription));
    } catch (error) {
      if (error instanceof TableNotFoundException)
        return { continuous: null, restorable_until: null, retention_days: null };
      throw error;
    }
  });

function restorableOf({
  ContinuousBackupsStatus: status,
  PointInTimeRecoveryDescription: told,
}: z.output<typeof backups>): Backups {
  if (status === 'DISABLED' || told?.PointInTimeRecoveryStatus === 'DISABLED')
    return { continuous: false, restorable_until: null, retention_days: 0 };
  return {
    continuous: told === undefined ? null : true,
    restorable_until: told?.LatestRestorableDateTime ?? null,
    retention_days: told?.RecoveryPeriodInDays ?? null,
  };
}
