import { describe, expect, test } from 'vitest';
import { takenBy } from '../../../src/collectors/aws/logging/selectors.ts';
import { iamEstate } from './estate/iam.ts';
import { loggingEstate, shows, type StubTrail, trailOf } from './estate/logging.ts';
import { ago, collected, DAY, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Asked, type Handlers, refuse, startStub } from './stub.ts';

const healthy = loggingEstate({ now: NOW });

/** An account with these trails, of which each region shows what it would; only the owner may ask more. */
function withTrails(trails: readonly StubTrail[], more: Handlers = {}): Handlers {
  const own = (account: string) => trails.filter(({ TrailARN }) => TrailARN.split(':')[4] === account);
  const owned =
    (handler: (name: string) => Promise<object>) =>
    ({ Name, TrailName = Name }: { Name: string; TrailName?: string }, { account, region }: Asked) => {
      const trail = own(account).find(({ TrailARN }) => TrailARN === TrailName);
      if (trail?.HomeRegion !== region) throw refuse('TrailNotFoundException');
      return handler(TrailName.replace(/^.*\//, ''));
    };
  const status = healthy['cloudtrail:GetTrailStatus']!;
  const selectors = healthy['cloudtrail:GetEventSelectors']!;
  const asked = { account: MAIN, region: REGION, missing: false };
  return {
    ...healthy,
    'cloudtrail:ListTrails': (_: object, { account }: Asked) => ({
      Trails: own(account).map(({ TrailARN, HomeRegion }) => ({ TrailARN, HomeRegion })),
    }),
    'cloudtrail:DescribeTrails': (_: object, { region }: Asked) => ({
      trailList: trails.filter((trail) => shows(region, trail)),
    }),
    'cloudtrail:GetTrailStatus': owned(async (name) => ({
      ...(await status({}, asked)),
      ...(await more[`status ${name}`]?.({}, asked)),
    })),
    'cloudtrail:GetEventSelectors': owned(async (name) => ({
      ...(await (more[`selectors ${name}`] ?? selectors)({ TrailName: name }, asked)),
    })),
  };
}

const MEMBER = '222222222222';
const trail = (name: string, home?: string, more?: object) => trailOf(MAIN, name, home, more);
const native = (name: string, home = 'us-east-1') => `${MAIN}/${home}/${name}`;

describe('cloudtrail', () => {
  test('tells what a trail takes, whether it works now, and when it last delivered', async () => {
    const { records } = await collected(withTrails([trail('all')]), 'cloudtrail');
    expect(Object.fromEntries(records)).toEqual({
      [native('all')]: {
        id: `aws:${MAIN}:${native('all')}`,
        kind: 'audit_trail',
        source: 'aws',
        scope: MAIN,
        resource: `arn:aws:cloudtrail:us-east-1:${MAIN}:trail/all`,
        name: 'all',
        region: 'us-east-1',
        account: MAIN,
        organisation_wide: false,
        multi_region: true,
        readable: true,
        logging: true,
        validated: true,
        management_reads: true,
        management_writes: true,
        data_events: false,
        bucket: `all-${MAIN}`,
        encryption_key: `arn:aws:kms:us-east-1:${MAIN}:key/11111111-2222-3333-4444-555555555555`,
        searchable: true,
        last_delivered_at: ago(3600),
        delivery_failed: false,
      },
    });
  });

  test('finds trails of one region elsewhere, and asks each where it lives', async () => {
    const far = trail('far', 'eu-west-1', { IsMultiRegionTrail: false });
    const { records, calls } = await collected(withTrails([trail('all', 'eu-central-1'), far]), 'cloudtrail');
    expect([...records.keys()]).toEqual([native('all', 'eu-central-1'), native('far', 'eu-west-1')]);
    expect(records.get(native('far', 'eu-west-1'))).toMatchObject({ multi_region: false, readable: true });
    expect([...calls].sort()).toEqual([
      'cloudtrail:DescribeTrails eu-west-1',
      'cloudtrail:DescribeTrails us-east-1',
      'cloudtrail:GetEventSelectors eu-central-1',
      'cloudtrail:GetEventSelectors eu-west-1',
      'cloudtrail:GetTrailStatus eu-central-1',
      'cloudtrail:GetTrailStatus eu-west-1',
      'cloudtrail:ListTrails us-east-1',
    ]);
  });

  test("a member asks nothing of its organisation's trail, which only its owner may ask about", async () => {
    const whole = trail('org', 'us-east-1', { IsOrganizationTrail: true });
    const { records, calls } = await collected(withTrails([whole]), 'cloudtrail', MEMBER);
    expect(records.get(native('org'))).toMatchObject({
      scope: MEMBER,
      account: MAIN,
      organisation_wide: true,
      multi_region: true,
      readable: false,
      logging: false,
      management_reads: false,
      management_writes: false,
      last_delivered_at: null,
    });
    expect([...calls].sort()).toEqual([
      'cloudtrail:DescribeTrails us-east-1',
      'cloudtrail:ListTrails us-east-1',
    ]);
  });

  test.each<[string, Handlers, object]>([
    ['stopped', { 'status t': () => ({ IsLogging: false }) }, { logging: false }],
    [
      'never delivered',
      { 'status t': () => ({ LatestDeliveryTime: undefined }) },
      { last_delivered_at: null },
    ],
    [
      'denied by its bucket',
      { 'status t': () => ({ LatestDeliveryError: 'AccessDenied' }) },
      { delivery_failed: true, validated: true },
    ],
    [
      'without digests that arrive',
      { 'status t': () => ({ LatestDigestDeliveryError: 'AccessDenied' }) },
      { validated: false, delivery_failed: false },
    ],
    [
      'not arriving in the log group',
      { 'status t': () => ({ LatestCloudWatchLogsDeliveryError: 'AccessDenied' }) },
      { searchable: false },
    ],
  ])('a trail that is %s', async (_, more, expected) => {
    const { records } = await collected(withTrails([trail('t')], more), 'cloudtrail');
    expect(records.get(native('t'))).toMatchObject(expected);
  });

  test.each([
    ['no digests', { LogFileValidationEnabled: false }, { validated: false }],
    ['one region', { IsMultiRegionTrail: false }, { multi_region: false }],
    [
      'no events of services without a region',
      { IncludeGlobalServiceEvents: false },
      { management_reads: false, management_writes: false },
    ],
    ['no log group', { CloudWatchLogsLogGroupArn: undefined }, { searchable: false }],
    ['no key', { KmsKeyId: undefined }, { encryption_key: '' }],
  ])('a trail with %s', async (_, more, expected) => {
    const { records } = await collected(withTrails([trail('t', undefined, more)]), 'cloudtrail');
    expect(records.get(native('t'))).toMatchObject(expected);
  });

  test('none is a whole answer', async () => {
    const { records } = await collected(withTrails([]), 'cloudtrail');
    expect(records.size).toBe(0);
  });

  test.each<[string, readonly StubTrail[], Handlers, string]>([
    ['selectors', [trail('t')], { 'selectors t': () => ({}) }, 'the answer has no selectors'],
    ['whether it logs', [trail('t')], { 'status t': () => ({ IsLogging: undefined }) }, 'IsLogging'],
    ['a name', [trail('t', undefined, { Name: undefined })], {}, 'Name'],
    [
      'whether it covers all regions',
      [trail('t', undefined, { IsMultiRegionTrail: undefined })],
      {},
      'IsMultiRegionTrail',
    ],
  ])('an answer without %s is refused', async (_, trails, more, message) => {
    await expect(collected(withTrails(trails, more), 'cloudtrail')).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining(message),
    });
  });

  test('a trail that went between listing and asking fails the dataset, for nobody knows what it took', async () => {
    const gone = {
      'status t': () => {
        throw refuse('TrailNotFoundException');
      },
    };
    await expect(collected(withTrails([trail('t')], gone), 'cloudtrail')).rejects.toMatchObject({
      message: expect.stringContaining('cloudtrail:GetTrailStatus: TrailNotFoundException'),
    });
  });
});

const management = { Field: 'eventCategory', Equals: ['Management'] };
const nothing = { reads: false, writes: false, data: false };
const classic = (more: object) => ({
  EventSelectors: [
    { ReadWriteType: 'All' as const, IncludeManagementEvents: true, DataResources: [], ...more },
  ],
});

describe('event selectors', () => {
  test.each([
    ['everything', classic({}), { reads: true, writes: true, data: false }],
    ['reads', classic({ ReadWriteType: 'ReadOnly' }), { reads: true, writes: false, data: false }],
    ['writes', classic({ ReadWriteType: 'WriteOnly' }), { reads: false, writes: true, data: false }],
    ['no management events', classic({ IncludeManagementEvents: false }), nothing],
    ['all but key use', classic({ ExcludeManagementEventSources: ['kms.amazonaws.com'] }), nothing],
    [
      'data of buckets',
      classic({
        IncludeManagementEvents: false,
        DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }],
      }),
      { ...nothing, data: true },
    ],
    [
      'reads in one and writes in another',
      {
        EventSelectors: [
          ...classic({ ReadWriteType: 'ReadOnly' }).EventSelectors,
          ...classic({ ReadWriteType: 'WriteOnly' }).EventSelectors,
        ],
      },
      { reads: true, writes: true, data: false },
    ],
  ])('of the classic form: %s', (_, answer, expected) => {
    expect(takenBy('t', answer)).toEqual(expected);
  });

  const fine = (...selectors: object[][]) => ({
    AdvancedEventSelectors: selectors.map((fields) => ({
      FieldSelectors: fields.map((field) => ({ Field: '', ...field })),
    })),
  });
  const readOnly = (value: string) => ({ Field: 'readOnly', Equals: [value] });
  test.each([
    ['everything', fine([management]), { reads: true, writes: true, data: false }],
    ['reads', fine([management, readOnly('true')]), { reads: true, writes: false, data: false }],
    ['writes', fine([management, readOnly('false')]), { reads: false, writes: true, data: false }],
    [
      'each by itself',
      fine([management, readOnly('true')], [management, readOnly('false')]),
      { reads: true, writes: true, data: false },
    ],
    ['a word nobody knows', fine([management, readOnly('perhaps')]), nothing],
    ['readOnly by another operator', fine([management, { Field: 'readOnly', NotEquals: ['true'] }]), nothing],
    [
      'all but key use',
      fine([management, { Field: 'eventSource', NotEquals: ['kms.amazonaws.com'] }]),
      nothing,
    ],
    ['events of some names', fine([management, { Field: 'eventName', Equals: ['RunInstances'] }]), nothing],
    [
      'data',
      fine([
        { Field: 'eventCategory', Equals: ['Data'] },
        { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
      ]),
      { ...nothing, data: true },
    ],
    [
      'network activity',
      fine([
        { Field: 'eventCategory', Equals: ['NetworkActivity'] },
        { Field: 'eventSource', Equals: ['ec2.amazonaws.com'] },
      ]),
      nothing,
    ],
  ])('of the advanced form: %s', (_, answer, expected) => {
    expect(takenBy('t', answer)).toEqual(expected);
  });

  test('one without a category is refused', () => {
    expect(() => takenBy('t', fine([readOnly('true')]))).toThrow('names no eventCategory');
  });
});

const CHECKS = ['audit-trail-on', 'audit-trail-delivered', 'audit-trail-validated'];
const DATASETS = ['cloudtrail', 'iam-account'];
const people = iamEstate({ now: NOW });

async function judged(handlers: Handlers, accounts: readonly string[]) {
  await using stub = await startStub({ ...people, ...handlers });
  return await verdicts(stub.endpoint, CHECKS, { datasets: DATASETS, accounts });
}

describe('what the checks find', () => {
  const organisation = trail('org', 'us-east-1', { IsOrganizationTrail: true });

  test("an organisation's trail covers owner and member", async () => {
    expect(await judged(withTrails([organisation]), [MAIN, MEMBER])).toEqual({
      'audit-trail-on': pass,
      'audit-trail-delivered': pass,
      'audit-trail-validated': pass,
    });
  });

  test('a member alone is unknown, for its owner is not asked', async () => {
    const found = await judged(withTrails([organisation]), [MEMBER]);
    expect(found['audit-trail-on']).toEqual({
      outcome: 'unknown',
      failing: [],
      unknown: [`${MEMBER}:account`],
    });
    expect(found['audit-trail-validated']?.outcome).toBe('unknown');
  });

  test('a trail that is stopped covers nobody', async () => {
    const stopped = { 'status org': () => ({ IsLogging: false }) };
    const found = await judged(withTrails([organisation], stopped), [MAIN, MEMBER]);
    expect(found['audit-trail-on']).toEqual(fails(`${MAIN}:account`, `${MEMBER}:account`));
    expect(found['audit-trail-delivered']?.outcome).toBe('unknown');
  });

  test('one that leaves key use out does not count', async () => {
    const quiet = { 'selectors t': () => classic({ ExcludeManagementEventSources: ['kms.amazonaws.com'] }) };
    const found = await judged(withTrails([trail('t')], quiet), [MAIN]);
    expect(found['audit-trail-on']).toEqual(fails(`${MAIN}:account`));
  });

  test('of trails that stand still, fail to deliver or go without digests, each is named', async () => {
    const trails = [
      trail('good'),
      trail('old'),
      trail('shut'),
      trail('bare', 'us-east-1', { LogFileValidationEnabled: false }),
    ];
    const found = await judged(
      withTrails(trails, {
        'status old': () => ({ LatestDeliveryTime: new Date(NOW - 2 * DAY * 1000) }),
        'status shut': () => ({ LatestDeliveryError: 'NoSuchBucket' }),
      }),
      [MAIN],
    );
    expect(found).toEqual({
      'audit-trail-on': pass,
      'audit-trail-delivered': fails(`${MAIN}:${native('old')}`, `${MAIN}:${native('shut')}`),
      'audit-trail-validated': fails(`${MAIN}:${native('bare')}`),
    });
  });

  test('an account without a trail fails', async () => {
    const found = await judged(withTrails([]), [MAIN]);
    expect(found['audit-trail-on']).toEqual(fails(`${MAIN}:account`));
    expect(found['audit-trail-validated']?.outcome).toBe('unknown');
  });
});
