import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm';
import { CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  type Action,
  CreateListenerCommand,
  type CreateListenerCommandInput,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { collectAws } from '../collectors/aws-harness.ts';
import { verdictsOf } from '../collectors/aws/database-verdicts.ts';
import { type Emulator, startMoto } from './emulators.ts';

const REGION = 'eu-west-1';
const EMPTY = 'us-west-2';

const settingsOf = ({ endpoint }: Emulator) => ({
  endpoint,
  region: REGION,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

/** A certificate that signs itself. */
async function made(name: string, key: readonly string[], days: number) {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-peer-'));
  const [keyFile, file] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  try {
    const what = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-days', String(days)];
    const where = ['-newkey', ...key, '-keyout', keyFile, '-out', file];
    await promisify(execFile)('openssl', ['req', '-x509', '-nodes', ...what, ...where]);
    return { Certificate: await readFile(file), PrivateKey: await readFile(keyFile) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const CERTIFICATES = {
  'good.example.org': [['rsa:2048'], 300],
  'curve.example.org': [['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 300],
  'weak.example.org': [['rsa:1024'], 300],
  'ending.example.org': [['rsa:2048'], 10],
} as const;

/** ARNs by name. */
async function importAll(peer: Emulator): Promise<Readonly<Record<keyof typeof CERTIFICATES, string>>> {
  const acm = new ACMClient(settingsOf(peer));
  const importOne = async (name: keyof typeof CERTIFICATES): Promise<string> => {
    const [key, days] = CERTIFICATES[name];
    const { CertificateArn = '' } = await acm.send(
      new ImportCertificateCommand({
        ...(await made(name, key, days)),
        Tags: [{ Key: 'tier', Value: '1' }],
      }),
    );
    return CertificateArn;
  };
  return {
    'good.example.org': await importOne('good.example.org'),
    'curve.example.org': await importOne('curve.example.org'),
    'weak.example.org': await importOne('weak.example.org'),
    'ending.example.org': await importOne('ending.example.org'),
  };
}

/** moto marks certificates as used for classic balancers alone, whose client is not installed. */
async function use(peer: Emulator, certificate: string): Promise<void> {
  const listener = 'Listeners.member.1.';
  const answer = await fetch(peer.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=x`,
    },
    body: new URLSearchParams({
      Action: 'CreateLoadBalancer',
      Version: '2012-06-01',
      LoadBalancerName: `classic-${certificate.slice(-8)}`,
      'AvailabilityZones.member.1': `${REGION}a`,
      [`${listener}Protocol`]: 'HTTPS',
      [`${listener}LoadBalancerPort`]: '443',
      [`${listener}InstancePort`]: '80',
      [`${listener}SSLCertificateId`]: certificate,
    }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

const redirect = (Protocol: string): Action => ({
  Type: 'redirect',
  RedirectConfig: { Protocol, Port: '443', StatusCode: 'HTTP_301' },
});

interface Balancers {
  /** Creates a listener: its ARN. */
  readonly listen: (name: string, port: number, own: Partial<CreateListenerCommandInput>) => Promise<string>;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly forward: Action;
}

async function balancersOf(peer: Emulator): Promise<Balancers> {
  const ec2 = new EC2Client(settingsOf(peer));
  const elb = new ElasticLoadBalancingV2Client(settingsOf(peer));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
  const subnets = await Promise.all(
    ['a', 'b'].map(async (zone, index) => {
      const { Subnet } = await ec2.send(
        new CreateSubnetCommand({
          VpcId: Vpc?.VpcId,
          CidrBlock: `10.0.${index}.0/24`,
          AvailabilityZone: `${REGION}${zone}`,
        }),
      );
      return Subnet?.SubnetId ?? '';
    }),
  );
  const arns = new Map<string, string>();
  for (const [Name, Scheme, Type] of [
    ['web', 'internet-facing', 'application'],
    ['inner', 'internal', 'application'],
    ['wire', 'internet-facing', 'network'],
  ] as const) {
    const { LoadBalancers } = await elb.send(
      new CreateLoadBalancerCommand({ Name, Scheme, Type, Subnets: subnets }),
    );
    arns.set(Name, LoadBalancers?.[0]?.LoadBalancerArn ?? '');
  }
  const { TargetGroups } = await elb.send(
    new CreateTargetGroupCommand({ Name: 'servers', Protocol: 'HTTP', Port: 8080, VpcId: Vpc?.VpcId }),
  );
  const forward: Action = { Type: 'forward', TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn };
  return {
    elb,
    forward,
    listen: async (name, Port, own) => {
      const { Listeners } = await elb.send(
        new CreateListenerCommand({
          LoadBalancerArn: arns.get(name),
          Port,
          Protocol: 'HTTP',
          DefaultActions: [forward],
          ...own,
        }),
      );
      return Listeners?.[0]?.ListenerArn ?? '';
    },
  };
}

test('moto: certificates are told as they were imported, and judged so', async () => {
  await using peer = await startMoto();
  const { endpoint, account } = peer;
  const arns = await importAll(peer);
  await use(peer, arns['good.example.org']);
  await use(peer, arns['ending.example.org']);
  const { records } = await collectAws(endpoint, account, 'acm-certificates', {
    scope: `${account}:${REGION}`,
  });
  const told = new Map(records.map((record) => [String(Reflect.get(record, 'name')), record]));
  expect([...told.keys()].sort()).toEqual(Object.keys(CERTIFICATES).sort());
  expect(told.get('good.example.org')).toMatchObject({
    resource: arns['good.example.org'],
    type: 'imported',
    status: 'valid',
    in_use: true,
    renewal: 'manual',
    renewal_stuck: false,
    key_algorithm: 'RSA_2048',
    tags: [{ key: 'tier', value: '1' }],
  });
  expect(told.get('curve.example.org')).toMatchObject({ in_use: false, key_algorithm: 'EC_prime256v1' });
  expect(told.get('weak.example.org')).toMatchObject({ key_algorithm: 'RSA_1024' });
  const none = await collectAws(endpoint, account, 'acm-certificates', { scope: `${account}:${EMPTY}` });
  expect(none.records).toEqual([]);

  const idOf = (name: keyof typeof CERTIFICATES) => arns[name].split(':').slice(5).join(':');
  const found = await verdictsOf({
    endpoint,
    account,
    regions: [REGION, EMPTY],
    only: ['acm-certificates'],
    checks: [
      'certificate-expiring',
      'certificate-in-use-valid',
      'certificate-renewal',
      'certificate-key-strength',
    ],
  });
  expect(found).toEqual({
    'certificate-expiring': { outcome: 'fail', failing: [idOf('ending.example.org')], unknown: [] },
    'certificate-in-use-valid': { outcome: 'pass', failing: [], unknown: [] },
    // moto renews nothing by itself.
    'certificate-renewal': { outcome: 'not_applicable', failing: [], unknown: [] },
    'certificate-key-strength': { outcome: 'fail', failing: [idOf('weak.example.org')], unknown: [] },
  });
});

test('moto: listeners are told as they were made, and judged so', async () => {
  await using peer = await startMoto();
  const { endpoint, account } = peer;
  const { 'good.example.org': certificate } = await importAll(peer);
  const { elb, forward, listen } = await balancersOf(peer);
  const tls = (SslPolicy: string) => ({
    Protocol: 'HTTPS' as const,
    SslPolicy,
    Certificates: [{ CertificateArn: certificate }],
  });
  const arns = {
    redirects: await listen('web', 80, { DefaultActions: [redirect('HTTPS')] }),
    forwards: await listen('web', 8080, {}),
    sometimes: await listen('web', 8081, { DefaultActions: [redirect('HTTPS')] }),
    modern: await listen('web', 443, tls('ELBSecurityPolicy-TLS13-1-2-2021-06')),
    old: await listen('web', 8443, tls('ELBSecurityPolicy-2016-08')),
    within: await listen('inner', 80, {}),
    strict: await listen('inner', 443, tls('ELBSecurityPolicy-TLS13-1-3-2021-06')),
    wire: await listen('wire', 5432, { Protocol: 'TCP' }),
  };
  await elb.send(
    new CreateRuleCommand({
      ListenerArn: arns.sometimes,
      Priority: 1,
      Conditions: [{ Field: 'path-pattern', Values: ['/plain'] }],
      Actions: [forward],
    }),
  );
  const { records } = await collectAws(endpoint, account, 'load-balancers', {
    scope: `${account}:${REGION}`,
  });
  const told = new Map(records.map((record) => [String(Reflect.get(record, 'resource')), record]));
  expect(told.size).toBe(Object.keys(arns).length);
  expect(told.get(arns.redirects)).toMatchObject({
    name: 'web:80',
    internet_facing: true,
    protocol: 'http',
    encrypted: false,
    redirects: true,
    min_tls: null,
  });
  expect(told.get(arns.forwards)).toMatchObject({ redirects: false });
  expect(told.get(arns.sometimes)).toMatchObject({ redirects: false });
  expect(told.get(arns.modern)).toMatchObject({
    protocol: 'https',
    encrypted: true,
    min_tls: '1.2',
    policy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
    certificates: [certificate],
  });
  expect(told.get(arns.old)).toMatchObject({ min_tls: '1.0' });
  expect(told.get(arns.strict)).toMatchObject({ internet_facing: false, min_tls: '1.3' });
  expect(told.get(arns.wire)).toMatchObject({ name: 'wire:5432', protocol: 'tcp', encrypted: false });

  const idOf = (arn: string) => arn.split(':').slice(5).join(':');
  const found = await verdictsOf({
    endpoint,
    account,
    regions: [REGION, EMPTY],
    only: ['load-balancers'],
    checks: ['listener-plain-http', 'listener-tls-version'],
  });
  expect(found).toEqual({
    'listener-plain-http': {
      outcome: 'fail',
      failing: [arns.forwards, arns.sometimes].map(idOf).sort(),
      unknown: [],
    },
    'listener-tls-version': { outcome: 'fail', failing: [idOf(arns.old)], unknown: [] },
  });
});
