import { ALWAYS, type AwsDataset } from '../dataset.ts';

const READ = [
  'kms:ListKeys',
  'kms:ListAliases',
  'kms:DescribeKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListKeyRotations',
  'tag:GetResources',
] as const;

export const kmsDatasets: readonly AwsDataset[] = [
  {
    name: 'kms-keys',
    kinds: ['crypto_key'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, ...READ],
    permissions: READ,
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).keys,
  },
];
