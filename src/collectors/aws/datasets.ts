import { backupDatasets } from './backup/datasets.ts';
import { databaseDatasets } from './database/datasets.ts';
import { accessAnalyzerDatasets } from './access-analyzer/datasets.ts';
import type { AwsDataset } from './dataset.ts';
import { detectionDatasets } from './detection/datasets.ts';
import { eksDatasets } from './eks/datasets.ts';
import { iamDatasets } from './iam/datasets.ts';
import { identityCenterDatasets } from './identity-center/datasets.ts';
import { kmsDatasets } from './kms/datasets.ts';
import { loggingDatasets } from './logging/datasets.ts';
import { organizationDatasets } from './organization/datasets.ts';
import { networkDatasets } from './network/datasets.ts';
import { storageDatasets } from './storage/datasets.ts';
import { tlsDatasets } from './tls/datasets.ts';

/** Every dataset of AWS. A new one is an entry in its family's datasets.ts. */
export const datasets: readonly AwsDataset[] = [
  ...iamDatasets,
  ...identityCenterDatasets,
  ...accessAnalyzerDatasets,
  ...storageDatasets,
  ...kmsDatasets,
  ...loggingDatasets,
  ...detectionDatasets,
  ...eksDatasets,
  ...organizationDatasets,
  ...networkDatasets,
  ...backupDatasets,
  ...databaseDatasets,
  ...tlsDatasets,
];

/** The IAM policy that lets a principal collect the dataset, and nothing else: deploy/permissions holds one file each. */
export function policyDocument({ name, permissions }: Pick<AwsDataset, 'name' | 'permissions'>): object {
  const sid = name.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return {
    Version: '2012-10-17',
    Statement: [{ Sid: `Annexa${sid}`, Effect: 'Allow', Action: [...permissions].sort(), Resource: '*' }],
  };
}
