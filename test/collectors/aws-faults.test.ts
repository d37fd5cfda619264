import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CollectorErrorCode } from '../../src/collectors/error.ts';
import { collectAws, type Outcome } from './aws-harness.ts';
import {
  type AwsOperation,
  type AwsStubOptions,
  type FaultKind,
  type Faults,
  faultsOf,
  operationsOf,
  startAwsStub,
} from './aws-stub.ts';

const SIZE = { users: 25, pageSize: 10 };
const ROLE = { id: '123456789012', roleArn: 'arn:aws:iam::123456789012:role/annexa', externalId: 'acme' };

/** What each fault must become when it lasts. */
const CODES: Readonly<Record<FaultKind, CollectorErrorCode>> = {
  denied: 'denied',
  throttled: 'throttled',
  error: 'unavailable',
  truncated: 'malformed',
  cut: 'unavailable',
  empty: 'malformed',
  'missing-page': 'incomplete',
  'no-marker': 'incomplete',
  'same-marker': 'incomplete',
  hang: 'timeout',
  'hang-body': 'timeout',
};

async function collectWith(
  faults: Faults,
  dataset: string,
  options: Partial<AwsStubOptions> = {},
): Promise<Outcome> {
  await using stub = await startAwsStub({ ...SIZE, ...options, faults });
  const hangs = Object.values(faults).some(({ kind }) => kind.startsWith('hang'));
  const settings = { accounts: [ROLE], requestTimeout: hangs ? 0.5 : 30 };
  return await collectAws(stub.endpoint, stub.account, dataset, { settings });
}

const now = Date.now();
const whole = new Map<string, Outcome>();
beforeAll(async () => {
  for (const dataset of Object.keys(operationsOf))
    whole.set(dataset, await collectWith({}, dataset, { now }));
});
afterAll(() => whole.clear());

const cases = Object.entries(operationsOf).flatMap(([dataset, operations]) =>
  operations.flatMap((operation) => faultsOf(operation).map((kind) => ({ dataset, operation, kind }))),
);

/** The calls can't tell a virtual device of a page that never came from a hardware one: the second factor itself comes from the report. */
const untold = ({ operation, kind }: { operation: AwsOperation; kind: FaultKind }): boolean =>
  operation === 'ListVirtualMFADevices' && kind === 'missing-page';

/** Where two ways lead to the same code. */
const WORDS: Partial<Record<FaultKind, string>> = {
  'no-marker': 'without a marker to go on from',
  'same-marker': 'came twice',
};

describe('a fault that lasts fails the dataset', () => {
  test.concurrent.each(cases.filter((entry) => !untold(entry)))(
    '$dataset: $operation: $kind',
    async ({ dataset, operation, kind }) => {
      const collected = collectWith({ [operation]: { kind } }, dataset);
      await expect(collected).rejects.toMatchObject({
        name: 'CollectorError',
        code: CODES[kind],
        message: expect.stringContaining(WORDS[kind] ?? ''),
      });
    },
  );
});

describe('a fault that passes', () => {
  const passing: readonly FaultKind[] = ['throttled', 'error', 'cut', 'hang', 'hang-body'];
  test.concurrent.each(cases.filter(({ kind }) => passing.includes(kind)))(
    '$dataset: $operation: $kind once: everything is there, and every attempt is counted',
    async ({ dataset, operation, kind }) => {
      const { records, told } = await collectWith({ [operation]: { kind, times: 1 } }, dataset, { now });
      const reference = whole.get(dataset);
      expect(records).toEqual(reference?.records);
      expect(told.calls.length).toBe((reference?.told.calls.length ?? 0) + 1);
      expect(told.calls.filter(({ throttled }) => throttled)).toHaveLength(kind === 'throttled' ? 1 : 0);
    },
  );

  test('a listing that lacks a page once is listed again', async () => {
    const faults: Faults = { GetAccountAuthorizationDetails: { kind: 'missing-page', times: 2 } };
    const { records } = await collectWith(faults, 'iam-identities', { now });
    expect(records).toEqual(whole.get('iam-identities')?.records);
  });
});

test('a page of second factors that never came changes no identity, only what is told of the factor', async () => {
  const { records } = await collectWith(
    { ListVirtualMFADevices: { kind: 'missing-page' } },
    'iam-identities',
    { now },
  );
  const reference = whole.get('iam-identities')?.records ?? [];
  const identities = (of: typeof records) => of.filter(({ kind }) => kind === 'identity');
  expect(identities(records)).toEqual(identities(reference));
  const types = records.flatMap((record) =>
    'type' in record && record.kind === 'credential' ? [record.type] : [],
  );
  expect(types.filter((type) => type === 'mfa' || type === 'virtual_mfa')).toHaveLength(SIZE.users + 1);
});
