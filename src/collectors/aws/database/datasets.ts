import { ALWAYS, type AwsDataset } from '../dataset.ts';

export const databaseDatasets: readonly AwsDataset[] = [
  {
    name: 'rds-databases',
    kinds: ['data_store', 'protected_resource'],
    per: 'region',
    // Two listings: few calls, and how far back one can restore moves on by minutes.
    cadence: 'every 1h',
    operations: [...ALWAYS, 'rds:DescribeDBClusters', 'rds:DescribeDBInstances'],
    permissions: ['rds:DescribeDBClusters', 'rds:DescribeDBInstances'],
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).databases,
  },
  {
    name: 'rds-snapshots',
    kinds: ['recovery_point'],
    per: 'region',
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'rds:DescribeDBSnapshots',
      'rds:DescribeDBSnapshotAttributes',
      'rds:DescribeDBClusterSnapshots',
      'rds:DescribeDBClusterSnapshotAttributes',
    ],
    permissions: [
      'rds:DescribeDBSnapshots',
      'rds:DescribeDBSnapshotAttributes',
      'rds:DescribeDBClusterSnapshots',
      'rds:DescribeDBClusterSnapshotAttributes',
    ],
    minRecords: 0,
    maxShrink: 1,
    load: async () => (await import('./workers.ts')).snapshots,
  },
  {
    name: 'dynamodb-tables',
    kinds: ['data_store', 'protected_resource'],
    per: 'region',
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'dynamodb:ListTables',
      'dynamodb:DescribeTable',
      'dynamodb:DescribeContinuousBackups',
      'tag:GetResources',
    ],
    permissions: [
      'dynamodb:ListTables',
      'dynamodb:DescribeTable',
      'dynamodb:DescribeContinuousBackups',
      'tag:GetResources',
    ],
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).tables,
  },
];
