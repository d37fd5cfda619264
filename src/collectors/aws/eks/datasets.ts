import { ALWAYS, type AwsDataset } from '../dataset.ts';

const calls = ['eks:DescribeCluster', 'eks:DescribeClusterVersions', 'eks:ListClusters'];

export const eksDatasets: readonly AwsDataset[] = [
  {
    name: 'eks-clusters',
    kinds: ['cluster'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, ...calls],
    permissions: calls,
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./clusters.ts')).clusters,
  },
];
