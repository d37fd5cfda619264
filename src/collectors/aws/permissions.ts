import type { DatasetSpec } from '../contract.ts';

export const IDENTITIES = 'iam-identities';
export const ACCOUNT = 'iam-account';

export const datasets: readonly DatasetSpec[] = [
  {
    name: IDENTITIES,
    kinds: ['identity', 'credential', 'role_grant'],
    // IAM makes a new credential report at most every four hours.
    cadence: 'every 4h',
    freshness: 12 * 3600,
    operations: [
      'sts:AssumeRole',
      'sts:GetCallerIdentity',
      'iam:GenerateCredentialReport',
      'iam:GetCredentialReport',
      'iam:ListVirtualMFADevices',
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
    ],
    permissions: [
      'iam:GenerateCredentialReport',
      'iam:GetCredentialReport',
      'iam:ListVirtualMFADevices',
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
    ],
    minRecords: 1,
    maxShrink: 0.5,
  },
  {
    name: ACCOUNT,
    kinds: ['account'],
    cadence: 'every 4h',
    freshness: 12 * 3600,
    operations: [
      'sts:AssumeRole',
      'sts:GetCallerIdentity',
      'iam:GetAccountSummary',
      'iam:GetAccountPasswordPolicy',
    ],
    permissions: ['iam:GetAccountSummary', 'iam:GetAccountPasswordPolicy'],
    minRecords: 1,
  },
];

/** The IAM policy that lets a principal collect the dataset, and nothing else: deploy/permissions holds one file each. */
export function policyDocument({ name, permissions }: DatasetSpec): object {
  const sid = name.replaceAll(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return {
    Version: '2012-10-17',
    Statement: [{ Sid: `Annexa${sid}`, Effect: 'Allow', Action: [...permissions].sort(), Resource: '*' }],
  };
}
