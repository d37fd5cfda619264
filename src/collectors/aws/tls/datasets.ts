import { ALWAYS, type AwsDataset } from '../dataset.ts';

export const tlsDatasets: readonly AwsDataset[] = [
  {
    name: 'acm-certificates',
    kinds: ['certificate'],
    per: 'region',
    cadence: 'every 4h',
    operations: [...ALWAYS, 'acm:ListCertificates', 'acm:DescribeCertificate', 'tag:GetResources'],
    permissions: ['acm:ListCertificates', 'acm:DescribeCertificate', 'tag:GetResources'],
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).certificates,
  },
  {
    name: 'load-balancers',
    kinds: ['listener'],
    per: 'region',
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'elasticloadbalancing:DescribeSSLPolicies',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeListeners',
      'elasticloadbalancing:DescribeRules',
    ],
    permissions: [
      'elasticloadbalancing:DescribeSSLPolicies',
      'elasticloadbalancing:DescribeLoadBalancers',
      'elasticloadbalancing:DescribeListeners',
      'elasticloadbalancing:DescribeRules',
    ],
    minRecords: 0,
    maxShrink: 0.9,
    load: async () => (await import('./workers.ts')).listeners,
  },
];
