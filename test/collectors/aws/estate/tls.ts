import type { CertificateDetail, CertificateSummary } from '@aws-sdk/client-acm';
import type { Listener, LoadBalancer, Rule } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Asked, type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';
import { taggingEstate } from './tagging.ts';

const DAY = 86_400_000;

export interface TlsHolding {
  readonly certificates: readonly CertificateSummary[];
  /** By ARN: what a description says beside; of all others renewal has not begun. */
  readonly details?: Readonly<Record<string, Partial<CertificateDetail>>>;
  readonly balancers: readonly LoadBalancer[];
  readonly listeners: readonly Listener[];
  /** By ARN of a listener: its rules beside the default one. */
  readonly rules?: Readonly<Record<string, readonly Rule[]>>;
  /** By name: what they accept. */
  readonly policies: Readonly<Record<string, readonly string[]>>;
}

type Where = Pick<Asked, 'account' | 'region'>;

interface CertificatesAsked {
  readonly NextToken?: string;
  readonly Includes?: { readonly keyTypes?: readonly string[] };
  readonly CertificateKeyPairOrigins?: readonly string[];
}

/**
 * An account of `size` certificates in use, every second of which is being renewed now, and `size` balancers to the internet that speak
 * TLS 1.2 and send plain HTTP there.
 */
export function tlsEstate(options: EstateOptions): Handlers {
  return { ...tlsHandlers((where) => healthyTls(where, options), options), ...taggingEstate(options) };
}

/** What ACM and Elastic Load Balancing answer of what `holdingOf` says that they hold. */
export function tlsHandlers(
  holdingOf: (where: Where) => TlsHolding,
  { pageSize = 5 }: Pick<EstateOptions, 'pageSize'>,
): Handlers {
  const paged = <I>(key: string, of: (holding: TlsHolding, input: I, where: Where) => readonly object[]) =>
    ({
      handle: (input: I & { readonly Marker?: string }, { missing, ...where }: Asked) => {
        const { items, next } = pageOf(of(holdingOf(where), input, where), pageSize, input.Marker, missing);
        return { [key]: items, NextMarker: next };
      },
    }).handle;
  return {
    'acm:ListCertificates': (input: CertificatesAsked, { missing, ...where }: Asked) => {
      // As ACM does: unless asked for, keys of most algorithms are left out, and certificates got by ACME.
      const types = input.Includes?.keyTypes ?? ['RSA_1024', 'RSA_2048'];
      const origins = input.CertificateKeyPairOrigins ?? ['AWS_MANAGED', 'CUSTOMER_PROVIDED'];
      const all = holdingOf(where).certificates.filter(
        ({ KeyAlgorithm: type, CertificateKeyPairOrigin: origin }) =>
          (type === undefined || types.includes(type)) && (origin === undefined || origins.includes(origin)),
      );
      const { items, next } = pageOf(all, pageSize, input.NextToken, missing);
      return { CertificateSummaryList: items, NextToken: next };
    },
    'acm:DescribeCertificate': ({ CertificateArn }: { readonly CertificateArn: string }, where: Asked) => {
      const { certificates, details } = holdingOf(where);
      const found = certificates.find((each) => each.CertificateArn === CertificateArn);
      if (found === undefined) throw refuse('ResourceNotFoundException');
      return {
        Certificate: {
          CertificateArn,
          SubjectAlternativeNames: found.SubjectAlternativeNameSummaries,
          ...details?.[CertificateArn],
        },
      };
    },
    'elasticloadbalancing:DescribeSSLPolicies': paged('SslPolicies', ({ policies }) =>
      Object.entries(policies).map(([Name, protocols]) => ({ Name, SslProtocols: [...protocols] })),
    ),
    'elasticloadbalancing:DescribeLoadBalancers': paged('LoadBalancers', ({ balancers }) => balancers),
    'elasticloadbalancing:DescribeListeners': paged(
      'Listeners',
      ({ balancers, listeners }, { LoadBalancerArn }: { readonly LoadBalancerArn: string }) => {
        if (!balancers.some((each) => each.LoadBalancerArn === LoadBalancerArn))
          throw refuse('LoadBalancerNotFound');
        return listeners.filter((each) => each.LoadBalancerArn === LoadBalancerArn);
      },
    ),
    'elasticloadbalancing:DescribeRules': paged(
      'Rules',
      ({ listeners, rules }, { ListenerArn }: { readonly ListenerArn: string }) => {
        const found = listeners.find((each) => each.ListenerArn === ListenerArn);
        if (found === undefined) throw refuse('ListenerNotFound');
        const own = { RuleArn: `${ListenerArn}/default`, IsDefault: true, Actions: found.DefaultActions };
        return [...(rules?.[ListenerArn] ?? []), own];
      },
    ),
  };
}

export const POLICIES = {
  'ELBSecurityPolicy-2016-08': ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-TLS13-1-2-2021-06': ['TLSv1.2', 'TLSv1.3'],
  'ELBSecurityPolicy-TLS13-1-3-2021-06': ['TLSv1.3'],
  'ELBSecurityPolicy-TLS-1-2-2017-01': ['TLSv1.2'],
  'ELBSecurityPolicy-TLS-1-1-2017-01': ['TLSv1.1', 'TLSv1.2'],
  'ELBSecurityPolicy-FS-1-2-Res-2020-10': ['TLSv1.2'],
} as const;

export const REDIRECT = {
  Type: 'redirect',
  RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' },
} as const;
export const FORWARD = { Type: 'forward' } as const;

export function healthyTls(where: Where, { now, size = 12, pageSize = 5 }: EstateOptions): TlsHolding {
  const numbers = Array.from({ length: size }, (_, index) => String(index).padStart(4, '0'));
  const certificates = numbers.map((number, index) =>
    certificateOf(where, now, `certificate-${number}`, {
      KeyAlgorithm: index % 3 === 0 ? 'EC_prime256v1' : 'RSA_2048',
      NotAfter: new Date(now + (index % 2 === 0 ? 55 : 300) * DAY),
    }),
  );
  const balancers = numbers.map((number) => balancerOf(where, `web-${number}`));
  // The first has more listeners and rules than a page holds.
  const ports = Array.from({ length: pageSize + 1 }, (_, index) => 8443 + index);
  return {
    certificates,
    details: Object.fromEntries(
      certificates.map(({ CertificateArn = '' }) => [
        CertificateArn,
        {
          RenewalSummary: {
            RenewalStatus: 'PENDING_AUTO_RENEWAL',
            DomainValidationOptions: [],
            UpdatedAt: new Date(now),
          },
        },
      ]),
    ),
    balancers,
    listeners: balancers.flatMap((own, index) => [
      listenerOf(own, 80, { Protocol: 'HTTP', DefaultActions: [REDIRECT] }),
      ...[443, ...(index === 0 ? ports : [])].map((port) => listenerOf(own, port, {})),
    ]),
    rules: {
      [listenerArn(balancers[0], 80)]: ports.map((port) => ({
        RuleArn: `rule-${port}`,
        IsDefault: false,
        Actions: [REDIRECT],
      })),
    },
    policies: POLICIES,
  };
}

export const certificateOf = (
  { account, region }: Where,
  now: number,
  name: string,
  own: Partial<CertificateSummary> = {},
): CertificateSummary => ({
  CertificateArn: `arn:aws:acm:${region}:${account}:certificate/${name}`,
  DomainName: `${name}.example.org`,
  SubjectAlternativeNameSummaries: [`${name}.example.org`],
  HasAdditionalSubjectAlternativeNames: false,
  Status: 'ISSUED',
  Type: 'AMAZON_ISSUED',
  InUse: true,
  RenewalEligibility: 'ELIGIBLE',
  KeyAlgorithm: 'RSA_2048',
  NotBefore: new Date(now - 90 * DAY),
  NotAfter: new Date(now + 300 * DAY),
  ...own,
});

export const balancerOf = (
  { account, region }: Where,
  name: string,
  own: Partial<LoadBalancer> = {},
): LoadBalancer => ({
  LoadBalancerArn: `arn:aws:elasticloadbalancing:${region}:${account}:loadbalancer/app/${name}/50dc6c495c0c9188`,
  LoadBalancerName: name,
  Type: 'application',
  Scheme: 'internet-facing',
  ...own,
});

export const listenerArn = (balancer: LoadBalancer | undefined, port: number): string =>
  `${balancer?.LoadBalancerArn?.replace(':loadbalancer/', ':listener/')}/${port}`;

export const listenerOf = (balancer: LoadBalancer, port: number, own: Partial<Listener>): Listener => ({
  ListenerArn: listenerArn(balancer, port),
  LoadBalancerArn: balancer.LoadBalancerArn,
  Port: port,
  Protocol: 'HTTPS',
  DefaultActions: [FORWARD],
  ...(own.Protocol === undefined || own.Protocol === 'HTTPS' || own.Protocol === 'TLS'
    ? { SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06' }
    : {}),
  ...own,
});
