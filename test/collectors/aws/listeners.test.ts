import { describe, expect, test } from 'vitest';
import { kinds } from '../../../src/inventory/kinds.ts';
import {
  balancerOf,
  FORWARD,
  listenerArn,
  listenerOf,
  POLICIES,
  REDIRECT,
  tlsEstate,
  type TlsHolding,
  tlsHandlers,
} from './estate/tls.ts';
import { connect, MAIN } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const REGION = 'eu-west-1';
const SCOPE = `${MAIN}:${REGION}`;
const where = { account: MAIN, region: REGION };
const NOW = Date.now();
const web = balancerOf(where, 'web');

/** The records of a region with these listeners, those of one balancer unless told otherwise; each must have its kind's schema. */
async function collected(holding: Partial<TlsHolding>, other: Handlers = {}) {
  const whole = { certificates: [], balancers: [web], listeners: [], policies: POLICIES, ...holding };
  await using stub = await startStub({ ...tlsHandlers(() => whole, {}), ...other });
  await using source = connect(stub.endpoint, { regions: [REGION] });
  const { records, told } = await source.collect('load-balancers', SCOPE);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  return { records, operations: told.operations.filter((name) => !name.startsWith('sts:')) };
}

const answering = async (own: object, rules: TlsHolding['rules'] = {}) =>
  collected({ listeners: [listenerOf(web, 80, own)], rules });
const refusing = (operation: string, code: string): Handlers => ({
  [operation]: () => {
    throw refuse(code);
  },
});

describe('a listener', () => {
  test('is told with its balancer, its oldest TLS and its certificates', async () => {
    const certificate = `arn:aws:acm:${REGION}:${MAIN}:certificate/shop`;
    const { records } = await collected({
      listeners: [listenerOf(web, 443, { Certificates: [{ CertificateArn: certificate }] })],
    });
    expect(records).toEqual([
      {
        id: `aws:${SCOPE}:listener/app/web/50dc6c495c0c9188/443`,
        kind: 'listener',
        source: 'aws',
        scope: SCOPE,
        resource: listenerArn(web, 443),
        name: 'web:443',
        region: REGION,
        balancer: web.LoadBalancerArn,
        internet_facing: true,
        protocol: 'https',
        port: 443,
        encrypted: true,
        redirects: false,
        min_tls: '1.2',
        policy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        certificates: [certificate],
      },
    ]);
  });

  test.each([
    ['HTTP', 'http', false],
    ['HTTPS', 'https', true],
    ['TCP', 'tcp', false],
    ['TLS', 'tls', true],
    ['UDP', 'udp', false],
    ['TCP_UDP', 'tcp_udp', false],
    ['QUIC', 'quic', false],
    ['TCP_QUIC', 'other', false],
    ['NOVEL', 'other', false],
  ])('of %s speaks %s, TLS itself: %s', async (Protocol, protocol, encrypted) => {
    const { records } = await answering({ Protocol });
    expect(records).toMatchObject([{ protocol, encrypted, min_tls: encrypted ? '1.2' : null }]);
  });

  test('of a balancer within is not one to the internet', async () => {
    const inner = balancerOf(where, 'inner', { Scheme: 'internal', Type: 'network' });
    const { records } = await collected({ balancers: [inner], listeners: [listenerOf(inner, 443, {})] });
    expect(records).toMatchObject([{ internet_facing: false, name: 'inner:443' }]);
  });

  test('of a gateway has neither scheme, port nor protocol', async () => {
    const gateway = balancerOf(where, 'gate', { Scheme: undefined, Type: 'gateway' });
    const listener = listenerOf(gateway, 6081, {
      Port: undefined,
      Protocol: undefined,
      SslPolicy: undefined,
    });
    const { records } = await collected({ balancers: [gateway], listeners: [listener] });
    expect(records).toMatchObject([{ internet_facing: false, protocol: 'other', port: 0, encrypted: false }]);
  });
});

describe('the oldest version', () => {
  test.each([
    ['SSLv3', ['TLSv1.2', 'SSLv3', 'TLSv1']],
    ['1.0', ['TLSv1.2', 'TLSv1', 'TLSv1.1']],
    ['1.1', ['TLSv1.1', 'TLSv1.3']],
    ['1.2', ['TLSv1.3', 'TLSv1.2']],
    ['1.3', ['TLSv1.3']],
    [null, ['TLSv1.2', 'TLSv1.4']],
    [null, ['SSLv2']],
    [null, []],
  ])('is %s among %j', async (min_tls, protocols) => {
    const { records } = await collected({
      policies: { own: protocols },
      listeners: [listenerOf(web, 443, { SslPolicy: 'own' })],
    });
    expect(records).toMatchObject([{ min_tls, policy: 'own' }]);
  });
  test('of a policy that is not listed is not known', async () => {
    expect((await answering({ SslPolicy: 'gone' })).records).toMatchObject([{ min_tls: null }]);
  });
});

describe('a listener of HTTP redirects', () => {
  const http = { Protocol: 'HTTP', DefaultActions: [REDIRECT] };
  const own = listenerArn(web, 80);
  const rule = (...Actions: object[]) => ({
    RuleArn: `${own}/rule`,
    Actions: Actions.map((one) => ({ ...FORWARD, ...one })),
  });

  test.each([
    ['when its default does and it has no other rule', http, {}, true],
    ['when every rule does', http, { [own]: [rule(REDIRECT), rule(REDIRECT)] }, true],
    ['but not when a rule forwards', http, { [own]: [rule(REDIRECT), rule(FORWARD)] }, false],
    ['but not when a rule answers by itself', http, { [own]: [rule({ Type: 'fixed-response' })] }, false],
    ['but not when a rule does more', http, { [own]: [rule(REDIRECT, FORWARD)] }, false],
    [
      'but not when its default forwards',
      { ...http, DefaultActions: [FORWARD] },
      { [own]: [rule(REDIRECT)] },
      false,
    ],
    ['but not when it does nothing', { ...http, DefaultActions: [] }, {}, false],
    [
      'but not when it keeps to the client’s own protocol',
      {
        ...http,
        DefaultActions: [
          { ...REDIRECT, RedirectConfig: { ...REDIRECT.RedirectConfig, Protocol: '#{protocol}' } },
        ],
      },
      {},
      false,
    ],
    [
      'but not when no protocol is named',
      { ...http, DefaultActions: [{ ...REDIRECT, RedirectConfig: { StatusCode: 'HTTP_301' } }] },
      {},
      false,
    ],
    ['and one of HTTPS never', { ...http, Protocol: 'HTTPS' }, {}, false],
  ])('%s', async (_, listener, rules, redirects) => {
    expect((await answering(listener, rules)).records).toMatchObject([{ redirects }]);
  });

  test('and its rules are asked for only then', async () => {
    const { operations } = await collected({
      listeners: [
        listenerOf(web, 80, { Protocol: 'HTTP', DefaultActions: [REDIRECT] }),
        listenerOf(web, 8080, { Protocol: 'HTTP', DefaultActions: [FORWARD] }),
        listenerOf(web, 443, { DefaultActions: [REDIRECT] }),
      ],
    });
    expect(operations.filter((name) => name === 'elasticloadbalancing:DescribeRules')).toHaveLength(1);
  });

  test('but not when it is gone before its rules are read', async () => {
    const gone = refusing('elasticloadbalancing:DescribeRules', 'ListenerNotFound');
    const { records } = await collected(
      { listeners: [listenerOf(web, 80, { Protocol: 'HTTP', DefaultActions: [REDIRECT] })] },
      gone,
    );
    expect(records).toMatchObject([{ redirects: false }]);
  });
});

describe('what is odd', () => {
  const listeners = [listenerOf(web, 80, { Protocol: 'HTTP', DefaultActions: [REDIRECT] })];

  test('a balancer deleted since it was listed has no listeners', async () => {
    const gone = refusing('elasticloadbalancing:DescribeListeners', 'LoadBalancerNotFound');
    expect((await collected({ listeners }, gone)).records).toEqual([]);
  });

  test.each(['DescribeSSLPolicies', 'DescribeLoadBalancers', 'DescribeListeners', 'DescribeRules'])(
    '%s denied, or answered without its list, makes the dataset fail',
    async (name) => {
      const operation = `elasticloadbalancing:${name}`;
      await expect(collected({ listeners }, refusing(operation, 'AccessDenied'))).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(operation),
      });
      await expect(collected({ listeners }, { [operation]: () => ({}) })).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining(operation),
      });
    },
  );

  test.each([
    ['a scheme that is new', { balancers: [balancerOf(where, 'web', { Scheme: undefined })] }],
    ['a balancer without a name', { balancers: [balancerOf(where, 'web', { LoadBalancerName: undefined })] }],
    ['a listener without actions', { listeners: [listenerOf(web, 443, { DefaultActions: undefined })] }],
    ['a listener without an ARN', { listeners: [listenerOf(web, 443, { ListenerArn: undefined })] }],
  ])('%s is refused', async (_, holding) => {
    await expect(collected(holding)).rejects.toMatchObject({ code: 'malformed' });
  });
});

test('one call a page of balancers, one a balancer, one for each listener that redirects', async () => {
  await using stub = await startStub(tlsEstate({ now: NOW, size: 30, pageSize: 400 }));
  await using source = connect(stub.endpoint);
  const { told } = await source.collect('load-balancers', `${MAIN}:us-east-1`);
  const counts = Object.groupBy(told.operations, (name) => name.replace(/^.*:/, ''));
  expect(Object.fromEntries(Object.entries(counts).map(([name, all]) => [name, all?.length]))).toEqual({
    GetCallerIdentity: 1,
    DescribeSSLPolicies: 1,
    DescribeLoadBalancers: 1,
    DescribeListeners: 30 + 1,
    DescribeRules: 30 + 1,
  });
});
