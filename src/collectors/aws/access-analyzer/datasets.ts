import { ALWAYS, type AwsDataset } from '../dataset.ts';

export const accessAnalyzerDatasets: readonly AwsDataset[] = [
  {
    name: 'access-analyzer',
    kinds: ['detector', 'alert'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, 'access-analyzer:ListAnalyzers', 'access-analyzer:ListFindings'],
    permissions: ['access-analyzer:ListAnalyzers', 'access-analyzer:ListFindings'],
    // A region without an analyzer is a record, too.
    minRecords: 1,
    maxShrink: 1,
    load: async () => (await import('./findings.ts')).accessAnalyzer,
  },
];
