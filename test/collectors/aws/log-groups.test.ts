import { describe, expect, test } from 'vitest';
import { groupOf, loggingEstate } from './estate/logging.ts';
import { collected, fails, NOW, pass, REGION, verdicts } from './logging-harness.ts';
import { MAIN } from './session-harness.ts';
import { type Handlers, startStub } from './stub.ts';

const SCOPE = `${MAIN}:${REGION}`;
const withGroups = (...groups: readonly (readonly [name: string, more?: object])[]): Handlers => ({
  'logs:DescribeLogGroups': () => ({
    logGroups: groups.map(([name, more]) => groupOf(MAIN, REGION, name, NOW, more)),
  }),
});

describe('log-groups', () => {
  test('tells every group of every page, fifty at a time', async () => {
    const asked: unknown[] = [];
    const estate = loggingEstate({ now: NOW, size: 120, pageSize: 500 });
    const { records } = await collected(
      {
        ...estate,
        'logs:DescribeLogGroups': (input, request) => {
          asked.push(input);
          return estate['logs:DescribeLogGroups']!(input, request);
        },
      },
      'log-groups',
      SCOPE,
    );
    expect(records.size).toBe(120);
    expect(asked).toEqual([{ limit: 50 }, { limit: 50, nextToken: '1' }, { limit: 50, nextToken: '2' }]);
    expect(records.get('/app/7')).toEqual({
      id: `aws:${SCOPE}:/app/7`,
      kind: 'log_store',
      source: 'aws',
      scope: SCOPE,
      resource: `arn:aws:logs:${REGION}:${MAIN}:log-group:/app/7`,
      name: '/app/7',
      region: REGION,
      retention_days: 400,
      encryption_key: '',
      bytes: 4096,
      deletion_protected: null,
    });
  });

  test.each([
    ['for ever', { retentionInDays: undefined }, { retention_days: 0 }],
    [
      'for a day, since they only pass through',
      { logGroupClass: 'DELIVERY', retentionInDays: undefined },
      { retention_days: 1 },
    ],
    ['under a key', { kmsKeyId: 'arn:aws:kms:x' }, { encryption_key: 'arn:aws:kms:x' }],
    ['guarded from deletion', { deletionProtectionEnabled: true }, { deletion_protected: true }],
    [
      'in a group told by the older ARN alone',
      { logGroupArn: undefined },
      { resource: `arn:aws:logs:${REGION}:${MAIN}:log-group:g` },
    ],
    ['of unknown size', { storedBytes: undefined }, { bytes: null }],
  ])('events that are kept %s', async (_, more, expected) => {
    const { records } = await collected(withGroups(['g', more]), 'log-groups', SCOPE);
    expect(records.get('g')).toMatchObject(expected);
  });

  test.each([
    ['no name', { logGroupName: undefined }],
    ['no ARN', { arn: undefined }],
    ['a retention of nothing', { retentionInDays: 0 }],
  ])('a group with %s is refused', async (_, more) => {
    await expect(collected(withGroups(['g', more]), 'log-groups', SCOPE)).rejects.toMatchObject({
      code: 'malformed',
    });
  });
});

test('log-retention fails for the groups that keep too little', async () => {
  const asked = async (handlers: Handlers) => {
    await using stub = await startStub(handlers);
    return await verdicts(stub.endpoint, ['log-retention'], { datasets: ['log-groups'] });
  };
  expect(
    await asked(withGroups(['kept', { retentionInDays: 365 }], ['ever', { retentionInDays: undefined }])),
  ).toEqual({
    'log-retention': pass,
  });
  expect(
    await asked(
      withGroups(['kept'], ['short', { retentionInDays: 30 }], ['passing', { logGroupClass: 'DELIVERY' }]),
    ),
  ).toEqual({ 'log-retention': fails(`${SCOPE}:passing`, `${SCOPE}:short`) });
  expect((await asked(withGroups()))['log-retention']?.outcome).toBe('not_applicable');
});
