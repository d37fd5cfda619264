import type { AwsDataset } from './dataset.ts';
import { iamDatasets } from './iam/datasets.ts';

/** Every dataset of AWS. A new one is an entry in its family's datasets.ts. */
export const datasets: readonly AwsDataset[] = [...iamDatasets];

/** The IAM policy that lets a principal collect the dataset, and nothing else: deploy/permissions holds one file each. */
export function policyDocument({ name, permissions }: Pick<AwsDataset, 'name' | 'permissions'>): object {
  const sid = name.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return {
    Version: '2012-10-17',
    Statement: [{ Sid: `Annexa${sid}`, Effect: 'Allow', Action: [...permissions].sort(), Resource: '*' }],
  };
}
