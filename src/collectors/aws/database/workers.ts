import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  ListTablesCommand,
  ResourceNotFoundException,
  TableNotFoundException,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeDBClusterSnapshotAttributesCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotAttributesCommand,
  DescribeDBSnapshotsCommand,
} from '@aws-sdk/client-rds';
import type { AwsWorker } from '../dataset.ts';
import { probeTags } from '../tagged.ts';
import { unlessAbsent } from './absent.ts';
import { collectTables, dynamodbOf } from './dynamodb.ts';
import { collectSnapshots } from './rds-snapshots.ts';
import { collectDatabases, rdsOf } from './rds.ts';

/** Nothing is called so; that it isn't there is told to those alone who may ask. */
const NOBODY = 'annexa-preflight-not-there';

export const databases: AwsWorker = {
  collect: collectDatabases,
  probes: {
    'rds:DescribeDBClusters': ({ session }) =>
      rdsOf(session).send(new DescribeDBClustersCommand({ MaxRecords: 20 })),
    'rds:DescribeDBInstances': ({ session }) =>
      rdsOf(session).send(new DescribeDBInstancesCommand({ MaxRecords: 20 })),
  },
};

export const snapshots: AwsWorker = {
  collect: collectSnapshots,
  probes: {
    'rds:DescribeDBSnapshots': ({ session }) =>
      rdsOf(session).send(new DescribeDBSnapshotsCommand({ MaxRecords: 20 })),
    'rds:DescribeDBSnapshotAttributes': ({ session }) =>
      rdsOf(session).send(new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: NOBODY })),
    'rds:DescribeDBClusterSnapshots': ({ session }) =>
      rdsOf(session).send(new DescribeDBClusterSnapshotsCommand({ MaxRecords: 20 })),
    'rds:DescribeDBClusterSnapshotAttributes': ({ session }) =>
      rdsOf(session).send(
        new DescribeDBClusterSnapshotAttributesCommand({ DBClusterSnapshotIdentifier: NOBODY }),
      ),
  },
};

export const tables: AwsWorker = {
  collect: collectTables,
  probes: {
    'dynamodb:ListTables': ({ session }) => dynamodbOf(session).send(new ListTablesCommand({ Limit: 1 })),
    'dynamodb:DescribeTable': ({ session }) =>
      unlessAbsent(ResourceNotFoundException, () =>
        dynamodbOf(session).send(new DescribeTableCommand({ TableName: NOBODY })),
      ),
    'dynamodb:DescribeContinuousBackups': ({ session }) =>
      unlessAbsent(TableNotFoundException, () =>
        dynamodbOf(session).send(new DescribeContinuousBackupsCommand({ TableName: NOBODY })),
      ),
    'tag:GetResources': ({ session }) => probeTags(session),
  },
};
