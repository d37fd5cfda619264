import { ALWAYS, type AwsDataset } from '../dataset.ts';

const trails = [
  'cloudtrail:DescribeTrails',
  'cloudtrail:GetEventSelectors',
  'cloudtrail:GetTrailStatus',
  'cloudtrail:ListTrails',
];
const recorders = [
  'config:DescribeConfigurationRecorders',
  'config:DescribeConfigurationRecorderStatus',
  'config:DescribeDeliveryChannelStatus',
];

export const loggingDatasets: readonly AwsDataset[] = [
  {
    name: 'cloudtrail',
    kinds: ['audit_trail'],
    per: 'account',
    // Few calls, and whether it logs now is what matters.
    cadence: 'every 1h',
    operations: [...ALWAYS, ...trails],
    permissions: trails,
    minRecords: 0,
    maxShrink: 1,
    load: async () => (await import('./cloudtrail.ts')).cloudtrail,
  },
  {
    name: 'config-recorder',
    kinds: ['detector'],
    per: 'region',
    cadence: 'every 1h',
    operations: [...ALWAYS, ...recorders],
    permissions: recorders,
    minRecords: 1,
    load: async () => (await import('./config-recorder.ts')).configRecorder,
  },
  {
    name: 'log-groups',
    kinds: ['log_store'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, 'logs:DescribeLogGroups'],
    permissions: ['logs:DescribeLogGroups'],
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./log-groups.ts')).logGroups,
  },
];
