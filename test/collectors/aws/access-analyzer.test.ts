import { describe, expect, test } from 'vitest';
import { typed } from '../../../src/inventory/typed.ts';
import { collectAws } from '../aws-harness.ts';
import { accessAnalyzerEstate, type AccessAnalyzerEstateOptions } from './estate/access-analyzer.ts';
import { startStub } from './stub.ts';

const ACCOUNT = '123456789012';
const SCOPE = `${ACCOUNT}:eu-west-1`;
const DAY = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;

async function collect(options: Omit<AccessAnalyzerEstateOptions, 'now'>) {
  const handlers = accessAnalyzerEstate({ now, size: 3, pageSize: 2, ...options });
  await using stub = await startStub(handlers, { clock: () => now });
  const outcome = await collectAws(stub.endpoint, ACCOUNT, 'access-analyzer', {
    now: () => now / 1000,
    scope: SCOPE,
    settings: { regions: ['eu-west-1'] },
  });
  const of = (kind: string) => outcome.records.filter((record) => record.kind === kind);
  return { ...outcome, detectors: of('detector'), alerts: of('alert'), calls: stub.calls };
}

describe('a region', () => {
  test('with an analyzer tells of it and of what it found', async () => {
    const { detectors, alerts, calls } = await collect({
      findings: [
        { status: 'ACTIVE', isPublic: true, principal: { AWS: '*' }, createdAt: new Date(now - 3 * DAY) },
        {
          status: 'ARCHIVED',
          resource: 'arn:aws:iam::123456789012:role/x',
          resourceType: 'AWS::IAM::Role',
          principal: { Federated: 'host', AWS: '9' },
        },
        { isPublic: undefined, principal: undefined, resource: undefined },
      ],
    });
    expect(detectors).toEqual([
      {
        id: `aws:${SCOPE}:access-analyzer/outside`,
        kind: 'detector',
        source: 'aws',
        scope: SCOPE,
        type: 'access',
        name: 'Access Analyzer',
        region: 'eu-west-1',
        resource: `arn:aws:access-analyzer:eu-west-1:${ACCOUNT}:analyzer/outside`,
        enabled: true,
        complete: null,
        last_delivered_at: null,
        delivery_failed: null,
        features: [{ name: 'organisation', enabled: false }],
      },
    ]);
    expect(alerts[0]).toEqual({
      id: `aws:${SCOPE}:access-analyzer/finding-0000`,
      kind: 'alert',
      source: 'aws',
      scope: SCOPE,
      type: 'access',
      name: 'ExternalAccess',
      region: 'eu-west-1',
      resource: 'arn:aws:s3:::acme-0',
      resource_type: 'AWS::S3::Bucket',
      severity: 'none',
      status: 'open',
      first_seen_at: (now - 3 * DAY) / 1000,
      last_seen_at: (now - DAY / 4) / 1000,
      public: true,
      principal: 'AWS: *',
    });
    expect(alerts.slice(1)).toMatchObject([
      {
        status: 'suppressed',
        resource: 'arn:aws:iam::123456789012:role/x',
        resource_type: 'AWS::IAM::Role',
        public: false,
        principal: 'AWS: 9, Federated: host',
      },
      { status: 'resolved', public: null, principal: '', resource: '' },
    ]);
    expect(new Set(calls.map(({ region }) => region))).toEqual(new Set(['us-east-1', 'eu-west-1']));
  });

  test.each([
    ['no analyzer', []],
    ['only one of unused rights', [{ name: 'u', type: 'ORGANIZATION_UNUSED_ACCESS' as const }]],
    ['only one of access from inside', [{ name: 'i', type: 'ACCOUNT_INTERNAL_ACCESS' as const }]],
  ])('with %s is told as such', async (_, analyzers) => {
    const { records } = await collect({ analyzers });
    expect(records).toMatchObject([
      {
        id: `aws:${SCOPE}:access-analyzer/`,
        kind: 'detector',
        enabled: false,
        resource: '',
        region: 'eu-west-1',
      },
    ]);
  });

  test('with two tells both; what does not work finds nothing, and one of the organisation is told so', async () => {
    const { detectors, alerts } = await collect({
      analyzers: [
        { name: 'a', status: 'FAILED' },
        { name: 'b', status: 'DISABLED' },
        { name: 'c', status: 'CREATING' },
        { name: 'd', type: 'ORGANIZATION' },
      ],
    });
    expect(
      detectors.map((detector) => Object.entries(detector).find(([name]) => name === 'enabled')?.[1]),
    ).toEqual([false, false, false, true]);
    expect(detectors.at(-1)).toMatchObject({ features: [{ name: 'organisation', enabled: true }] });
    expect(alerts).toHaveLength(3);
  });
});

describe('rejects', () => {
  test.each<[string, string, Omit<AccessAnalyzerEstateOptions, 'now'>]>([
    ['malformed', 'status', { findings: [{ status: typed<'ACTIVE'>('PENDING') }] }],
    ['malformed', 'type', { analyzers: [{ type: typed<'ACCOUNT'>('GALAXY') }] }],
    ['malformed', 'status', { analyzers: [{ status: typed<'ACTIVE'>('ASLEEP') }] }],
    ['incomplete', 'came twice', { findings: [{ id: 'x' }, { id: 'x' }] }],
    ['incomplete', 'came twice', { analyzers: [{}, {}] }],
  ])('%s: %s', async (code, words, options) => {
    await expect(collect(options)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

test('calls: one a page of analyzers and one a hundred findings of each of outside access', async () => {
  const { told } = await collect({ size: 250, pageSize: 100 });
  const count = (name: string) => told.calls.filter(({ operation }) => operation.endsWith(name)).length;
  expect([count('ListAnalyzers'), count('ListFindings')]).toEqual([2, 3]);
});
