import { ALWAYS, type AwsDataset } from '../dataset.ts';

const OPERATIONS = [
  'sso:ListInstances',
  'sso:ListPermissionSets',
  'sso:DescribePermissionSet',
  'sso:ListManagedPoliciesInPermissionSet',
  'sso:ListCustomerManagedPolicyReferencesInPermissionSet',
  'sso:GetInlinePolicyForPermissionSet',
  'sso:ListAccountsForProvisionedPermissionSet',
  'sso:ListAccountAssignments',
  'identitystore:ListUsers',
  'identitystore:ListGroups',
  'identitystore:ListGroupMemberships',
  'iam:GetPolicy',
  'iam:GetPolicyVersion',
];

export const identityCenterDatasets: readonly AwsDataset[] = [
  {
    name: 'identity-center',
    kinds: ['identity', 'role_grant'],
    per: 'identity-center',
    needs: 'identityCenter',
    cadence: 'every 4h',
    operations: [...ALWAYS, ...OPERATIONS],
    permissions: OPERATIONS,
    minRecords: 1,
    maxShrink: 0.5,
    load: async () => (await import('./workers.ts')).identityCenter,
  },
];
