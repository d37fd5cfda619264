import { ALWAYS, type AwsDataset } from '../dataset.ts';

export const iamDatasets: readonly AwsDataset[] = [
  {
    name: 'iam-identities',
    kinds: ['identity', 'credential', 'role_grant'],
    per: 'account',
    // IAM makes a new credential report at most every four hours.
    cadence: 'every 4h',
    freshness: 12 * 3600,
    operations: [
      ...ALWAYS,
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
    // A join of two listings: up to 5,000 users with all that is theirs.
    sideBySide: 1,
    minRecords: 1,
    maxShrink: 0.5,
    load: async () => (await import('./workers.ts')).identities,
  },
  {
    name: 'iam-account',
    kinds: ['account'],
    per: 'account',
    cadence: 'every 4h',
    freshness: 12 * 3600,
    operations: [...ALWAYS, 'iam:GetAccountSummary', 'iam:GetAccountPasswordPolicy'],
    permissions: ['iam:GetAccountSummary', 'iam:GetAccountPasswordPolicy'],
    minRecords: 1,
    load: async () => (await import('./workers.ts')).account,
  },
  {
    name: 'iam-roles',
    kinds: ['role', 'policy'],
    per: 'account',
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
      'iam:ListPolicies',
      'iam:GetPolicyVersion',
      'organizations:DescribeOrganization',
    ],
    permissions: [
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
      'iam:ListPolicies',
      'iam:GetPolicyVersion',
      'organizations:DescribeOrganization',
    ],
    // Its listing is held until IAM's own count of it is known.
    sideBySide: 2,
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).roles,
  },
];
