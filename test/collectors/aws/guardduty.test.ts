import { describe, expect, test } from 'vitest';
import { type AlertChange, alertOf, detectionEstate, detectorOf } from './estate/detection.ts';
import { ago, collected, DAY, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Asked, type Handlers, startStub } from './stub.ts';

const SCOPE = `${MAIN}:${REGION}`;
const healthy = detectionEstate({ now: NOW });
const seen = (days: number) => new Date(NOW - days * DAY * 1000).toISOString();

const NONE: Handlers = { 'guardduty:ListDetectors': () => ({ DetectorIds: [] }) };
const detector = (more: object): Handlers => ({
  'guardduty:GetDetector': async (input, asked) => ({
    ...(await healthy['guardduty:GetDetector']!(input, asked)),
    ...more,
  }),
});

/** Findings by id, with what makes each different from one that was put away. */
const withAlerts = (planted: Readonly<Record<string, AlertChange>>): Handlers => ({
  ...healthy,
  'guardduty:ListFindings': () => ({ FindingIds: Object.keys(planted) }),
  'guardduty:GetFindings': (
    { FindingIds }: { FindingIds: readonly string[] },
    { account, region }: Asked,
  ) => ({ Findings: FindingIds.map((id) => alertOf(account, region, id, NOW, planted[id])) }),
});
const open = { Archived: false };
const since = (days: number) => ({ Archived: false, EventFirstSeen: seen(days) });

describe('guardduty', () => {
  test('tells the detector and each finding, without titles or anything else that people write', async () => {
    const { records } = await collected(withAlerts({ f1: {} }), 'guardduty', SCOPE);
    expect([...records.keys()]).toEqual(['guardduty', 'guardduty/f1']);
    expect(records.get('guardduty')).toMatchObject({
      type: 'threat',
      resource: `arn:aws:guardduty:${REGION}:${MAIN}:detector/${detectorOf(MAIN, REGION)}`,
      enabled: true,
      complete: true,
      features: expect.arrayContaining([{ name: 'S3_DATA_EVENTS', enabled: true }]),
    });
    expect(records.get('guardduty/f1')).toEqual({
      id: `aws:${SCOPE}:guardduty/f1`,
      kind: 'alert',
      source: 'aws',
      scope: SCOPE,
      type: 'threat',
      name: 'UnauthorizedAccess:EC2/SSHBruteForce',
      region: REGION,
      resource: `arn:aws:ec2:${REGION}:${MAIN}:instance/i-0123456789abcdef0`,
      resource_type: 'Instance',
      severity: 'high',
      status: 'suppressed',
      first_seen_at: ago(2 * DAY),
      last_seen_at: ago(2 * DAY),
      public: null,
      principal: '',
    });
  });

  test('a region without a detector is a record, too, and asked nothing more', async () => {
    const { records, calls } = await collected({ ...healthy, ...NONE }, 'guardduty', SCOPE);
    expect([...records.values()]).toMatchObject([
      { kind: 'detector', enabled: false, complete: false, resource: '' },
    ]);
    expect(calls).toEqual([`guardduty:ListDetectors ${REGION}`]);
  });

  test("findings come in fifties, the account's own alone", async () => {
    const asked: object[] = [];
    const estate = detectionEstate({ now: NOW, size: 120, pageSize: 500 });
    const { records } = await collected(
      {
        ...estate,
        'guardduty:ListFindings': (input, request) => {
          asked.push(input);
          return estate['guardduty:ListFindings']!(input, request);
        },
      },
      'guardduty',
      SCOPE,
    );
    expect(records.size).toBe(121);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      MaxResults: 50,
      FindingCriteria: { Criterion: { accountId: { Equals: [MAIN] } } },
    });
  });

  test.each([
    ['switched off', { Status: 'DISABLED' }, { enabled: false, complete: false }],
    [
      'partly on',
      {
        Features: [
          { Name: 'CLOUD_TRAIL', Status: 'ENABLED' },
          { Name: 'S3_DATA_EVENTS', Status: 'DISABLED' },
        ],
      },
      { enabled: true, complete: false },
    ],
    [
      'on by the wider of two features',
      {
        Features: [
          { Name: 'RUNTIME_MONITORING', Status: 'ENABLED' },
          { Name: 'EKS_RUNTIME_MONITORING', Status: 'DISABLED' },
        ],
      },
      { complete: true },
    ],
    [
      'on by the narrower of two features',
      {
        Features: [
          { Name: 'RUNTIME_MONITORING', Status: 'DISABLED' },
          { Name: 'EKS_RUNTIME_MONITORING', Status: 'ENABLED' },
        ],
      },
      { complete: false },
    ],
    ['silent about its features', { Features: undefined }, { complete: null, features: [] }],
    ['without any feature', { Features: [] }, { complete: null, features: [] }],
  ])('a detector that is %s', async (_, more, expected) => {
    const { records } = await collected({ ...healthy, ...detector(more) }, 'guardduty', SCOPE);
    expect(records.get('guardduty')).toMatchObject(expected);
  });

  test.each([
    [10, 'critical'],
    [9, 'critical'],
    [8.9, 'high'],
    [7, 'high'],
    [6.9, 'medium'],
    [4, 'medium'],
    [3.9, 'low'],
    [0, 'low'],
  ])('severity %d is %s', async (Severity, severity) => {
    const { records } = await collected(withAlerts({ f: { Severity } }), 'guardduty', SCOPE);
    expect(records.get('guardduty/f')).toMatchObject({ severity });
  });

  test.each([
    ['a bucket', { S3BucketDetails: [{ Arn: 'arn:aws:s3:::data' }] }, 'arn:aws:s3:::data'],
    [
      'a function',
      { LambdaDetails: { FunctionArn: 'arn:aws:lambda:x:1:function:f' } },
      'arn:aws:lambda:x:1:function:f',
    ],
    [
      'a database',
      { RdsDbInstanceDetails: { DbInstanceArn: 'arn:aws:rds:x:1:db:d' } },
      'arn:aws:rds:x:1:db:d',
    ],
    ['a cluster', { EksClusterDetails: { Arn: 'arn:aws:eks:x:1:cluster/c' } }, 'arn:aws:eks:x:1:cluster/c'],
    [
      'a key',
      {
        AccessKeyDetails: { AccessKeyId: 'AKIAX', UserName: 'alice', PrincipalId: 'AROA:alice@acme.example' },
      },
      'AKIAX',
    ],
    ['nothing that has a name', {}, ''],
  ])('a finding about %s', async (_, Resource, resource) => {
    const { records } = await collected(withAlerts({ f: { Resource } }), 'guardduty', SCOPE);
    expect(records.get('guardduty/f')).toMatchObject({ resource });
    expect(JSON.stringify([...records.values()])).not.toContain('alice');
  });

  test('one that is open, seen long ago and again today', async () => {
    const Service = { ...since(40), EventLastSeen: seen(0) };
    const { records } = await collected(withAlerts({ f: { Service } }), 'guardduty', SCOPE);
    expect(records.get('guardduty/f')).toMatchObject({
      status: 'open',
      first_seen_at: ago(40 * DAY),
      last_seen_at: ago(0),
    });
  });

  test.each<[string, Handlers, string]>([
    ['two detectors', { 'guardduty:ListDetectors': () => ({ DetectorIds: ['a', 'b'] }) }, 'malformed'],
    ['a status nobody knows', detector({ Status: 'PAUSED' }), 'malformed'],
    ['a finding that is missing', { 'guardduty:GetFindings': () => ({ Findings: [] }) }, 'incomplete'],
    [
      'a finding that nobody asked for',
      { 'guardduty:GetFindings': () => ({ Findings: [alertOf(MAIN, REGION, 'x', NOW)] }) },
      'malformed',
    ],
    ["another account's finding", withAlerts({ f: { AccountId: '222222222222' } }), 'malformed'],
    ['a finding of severity 11', withAlerts({ f: { Severity: 11 } }), 'malformed'],
    [
      'a finding that is neither open nor put away',
      withAlerts({ f: { Service: { Archived: undefined } } }),
      'malformed',
    ],
    ['a finding of no time', withAlerts({ f: { CreatedAt: 'yesterday' } }), 'malformed'],
  ])('%s is refused', async (_, more, code) => {
    await expect(collected({ ...healthy, ...more }, 'guardduty', SCOPE)).rejects.toMatchObject({ code });
  });
});

const CHECKS = ['threat-alerts-handled', 'threat-alerts-triaged'];
async function judged(handlers: Handlers, regions: readonly string[] = [REGION]) {
  await using stub = await startStub(handlers);
  return await verdicts(stub.endpoint, CHECKS, { datasets: ['guardduty'], regions });
}

describe('what the checks find', () => {
  test('alerts that were decided on, or are young', async () => {
    const found = await judged(
      withAlerts({
        done: { Service: { EventFirstSeen: seen(80) }, Severity: 9 },
        high: { Service: since(2), Severity: 8 },
        medium: { Service: since(13), Severity: 5 },
        low: { Service: since(59), Severity: 2 },
      }),
    );
    expect(found).toEqual({ 'threat-alerts-handled': pass, 'threat-alerts-triaged': pass });
  });

  test.each([
    ['critical', 9, 1.1],
    ['high', 7, 3.1],
    ['medium', 4, 14.1],
  ])('one of %s severity that waits for too long', async (_, Severity, days) => {
    const found = await judged(withAlerts({ done: {}, late: { Severity, Service: since(days) } }));
    expect(found).toEqual({
      'threat-alerts-handled': fails(`${SCOPE}:guardduty`),
      'threat-alerts-triaged': fails(`${SCOPE}:guardduty/late`),
    });
  });

  test('one of low severity that waits for too long is nothing to be triaged, but to be handled', async () => {
    const found = await judged(withAlerts({ done: {}, late: { Severity: 1, Service: since(61) } }));
    expect(found).toEqual({
      'threat-alerts-handled': fails(`${SCOPE}:guardduty`),
      'threat-alerts-triaged': pass,
    });
  });

  test('where nothing watches, silence is no good state', async () => {
    const elsewhere = (handlers: Handlers, more: Handlers): Handlers => ({
      ...handlers,
      ...Object.fromEntries(
        Object.entries(more).map(([operation, handler]) => [
          operation,
          (input: object, asked: Asked) =>
            (asked.region === REGION ? handlers[operation]! : handler!)(input, asked),
        ]),
      ),
    });
    const quiet = withAlerts({ done: {} });
    for (const off of [NONE, detector({ Status: 'DISABLED' })])
      expect(await judged(elsewhere(quiet, off), [REGION, 'eu-west-1'])).toMatchObject({
        'threat-alerts-handled': fails(`${MAIN}:eu-west-1:guardduty`),
      });
    expect(await judged({ ...healthy, ...NONE })).toMatchObject({
      'threat-alerts-handled': fails(`${SCOPE}:guardduty`),
      'threat-alerts-triaged': { outcome: 'unknown' },
    });
  });

  test('alerts that cannot be read are unknown', async () => {
    const { 'guardduty:GetFindings': _, ...denied } = withAlerts({ f: { Service: open } });
    const found = await judged(denied);
    expect(Object.values(found).map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
  });
});
