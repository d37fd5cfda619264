import { ALWAYS, type AwsDataset } from '../dataset.ts';

const networks = ['ec2:DescribeVpcs', 'ec2:DescribeFlowLogs', 'ec2:DescribeNetworkInterfaces'];
const rules = [
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroupRules',
  'ec2:GetManagedPrefixListEntries',
];
const addresses = ['ec2:DescribeAddresses', 'ec2:DescribeNetworkInterfaces'];

export const networkDatasets: readonly AwsDataset[] = [
  {
    name: 'vpc-networks',
    kinds: ['network'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, ...networks],
    permissions: networks,
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).networks,
  },
  {
    name: 'security-groups',
    kinds: ['network_rule'],
    per: 'region',
    cadence: 'every 1h',
    operations: [...ALWAYS, ...rules],
    permissions: rules,
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).rules,
  },
  {
    name: 'public-addresses',
    kinds: ['public_address'],
    per: 'region',
    cadence: 'every 1h',
    operations: [...ALWAYS, ...addresses],
    permissions: addresses,
    minRecords: 0,
    maxShrink: 1,
    load: async () => (await import('./workers.ts')).addresses,
  },
];
