import { describe, expect, test } from 'vitest';
import { loggingEstate } from './estate/logging.ts';
import { ago, collected, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Asked, type Handlers, startStub } from './stub.ts';

const healthy = loggingEstate({ now: NOW });
const SCOPE = `${MAIN}:${REGION}`;

const recording = (recordingGroup: object, more: object = {}): Handlers => ({
  'config:DescribeConfigurationRecorders': () => ({
    ConfigurationRecorders: [{ name: 'default', recordingGroup, ...more }],
  }),
});
const status = (...all: object[]): Handlers => ({
  'config:DescribeConfigurationRecorderStatus': () => ({
    ConfigurationRecordersStatus: all.map((one) => ({ name: 'default', recording: true, ...one })),
  }),
});
const channel = (more: object): Handlers => ({
  'config:DescribeDeliveryChannelStatus': () => ({ DeliveryChannelsStatus: [{ name: 'default', ...more }] }),
});
const everything = { allSupported: true, includeGlobalResourceTypes: true };
const NONE: Handlers = {
  'config:DescribeConfigurationRecorders': () => ({ ConfigurationRecorders: [] }),
  'config:DescribeConfigurationRecorderStatus': () => ({ ConfigurationRecordersStatus: [] }),
  'config:DescribeDeliveryChannelStatus': () => ({ DeliveryChannelsStatus: [] }),
};

const one = async (more: Handlers) => {
  const { records } = await collected({ ...healthy, ...more }, 'config-recorder', SCOPE);
  expect([...records.keys()]).toEqual(['config-recorder']);
  return records.get('config-recorder');
};

describe('config-recorder', () => {
  test('tells whether the recorder works, what it takes, and what became of it', async () => {
    expect(await one({})).toEqual({
      id: `aws:${SCOPE}:config-recorder`,
      kind: 'detector',
      source: 'aws',
      scope: SCOPE,
      type: 'configuration',
      name: 'AWS Config',
      region: REGION,
      resource: `arn:aws:config:${REGION}:${MAIN}:configuration-recorder/default/abcdefgh`,
      enabled: true,
      complete: true,
      last_delivered_at: ago(3600),
      delivery_failed: false,
      features: [{ name: 'global-types', enabled: false }],
    });
  });

  test('a region without one is a record, too', async () => {
    expect(await one(NONE)).toMatchObject({
      resource: '',
      enabled: false,
      complete: false,
      last_delivered_at: null,
      delivery_failed: null,
      features: [],
    });
  });

  test('the recorder of another service counts for nothing', async () => {
    const linked = { servicePrincipal: 'securityhub.amazonaws.com' };
    const record = await one({
      ...NONE,
      ...recording(everything, linked),
      ...status(linked),
    });
    expect(record).toMatchObject({ enabled: false, resource: '' });
  });

  test.each<[string, Handlers, object]>([
    ['that was stopped', status({ recording: false }), { enabled: false, complete: true }],
    [
      'of some types',
      recording({
        allSupported: false,
        includeGlobalResourceTypes: false,
        resourceTypes: ['AWS::EC2::Instance'],
      }),
      { complete: false },
    ],
    [
      'of all but some types',
      recording({
        allSupported: false,
        includeGlobalResourceTypes: false,
        recordingStrategy: { useOnly: 'EXCLUSION_BY_RESOURCE_TYPES' },
        exclusionByResourceTypes: { resourceTypes: ['AWS::EC2::Volume'] },
      }),
      { complete: false },
    ],
    [
      'of all but none',
      recording({
        allSupported: false,
        includeGlobalResourceTypes: false,
        recordingStrategy: { useOnly: 'EXCLUSION_BY_RESOURCE_TYPES' },
        exclusionByResourceTypes: { resourceTypes: [] },
      }),
      { complete: true },
    ],
    [
      'of types without a region',
      recording(everything),
      { features: [{ name: 'global-types', enabled: true }] },
    ],
    ['whose recording failed', status({ lastStatus: 'FAILURE' }), { delivery_failed: true }],
    [
      'whose history could not be written',
      channel({ configHistoryDeliveryInfo: { lastStatus: 'FAILURE' } }),
      { delivery_failed: true, last_delivered_at: null },
    ],
    [
      'whose changes could not be sent',
      channel({ configStreamDeliveryInfo: { lastStatus: 'Failure' } }),
      { delivery_failed: true },
    ],
    [
      'that waits to deliver',
      {
        ...status({ lastStatus: 'PENDING' }),
        ...channel({ configStreamDeliveryInfo: { lastStatus: 'Not_Applicable' } }),
      },
      { delivery_failed: null },
    ],
    [
      'of which nothing is told',
      { ...status({ lastStatus: undefined }), ...channel({}) },
      { delivery_failed: null, last_delivered_at: null },
    ],
  ])('one %s', async (_, more, expected) => {
    expect(await one(more)).toMatchObject(expected);
  });

  test.each<[string, Handlers, string]>([
    [
      'two recorders',
      {
        'config:DescribeConfigurationRecorders': () => ({
          ConfigurationRecorders: ['a', 'b'].map((name) => ({ name, recordingGroup: everything })),
        }),
      },
      'malformed',
    ],
    [
      'no word about the one there is',
      { 'config:DescribeConfigurationRecorderStatus': () => ({ ConfigurationRecordersStatus: [] }) },
      'incomplete',
    ],
    ['no recording group', recording({}), 'malformed'],
    ['no recording', status({ recording: undefined }), 'malformed'],
  ])('%s is refused', async (_, more, code) => {
    await expect(one(more)).rejects.toMatchObject({ code });
  });
});

test('configuration-history fails where nothing, or not everything, is recorded', async () => {
  const regions = ['eu-west-1', 'eu-west-2', 'eu-west-3', 'us-east-1'];
  const at = (handlers: Readonly<Record<string, Handlers>>): Handlers =>
    Object.fromEntries(
      Object.keys(NONE).map((operation) => [
        operation,
        (input: object, asked: Asked) =>
          (handlers[asked.region]?.[operation] ?? healthy[operation]!)(input, asked),
      ]),
    );
  await using stub = await startStub({
    ...at({
      'eu-west-1': NONE,
      'eu-west-2': recording({ allSupported: false, includeGlobalResourceTypes: true }),
      'eu-west-3': status({ lastStatus: 'FAILURE' }),
    }),
  });
  const asked = (some: readonly string[]) =>
    verdicts(stub.endpoint, ['configuration-history'], { datasets: ['config-recorder'], regions: some });
  expect(await asked(['us-east-1', 'eu-north-1'])).toEqual({ 'configuration-history': pass });
  expect(await asked(regions)).toEqual({
    'configuration-history': fails(
      ...regions.slice(0, 3).map((region) => `${MAIN}:${region}:config-recorder`),
    ),
  });
});
