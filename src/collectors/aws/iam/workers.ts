import {
  GetAccountAuthorizationDetailsCommand,
  GetAccountPasswordPolicyCommand,
  GetAccountSummaryCommand,
  GetCredentialReportCommand,
  ListVirtualMFADevicesCommand,
} from '@aws-sdk/client-iam';
import type { AwsWorker, Work } from '../dataset.ts';
import { collectAccount } from './account.ts';
import { iamOf } from './client.ts';
import { collectIdentities } from './identities.ts';

const summary = ({ session }: Work) => iamOf(session).send(new GetAccountSummaryCommand({}));

export const identities: AwsWorker = {
  collect: collectIdentities,
  // Having a report generated would be an effect.
  probes: {
    'iam:GetCredentialReport': ({ session }) => iamOf(session).send(new GetCredentialReportCommand({})),
    'iam:ListVirtualMFADevices': ({ session }) =>
      iamOf(session).send(new ListVirtualMFADevicesCommand({ MaxItems: 1 })),
    'iam:GetAccountAuthorizationDetails': ({ session }) =>
      iamOf(session).send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Group'], MaxItems: 1 })),
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
