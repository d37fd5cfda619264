import { ALWAYS, type AwsDataset } from '../dataset.ts';

const threats = [
  'guardduty:GetDetector',
  'guardduty:GetFindings',
  'guardduty:ListDetectors',
  'guardduty:ListFindings',
];
const weaknesses = ['inspector2:BatchGetAccountStatus', 'inspector2:ListCoverage', 'inspector2:ListFindings'];

export const detectionDatasets: readonly AwsDataset[] = [
  {
    name: 'guardduty',
    kinds: ['detector', 'alert'],
    per: 'region',
    cadence: 'every 1h',
    operations: [...ALWAYS, ...threats],
    permissions: threats,
    minRecords: 1,
    maxShrink: 1,
    load: async () => (await import('./guardduty.ts')).guardduty,
  },
  {
    name: 'inspector',
    kinds: ['detector', 'scan_coverage', 'vulnerability'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, ...weaknesses],
    permissions: weaknesses,
    minRecords: 1,
    maxShrink: 1,
    load: async () => (await import('./inspector.ts')).inspector,
  },
];
