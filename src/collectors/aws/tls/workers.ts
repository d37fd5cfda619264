import { ListCertificatesCommand } from '@aws-sdk/client-acm';
import {
  DescribeLoadBalancersCommand,
  DescribeSSLPoliciesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsWorker } from '../dataset.ts';
import { probeTags } from '../tagged.ts';
import { acmOf, collectCertificates } from './acm.ts';
import { collectListeners, elbOf } from './listeners.ts';

// What is left out needs an ARN of something that is there: one made up is refused before or after permission is looked at.
export const certificates: AwsWorker = {
  collect: collectCertificates,
  probes: {
    'acm:ListCertificates': ({ session }) =>
      acmOf(session).send(new ListCertificatesCommand({ MaxItems: 1 })),
    'tag:GetResources': ({ session }) => probeTags(session),
  },
};

export const listeners: AwsWorker = {
  collect: collectListeners,
  probes: {
    'elasticloadbalancing:DescribeSSLPolicies': ({ session }) =>
      elbOf(session).send(new DescribeSSLPoliciesCommand({ PageSize: 1 })),
    'elasticloadbalancing:DescribeLoadBalancers': ({ session }) =>
      elbOf(session).send(new DescribeLoadBalancersCommand({ PageSize: 1 })),
  },
};
