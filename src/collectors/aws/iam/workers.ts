import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  GetPolicyVersionCommand,
  ListPoliciesCommand,
  ListVirtualMFADevicesCommand,
} from '@aws-sdk/client-iam';
import type { AwsWorker, Work } from '../dataset.ts';
import { collectAccount } from './account.ts';
import { iamOf } from './client.ts';
import { collectIdentities } from './identities.ts';
import { collectRoles, ownOrganization } from './roles.ts';

const summary = ({ session }: Work) => iamOf(session).send(new GetAccountSummaryCommand({}));
const details = ({ session }: Work) =>
  iamOf(session).send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Group'], MaxItems: 1 }));

/** The first version of a policy that every account can read. */
export const policyVersion = ({ session }: Work) =>
  iamOf(session).send(
    new GetPolicyVersionCommand({
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
      VersionId: 'v1',
    }),
  );

export const identities: AwsWorker = {
  collect: collectIdentities,
  // Having a report generated would be an effect.
  probes: {
    'iam:GetCredentialReport': ({ session }) => iamOf(session).send(new GetCredentialReportCommand({})),
    'iam:ListVirtualMFADevices': ({ session }) =>
      iamOf(session).send(new ListVirtualMFADevicesCommand({ MaxItems: 1 })),
    'iam:GetAccountAuthorizationDetails': details,
    'iam:GetAccountSummary': summary,
  },
};

export const account: AwsWorker = {
  collect: collectAccount,
  probes: {
    'iam:GetAccountSummary': summary,
    'iam:GetAccountPasswordPolicy': ({ session }) =>
      iamOf(session).send(new GetAccountPasswordPolicyCommand({})),
  },
};

export const roles: AwsWorker = {
  collect: collectRoles,
  probes: {
    'iam:GetAccountAuthorizationDetails': details,
    'iam:GetAccountSummary': summary,
    'iam:ListPolicies': ({ session }) =>
      iamOf(session).send(new ListPoliciesCommand({ Scope: 'Local', MaxItems: 1 })),
    'iam:GetPolicyVersion': policyVersion,
    'organizations:DescribeOrganization': ({ session }) => ownOrganization(session),
  },
};
