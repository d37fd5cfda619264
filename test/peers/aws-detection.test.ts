import { CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { CreateDetectorCommand, GuardDutyClient } from '@aws-sdk/client-guardduty';
import { EnableCommand, Inspector2Client } from '@aws-sdk/client-inspector2';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fails, pass, verdicts } from '../collectors/aws/logging-harness.ts';
import { collectAws } from '../collectors/aws-harness.ts';
import { corrected, type Correction } from './amended.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

const settings = (peer: Emulator, region = 'us-east-1') => ({
  endpoint: peer.endpoint,
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

const DAY = 86_400;
/** Neither knows the versions: 1.34 is supported, 1.29 no longer. */
const VERSIONS: Readonly<Record<string, Correction>> = {
  'GET /cluster-versions': () => ({
    clusterVersions: [
      { clusterVersion: '1.34', endOfStandardSupportDate: Math.floor(Date.now() / 1000) + 100 * DAY },
      { clusterVersion: '1.29', endOfStandardSupportDate: Math.floor(Date.now() / 1000) - 100 * DAY },
    ],
  }),
};

describe.each([
  ['moto', startMoto],
  ['ministack', startMinistack],
] as const)('%s', (_, start) => {
  test('clusters, and what each lacks', async () => {
    await using peer = await start();
    const eks = new EKSClient(settings(peer));
    const good = {
      version: '1.34',
      roleArn: `arn:aws:iam::${peer.account}:role/eks-role`,
      resourcesVpcConfig: {
        subnetIds: ['subnet-1'],
        endpointPublicAccess: true,
        publicAccessCidrs: ['192.0.2.0/24'],
      },
      logging: { clusterLogging: [{ types: ['audit' as const], enabled: true }] },
      encryptionConfig: [
        { resources: ['secrets'], provider: { keyArn: `arn:aws:kms:us-east-1:${peer.account}:key/k` } },
      ],
    };
    const { encryptionConfig: _, ...plain } = good;
    await eks.send(new CreateClusterCommand({ ...good, name: 'good' }));
    await eks.send(new CreateClusterCommand({ ...good, name: 'old', version: '1.29' }));
    await eks.send(new CreateClusterCommand({ ...plain, name: 'plain' }));
    await eks.send(
      new CreateClusterCommand({
        ...good,
        name: 'open',
        resourcesVpcConfig: { ...good.resourcesVpcConfig, publicAccessCidrs: ['0.0.0.0/0'] },
      }),
    );
    await eks.send(
      new CreateClusterCommand({
        ...good,
        name: 'silent',
        logging: { clusterLogging: [{ types: ['audit'], enabled: false }] },
      }),
    );
    await using server = await corrected(peer, VERSIONS);
    const scope = `${peer.account}:us-east-1`;
    const { records } = await collectAws(server.endpoint, peer.account, 'eks-clusters', { scope });
    const ids = new Map(
      records.map(({ id }) => [id.replace(/^.*:([a-z]+)\/\d+$/, '$1'), id.slice('aws:'.length)]),
    );
    expect([...ids.keys()].sort()).toEqual(['good', 'old', 'open', 'plain', 'silent']);
    const found = await verdicts(
      server.endpoint,
      ['cluster-secrets-encrypted', 'cluster-audit-log', 'cluster-endpoint', 'cluster-supported'],
      { datasets: ['eks-clusters'], accounts: [peer.account], roles: false },
    );
    expect(found).toEqual({
      'cluster-secrets-encrypted': fails(ids.get('plain') ?? ''),
      'cluster-audit-log': fails(ids.get('silent') ?? ''),
      'cluster-endpoint': fails(ids.get('open') ?? ''),
      'cluster-supported': fails(ids.get('old') ?? ''),
    });
  });
});

test("moto's detectors, on, off and missing", async () => {
  await using peer = await startMoto();
  const make = async (region: string, Enable: boolean): Promise<string> => {
    const guardduty = new GuardDutyClient(settings(peer, region));
    const Features = [{ Name: 'S3_DATA_EVENTS' as const, Status: 'ENABLED' as const }];
    const { DetectorId = '' } = await guardduty.send(new CreateDetectorCommand({ Enable, Features }));
    return DetectorId;
  };
  const on = await make('us-east-1', true);
  const off = await make('eu-west-1', false);
  // moto has no findings, and doesn't know the question either.
  const none = () => ({ findingIds: [] });
  await using server = await corrected(peer, {
    [`POST /detector/${on}/findings`]: none,
    [`POST /detector/${off}/findings`]: none,
  });
  const collected = async (region: string) =>
    (await collectAws(server.endpoint, peer.account, 'guardduty', { scope: `${peer.account}:${region}` }))
      .records;
  expect(await collected('us-east-1')).toMatchObject([
    {
      kind: 'detector',
      resource: `arn:aws:guardduty:us-east-1:${peer.account}:detector/${on}`,
      enabled: true,
      features: [{ name: 'S3_DATA_EVENTS', enabled: true }],
    },
  ]);
  expect(await collected('eu-west-1')).toMatchObject([{ enabled: false, complete: false }]);
  expect(await collected('eu-west-3')).toMatchObject([{ enabled: false, resource: '', features: [] }]);
  const found = await verdicts(server.endpoint, ['threat-alerts-handled', 'threat-alerts-triaged'], {
    datasets: ['guardduty'],
    accounts: [peer.account],
    regions: ['us-east-1', 'eu-west-1', 'eu-west-3'],
    roles: false,
  });
  expect(found).toMatchObject({
    // It raises no alerts, so that a detector that is on shows nothing yet.
    'threat-alerts-handled': {
      ...fails(`${peer.account}:eu-west-1:guardduty`, `${peer.account}:eu-west-3:guardduty`),
      unknown: [`${peer.account}:us-east-1:guardduty`],
    },
    'threat-alerts-triaged': { outcome: 'unknown' },
  });
});

const inspectorState = z.looseObject({
  accounts: z.array(
    z.looseObject({
      state: z.looseObject({}),
      resourceState: z.looseObject({ ec2: z.looseObject({ status: z.string() }) }),
    }),
  ),
});

/** ministack says of a scanner that is on for machines that it is off as a whole. */
const WHOLE: Readonly<Record<string, Correction>> = {
  'POST /status/batch/get': (answer) => {
    const { accounts } = inspectorState.parse(answer);
    return {
      accounts: accounts.map((account) => ({
        ...account,
        state: { ...account.state, status: account.resourceState.ec2.status },
      })),
    };
  },
};

test("ministack's scanner, off and on", async () => {
  await using peer = await startMinistack();
  await using server = await corrected(peer, WHOLE);
  const judged = () =>
    verdicts(server.endpoint, ['scanner-on', 'vulnerabilities-closed-in-time', 'resources-scanned'], {
      datasets: ['inspector'],
      accounts: [peer.account],
      roles: false,
    });
  const id = `${peer.account}:us-east-1:inspector`;
  expect(await judged()).toMatchObject({
    'scanner-on': fails(id),
    'resources-scanned': { outcome: 'unknown' },
  });
  const inspector = new Inspector2Client(settings(peer));
  await inspector.send(new EnableCommand({ resourceTypes: ['EC2'] }));
  expect(await judged()).toMatchObject({ 'scanner-on': fails(id) });
  await inspector.send(new EnableCommand({ resourceTypes: ['ECR', 'LAMBDA'] }));
  const scope = `${peer.account}:us-east-1`;
  const { records } = await collectAws(server.endpoint, peer.account, 'inspector', { scope });
  // It makes up weaknesses of an image; they are as old as the call.
  expect(records.filter(({ kind }) => kind === 'vulnerability').length).toBeGreaterThan(0);
  expect(await judged()).toMatchObject({ 'scanner-on': pass, 'vulnerabilities-closed-in-time': pass });
});
