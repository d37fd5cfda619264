import {
  type Action,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeSSLPoliciesCommand,
  ElasticLoadBalancingV2Client,
  ListenerNotFoundException,
  LoadBalancerNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { ListenerRecord } from '../../../inventory/kinds/listener.ts';
import { ahead } from '../../ahead.ts';
import { common, type Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import type { Session } from '../session.ts';

const BALANCERS = 'elasticloadbalancing:DescribeLoadBalancers';
const LISTENERS = 'elasticloadbalancing:DescribeListeners';
const RULES = 'elasticloadbalancing:DescribeRules';
const POLICIES = 'elasticloadbalancing:DescribeSSLPolicies';

const balancer = z
  .object({
    LoadBalancerArn: z.string().min(1),
    LoadBalancerName: z.string().min(1),
    Type: z.string().min(1),
    Scheme: z.enum(['internet-facing', 'internal']).optional(),
  })
  // Gateways have none: they are reached through endpoints in the organisation's own networks alone.
  .refine(({ Type, Scheme }) => Scheme !== undefined || Type === 'gateway', {
    path: ['Scheme'],
    error: 'expected internet-facing or internal',
  });

const actions = z.array(
  z.object({
    Type: z.string().min(1),
    RedirectConfig: z.object({ Protocol: z.string().optional() }).optional(),
  }),
);

const listener = z.object({
  ListenerArn: z.string().min(1),
  LoadBalancerArn: z.string().min(1),
  // A gateway's listener has neither port nor protocol.
  Port: z.int().nonnegative().default(0),
  Protocol: z.string().default(''),
  SslPolicy: z.string().default(''),
  Certificates: z.array(z.object({ CertificateArn: z.string().min(1) })).default([]),
  DefaultActions: actions,
});

const policy = z.object({ Name: z.string().min(1), SslProtocols: z.array(z.string()) });

type Balancer = z.output<typeof balancer>;
type Listener = z.output<typeof listener>;
type Oldest = ReadonlyMap<string, ListenerRecord['min_tls']>;

const PROTOCOLS: ReadonlyMap<string, ListenerRecord['protocol']> = new Map([
  ['HTTP', 'http'],
  ['HTTPS', 'https'],
  ['TCP', 'tcp'],
  ['TLS', 'tls'],
  ['UDP', 'udp'],
  ['TCP_UDP', 'tcp_udp'],
  ['QUIC', 'quic'],
]);

/** From the oldest on. */
const VERSIONS = [
  ['SSLv3', 'SSLv3'],
  ['TLSv1', '1.0'],
  ['TLSv1.1', '1.1'],
  ['TLSv1.2', '1.2'],
  ['TLSv1.3', '1.3'],
] as const;

export const elbOf = (session: Session): ElasticLoadBalancingV2Client =>
  session.client('elasticloadbalancing', ElasticLoadBalancingV2Client);

/**
 * Every listener of the region's application, network and gateway load balancers; classic ones are of another service, which is not asked.
 * Certificates are the default ones: more for other names would cost a call a listener.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
 */
export async function* collectListeners(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session } = work;
  const oldest = await oldestVersions(session);
  const found = ahead(balancersOf(session), 8, async (each) => recordsOf(work, each, oldest));
  for await (const records of found) yield* records;
}

/** A balancer has at most 50 listeners unless the quota is raised. */
async function recordsOf(work: Work, own: Balancer, oldest: Oldest): Promise<readonly ListenerRecord[]> {
  const records: ListenerRecord[] = [];
  for await (const found of listenersOf(work.session, own.LoadBalancerArn)) {
    const redirects = found.Protocol === 'HTTP' && (await onlyRedirects(work.session, found));
    records.push(recordOf(work, own, found, redirects, oldest));
  }
  return records;
}

function recordOf(
  work: Work,
  own: Balancer,
  found: Listener,
  redirects: boolean,
  oldest: Oldest,
): ListenerRecord {
  const protocol = PROTOCOLS.get(found.Protocol) ?? 'other';
  const encrypted = protocol === 'https' || protocol === 'tls';
  return {
    ...common(work, 'listener', found.ListenerArn.split(':').slice(5).join(':')),
    resource: found.ListenerArn,
    name: `${own.LoadBalancerName}:${found.Port}`,
    region: work.region,
    balancer: own.LoadBalancerArn,
    internet_facing: own.Scheme === 'internet-facing',
    protocol,
    port: found.Port,
    encrypted,
    redirects,
    min_tls: encrypted ? (oldest.get(found.SslPolicy) ?? null) : null,
    policy: found.SslPolicy,
    certificates: found.Certificates.map(({ CertificateArn }) => CertificateArn),
  };
}

/** Whether the default and every other rule sends clients to HTTPS. Other rules are asked for only where the default does. */
async function onlyRedirects(session: Session, found: Listener): Promise<boolean> {
  if (!sendToHttps(found.DefaultActions)) return false;
  const fetch = (Marker: string | undefined) =>
    session.call(RULES, async (options) => {
      const command = new DescribeRulesCommand({ ListenerArn: found.ListenerArn, PageSize: 400, Marker });
      try {
        return await elbOf(session).send(command, options);
      } catch (error) {
        // Deleted since it was listed: what it did beside its default is not known any more.
        if (error instanceof ListenerNotFoundException) return undefined;
        throw error;
      }
    });
  for await (const page of pages(RULES, fetch, (page) => page?.NextMarker)) {
    if (page === undefined) return false;
    for (const { RuleArn, Actions } of listed(RULES, 'Rules', page.Rules))
      if (!sendToHttps(readActions(RULES, RuleArn ?? 'a rule', Actions))) return false;
  }
  return true;
}

const readActions = (operation: string, what: string, list: readonly Action[] | undefined) =>
  read(operation, what, actions, list);

/** `#{protocol}` keeps the client's own, which is HTTP. */
const sendToHttps = (list: z.output<typeof actions>): boolean =>
  list.length > 0 &&
  list.every(({ Type, RedirectConfig }) => Type === 'redirect' && RedirectConfig?.Protocol === 'HTTPS');

async function* balancersOf(session: Session): AsyncGenerator<Balancer, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(BALANCERS, (options) =>
      elbOf(session).send(new DescribeLoadBalancersCommand({ PageSize: 400, Marker }), options),
    );
  for await (const page of pages(BALANCERS, fetch, ({ NextMarker }) => NextMarker))
    for (const entry of listed(BALANCERS, 'LoadBalancers', page.LoadBalancers))
      yield read(BALANCERS, entry.LoadBalancerArn ?? 'a load balancer', balancer, entry);
}

/** None of a balancer that was deleted since it was listed. */
async function* listenersOf(session: Session, arn: string): AsyncGenerator<Listener, void, undefined> {
  const fetch = (Marker: string | undefined) =>
    session.call(LISTENERS, async (options) => {
      const command = new DescribeListenersCommand({ LoadBalancerArn: arn, PageSize: 400, Marker });
      try {
        return await elbOf(session).send(command, options);
      } catch (error) {
        if (error instanceof LoadBalancerNotFoundException) return undefined;
        throw error;
      }
    });
  for await (const page of pages(LISTENERS, fetch, (page) => page?.NextMarker)) {
    if (page === undefined) return;
    for (const entry of listed(LISTENERS, 'Listeners', page.Listeners))
      yield read(LISTENERS, entry.ListenerArn ?? arn, listener, entry);
  }
}

/** By policy: the oldest version that it accepts; null where it accepts one that isn't known here. */
async function oldestVersions(session: Session): Promise<Oldest> {
  const oldest = new Map<string, ListenerRecord['min_tls']>();
  const fetch = (Marker: string | undefined) =>
    session.call(POLICIES, (options) =>
      elbOf(session).send(new DescribeSSLPoliciesCommand({ PageSize: 400, Marker }), options),
    );
  for await (const page of pages(POLICIES, fetch, ({ NextMarker }) => NextMarker))
    for (const entry of listed(POLICIES, 'SslPolicies', page.SslPolicies)) {
      const { Name, SslProtocols } = read(POLICIES, entry.Name ?? 'a policy', policy, entry);
      oldest.set(Name, oldestOf(SslProtocols));
    }
  return oldest;
}

function oldestOf(protocols: readonly string[]): ListenerRecord['min_tls'] {
  const known = VERSIONS.filter(([name]) => protocols.includes(name));
  return known.length === protocols.length ? (known[0]?.[1] ?? null) : null;
}
