import { ALWAYS, type AwsDataset } from '../dataset.ts';

export const organizationDatasets: readonly AwsDataset[] = [
  {
    name: 'organization-accounts',
    kinds: ['organization_account'],
    per: 'organization',
    needs: 'organization',
    cadence: 'every 1h',
    freshness: 4 * 3600,
    operations: [...ALWAYS, 'organizations:DescribeOrganization', 'organizations:ListAccounts'],
    permissions: ['organizations:DescribeOrganization', 'organizations:ListAccounts'],
    minRecords: 1,
    maxShrink: 0.5,
    load: async () => (await import('./accounts.ts')).accounts,
  },
];
