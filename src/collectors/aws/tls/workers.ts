import {
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-acm';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeSSLPoliciesCommand,
  ListenerNotFoundException,
  LoadBalancerNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { unlessAbsent } from '../database/absent.ts';
import type { AwsWorker, Work } from '../dataset.ts';
import { partitionOf } from '../storage/arn.ts';
import { probeTags } from '../tagged.ts';
import { acmOf, collectCertificates } from './acm.ts';
import { collectListeners, elbOf } from './listeners.ts';

/** Nothing is called so; that it isn't there is told to those alone who may ask. */
const nobody = (work: Work, service: string, tail: string): string =>
  `arn:${partitionOf(work)}:${service}:${work.region}:${work.account.id}:${tail}`;

export const certificates: AwsWorker = {
  collect: collectCertificates,
  probes: {
    'acm:ListCertificates': ({ session }) =>
      acmOf(session).send(new ListCertificatesCommand({ MaxItems: 1 })),
    'acm:DescribeCertificate': (work) => {
      const CertificateArn = nobody(work, 'acm', 'certificate/00000000-0000-4000-8000-000000000000');
      return unlessAbsent(ResourceNotFoundException, () =>
        acmOf(work.session).send(new DescribeCertificateCommand({ CertificateArn })),
      );
    },
    'tag:GetResources': ({ session }) => probeTags(session),
  },
};

const ELB = 'elasticloadbalancing';
const NOBODY = 'app/annexa-preflight/0000000000000000';

export const listeners: AwsWorker = {
  collect: collectListeners,
  probes: {
    'elasticloadbalancing:DescribeSSLPolicies': ({ session }) =>
      elbOf(session).send(new DescribeSSLPoliciesCommand({ PageSize: 1 })),
    'elasticloadbalancing:DescribeLoadBalancers': ({ session }) =>
      elbOf(session).send(new DescribeLoadBalancersCommand({ PageSize: 1 })),
    'elasticloadbalancing:DescribeListeners': (work) => {
      const LoadBalancerArn = nobody(work, ELB, `loadbalancer/${NOBODY}`);
      return unlessAbsent(LoadBalancerNotFoundException, () =>
        elbOf(work.session).send(new DescribeListenersCommand({ LoadBalancerArn })),
      );
    },
    'elasticloadbalancing:DescribeRules': (work) => {
      const ListenerArn = nobody(work, ELB, `listener/${NOBODY}/0000000000000000`);
      return unlessAbsent(ListenerNotFoundException, () =>
        elbOf(work.session).send(new DescribeRulesCommand({ ListenerArn })),
      );
    },
  },
};
