import { afterEach, describe, expect, test, vi } from 'vitest';
import { organizationEstate } from './estate/organization.ts';
import { sharing } from '../../../src/collectors/waiting.ts';
import { connect, MAIN, roleOf } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const now = Date.now();
const OTHER = '210987654321';
const SUMMARY = {
  Users: 1,
  Groups: 0,
  Roles: 0,
  Policies: 0,
  AccountMFAEnabled: 1,
  AccountAccessKeysPresent: 0,
  AccountPasswordPresent: 1,
};

/** The dataset iam-account in any account, and the organisation of the first. */
const handlers: Handlers = {
  ...organizationEstate({ now, size: 5, pageSize: 2 }),
  'iam:GetAccountSummary': () => ({ SummaryMap: SUMMARY }),
  'iam:GetAccountPasswordPolicy': () => {
    throw refuse('NoSuchEntity', 404);
  },
};

const operations = (calls: readonly { readonly operation: string }[]) =>
  calls.map(({ operation }) => operation);
const isSts = (operation: string): boolean => operation.startsWith('sts:');

describe('the access to an account', () => {
  test('is got and proven once for all datasets; each is told the caller', async () => {
    await using stub = await startStub(handlers);
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)], organization: { account: MAIN } });
    const first = await aws.collect('iam-account', MAIN);
    const second = await aws.collect('organization-accounts', MAIN);
    expect(operations(stub.calls).filter(isSts)).toEqual(['sts:AssumeRole', 'sts:GetCallerIdentity']);
    expect(first.told.operations).toEqual([
      'sts:AssumeRole',
      'sts:GetCallerIdentity',
      'iam:GetAccountSummary',
      'iam:GetAccountPasswordPolicy',
    ]);
    expect(second.told.operations.filter(isSts)).toEqual([]);
    expect(second.told.caller).toBe(`arn:aws:sts::${MAIN}:assumed-role/annexa/annexa`);
    expect(second.told.caller).toBe(first.told.caller);
  });

  test('is got once for datasets side by side, each account for itself', async () => {
    await using stub = await startStub(handlers);
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN), roleOf(OTHER)] });
    await Promise.all([MAIN, OTHER, MAIN, OTHER].map((id) => aws.collect('iam-account', id)));
    expect(operations(stub.calls).filter((name) => name === 'sts:AssumeRole')).toHaveLength(2);
    expect(operations(stub.calls).filter((name) => name === 'sts:GetCallerIdentity')).toHaveLength(2);
  });

  test('that fails is not kept: the next dataset asks again', async () => {
    await using stub = await startStub(handlers, {
      faults: { 'sts:AssumeRole': { kind: 'denied', times: 1 } },
    });
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)] });
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('sts:AssumeRole'),
    });
    await expect(aws.collect('iam-account', MAIN)).resolves.toMatchObject({ records: [{ kind: 'account' }] });
  });

  test('denied in one of ten accounts fails that account alone', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => String(300_000_000_000 + index));
    const denied = ids[3]!;
    await using stub = await startStub(handlers, {
      faults: { 'sts:AssumeRole': { kind: 'denied', account: denied } },
    });
    await using aws = connect(stub.endpoint, { accounts: ids.map(roleOf) });
    const settled = await Promise.allSettled(ids.map((id) => aws.collect('iam-account', id)));
    const failed = ids.filter((_, index) => settled[index]?.status === 'rejected');
    expect(failed).toEqual([denied]);
  });

  test('is refused when the credentials belong to another account', async () => {
    await using stub = await startStub(handlers);
    await using aws = connect(stub.endpoint, { accounts: [{ id: OTHER }] });
    await expect(aws.collect('iam-account', OTHER)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`belong to account ${MAIN}, not to ${OTHER}`),
    });
  });

  test('is proven anew when the named secret has been replaced', async () => {
    await using stub = await startStub(handlers);
    await using aws = connect(stub.endpoint);
    await aws.collect('iam-account', MAIN);
    await aws.collect('iam-account', MAIN);
    aws.secrets.set('KEY', 'AKIANEXT');
    const { told } = await aws.collect('iam-account', MAIN);
    expect(told.operations).toContain('sts:GetCallerIdentity');
    expect(operations(stub.calls).filter(isSts)).toHaveLength(2);
  });
});

describe('credentials', () => {
  afterEach(() => void vi.useRealTimers());

  test('that expire in mid-collection are got anew, and nothing is missing', async () => {
    await using stub = await startStub(handlers, { callsPerSession: 3 });
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)], organization: { account: MAIN } });
    const { records, told } = await aws.collect('organization-accounts', MAIN);
    expect(records).toHaveLength(6);
    expect(told.operations.filter((name) => name === 'sts:AssumeRole').length).toBeGreaterThan(1);
  });

  test('that have expired and can’t be got anew fail the dataset, naming what was refused', async () => {
    await using stub = await startStub(
      {
        ...handlers,
        'iam:GetAccountSummary': () => {
          stub.setFaults({ 'sts:AssumeRole': { kind: 'denied' } });
          throw refuse('ExpiredToken', 403);
        },
      },
      {},
    );
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)] });
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('sts:AssumeRole: AccessDenied'),
    });
  });

  test('of one’s own that have expired fail the dataset when there are no others', async () => {
    await using stub = await startStub({
      ...handlers,
      'iam:GetAccountSummary': () => {
        throw refuse('ExpiredToken', 403);
      },
    });
    await using aws = connect(stub.endpoint);
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('iam:GetAccountSummary: ExpiredToken'),
    });
    expect(operations(stub.calls)).toEqual(['sts:GetCallerIdentity', 'iam:GetAccountSummary']);
  });

  test('are kept until five minutes before they expire', async () => {
    await using stub = await startStub(handlers, { clock: () => Date.now() });
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)] });
    const assumed = () => operations(stub.calls).filter((name) => name === 'sts:AssumeRole').length;
    await aws.collect('iam-account', MAIN);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 54 * 60_000);
    aws.now += 54 * 60;
    await aws.collect('iam-account', MAIN);
    expect(assumed()).toBe(1);
    vi.setSystemTime(Date.now() + 2 * 60_000);
    aws.now += 2 * 60;
    await aws.collect('iam-account', MAIN);
    expect(assumed()).toBe(2);
  });
});

describe('a clock that is wrong', () => {
  test.each([
    ['ten minutes slow', 600_000],
    ['ten minutes fast', -600_000],
    ['two hours fast', -7_200_000],
  ])('%s is made good by AWS’s own, at one refused call a client', async (_, ahead) => {
    await using stub = await startStub(handlers, { clock: () => Date.now() + ahead });
    await using aws = connect(stub.endpoint, { accounts: [roleOf(MAIN)], organization: { account: MAIN } });
    aws.now = Math.floor((Date.now() + ahead) / 1000);
    const { told } = await aws.collect('organization-accounts', MAIN);
    expect(told.asOf).toBeGreaterThanOrEqual(aws.now);
    expect(told.operations).toEqual([
      'sts:AssumeRole',
      'sts:AssumeRole',
      'sts:GetCallerIdentity',
      'sts:GetCallerIdentity',
      'organizations:DescribeOrganization',
      'organizations:DescribeOrganization',
      'organizations:ListAccounts',
      'organizations:ListAccounts',
      'organizations:ListAccounts',
    ]);
    await aws.collect('organization-accounts', MAIN);
    expect(operations(stub.calls).filter((name) => name === 'sts:AssumeRole')).toHaveLength(2);
  });

  test('ten minutes slow makes what was answered come from the future: nothing rests on it', async () => {
    await using stub = await startStub(handlers, { clock: () => Date.now() + 600_000 });
    await using aws = connect(stub.endpoint);
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'as-of' });
  });
});

describe('a place that does not answer', () => {
  const settings = {
    accounts: [{ id: MAIN, regions: ['eu-west-1', 'eu-north-1'] }],
    organization: { account: MAIN },
    requestTimeout: 0.3,
  };
  const hang = { kind: 'hang', region: 'us-east-1' } as const;
  const faults = { 'iam:GetAccountSummary': hang, 'organizations:DescribeOrganization': hang };

  test('fails the first dataset after its attempts, and the next one at once, naming what hung and when', async () => {
    await using stub = await startStub(handlers, { faults });
    await using aws = connect(stub.endpoint, settings);
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'timeout' });
    const calls = stub.calls.length;
    await expect(aws.collect('organization-accounts', MAIN)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(
        /^organizations:DescribeOrganization: not asked, since 123456789012 us-east-1 did not answer iam:GetAccountSummary at \d{4}-/,
      ),
    });
    expect(stub.calls).toHaveLength(calls);
  });

  test('is asked again after two minutes', async () => {
    await using stub = await startStub(handlers, { faults });
    await using aws = connect(stub.endpoint, settings);
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'timeout' });
    stub.setFaults({});
    aws.now += 119;
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'timeout' });
    aws.now += 1;
    await expect(aws.collect('iam-account', MAIN)).resolves.toMatchObject({ records: [{ kind: 'account' }] });
  });

  test('of one account is asked for another', async () => {
    await using stub = await startStub(handlers, {
      faults: { 'iam:GetAccountSummary': { kind: 'hang', account: MAIN } },
    });
    const accounts = [roleOf(MAIN), roleOf(OTHER)];
    await using aws = connect(stub.endpoint, { ...settings, organization: undefined, accounts });
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'timeout' });
    await expect(aws.collect('iam-account', OTHER)).resolves.toMatchObject({
      records: [{ kind: 'account' }],
    });
  });

  test('but answered something else meanwhile is not silent', async () => {
    await using stub = await startStub(handlers, { faults: { 'iam:GetAccountSummary': hang } });
    await using aws = connect(stub.endpoint, { ...settings, requestTimeout: 2, maxAttempts: 1 });
    const hung = aws.collect('iam-account', MAIN);
    hung.catch(() => {});
    await vi.waitFor(() => expect(operations(stub.calls)).toContain('iam:GetAccountSummary'));
    await aws.collect('organization-accounts', MAIN);
    await expect(hung).rejects.toMatchObject({ code: 'timeout' });
    await expect(aws.collect('organization-accounts', MAIN)).resolves.toMatchObject({
      told: { throttled: 0 },
    });
  });

  test('is a region alone: the others are collected, and what else is asked there fails at once', async () => {
    const regions = ['eu-west-1', 'eu-north-1'];
    await using stub = await startStub(
      {
        'ec2:DescribeSnapshots': () => ({ Snapshots: [] }),
        'logs:DescribeLogGroups': () => ({ logGroups: [] }),
      },
      { faults: { '*': { kind: 'hang', region: 'eu-west-1' } } },
    );
    await using aws = connect(stub.endpoint, { regions, requestTimeout: 0.3 });
    const collected = await Promise.allSettled(
      regions.map((region) => aws.collect('ebs-snapshots', `${MAIN}:${region}`)),
    );
    expect(collected.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    const before = stub.calls.length;
    await expect(aws.collect('log-groups', `${MAIN}:eu-west-1`)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('since 123456789012 eu-west-1 did not answer ec2:DescribeSnapshots'),
    });
    expect(stub.calls).toHaveLength(before);
    await expect(aws.collect('log-groups', `${MAIN}:eu-north-1`)).resolves.toMatchObject({ records: [] });
  });

  test('is not one that can’t be reached at all: that costs no time', async () => {
    await using stub = await startStub(handlers);
    const endpoint = stub.endpoint;
    await using aws = connect(endpoint, { ...settings, maxAttempts: 1 });
    await aws.collect('iam-account', MAIN);
    await stub[Symbol.asyncDispose]();
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(aws.collect('organization-accounts', MAIN)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.not.stringContaining('not asked'),
    });
  });

  test('STS: every account waits once', async () => {
    await using stub = await startStub(handlers, { faults: { 'sts:AssumeRole': { kind: 'hang' } } });
    const accounts = [roleOf(MAIN), roleOf(OTHER)];
    await using aws = connect(stub.endpoint, { ...settings, organization: undefined, accounts });
    await expect(aws.collect('iam-account', MAIN)).rejects.toMatchObject({ code: 'timeout' });
    await expect(aws.collect('iam-account', OTHER)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('since * us-east-1 did not answer sts:AssumeRole'),
    });
    expect(stub.calls).toHaveLength(2);
  });
});

test('throttled calls are tried again, and counted', async () => {
  await using stub = await startStub(handlers, {
    faults: { 'organizations:ListAccounts': { kind: 'throttled', times: 1 } },
  });
  await using aws = connect(stub.endpoint, { organization: { account: MAIN } });
  const { records, told } = await aws.collect('organization-accounts', MAIN);
  expect(records).toHaveLength(6);
  expect(told.throttled).toBe(1);
});

describe('work that several wait for', () => {
  const never = new AbortController().signal;
  const begun = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const signals: AbortSignal[] = [];
    const start = (signal: AbortSignal): Promise<string> => {
      signals.push(signal);
      return promise;
    };
    return { start, resolve, reject, signals };
  };

  test('is done once, and goes on when one of them gives up', async () => {
    const join = sharing<string>();
    const { start, resolve, signals } = begun();
    const stop = new AbortController();
    const first = join('a', stop.signal, start);
    const second = join('a', never, start);
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    resolve('done');
    await expect(second).resolves.toBe('done');
  });

  test('is ended when nobody waits any more, and begun anew for who comes then', async () => {
    const join = sharing<string>();
    const { start, resolve, signals } = begun();
    const stop = new AbortController();
    const first = join('a', stop.signal, start);
    stop.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const next = join('a', never, start);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    resolve('done');
    await expect(next).resolves.toBe('done');
  });

  test('is not kept: neither a failure nor what it gave', async () => {
    const join = sharing<string>();
    const { start, reject, signals } = begun();
    reject(new Error('refused'));
    await expect(join('a', never, start)).rejects.toThrow('refused');
    await expect(join('a', never, start)).rejects.toThrow('refused');
    expect(signals).toHaveLength(2);
  });
});
