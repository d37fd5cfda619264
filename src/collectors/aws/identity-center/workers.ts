import { GetPolicyCommand } from '@aws-sdk/client-iam';
import { ListInstancesCommand } from '@aws-sdk/client-sso-admin';
import type { AwsWorker } from '../dataset.ts';
import { iamOf } from '../iam/client.ts';
import { policyVersion } from '../iam/workers.ts';
import { ssoOf } from './clients.ts';
import { collectIdentityCenter } from './collect.ts';

export const identityCenter: AwsWorker = {
  collect: collectIdentityCenter,
  // All else needs the id of an instance or of something in it: a made-up one is refused to everybody alike.
  probes: {
    'sso:ListInstances': (work) => ssoOf(work).send(new ListInstancesCommand({ MaxResults: 1 })),
    'iam:GetPolicy': ({ session }) =>
      iamOf(session).send(new GetPolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' })),
    'iam:GetPolicyVersion': policyVersion,
  },
};
