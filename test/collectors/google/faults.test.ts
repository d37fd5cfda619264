import { describe, expect, test, vi } from 'vitest';
import { datasets } from '../../../src/collectors/google/datasets.ts';
import type { CollectorErrorCode } from '../../../src/collectors/error.ts';
import { type FaultKind, FAULTS } from './faults.ts';
import { asWorkload, collectGoogle, type Collected, type Options } from './harness.ts';
import { ACCOUNT } from './identities.ts';
import { startStub } from './stub.ts';
import { base } from './estate.ts';

vi.setConfig({ maxConcurrency: 8 });

const SIGNING = 'iamcredentials.projects.serviceAccounts.signJwt';
const TOKEN = 'oauth2.token';

/** Without a fault; collected when first asked for. */
const whole = new Map<string, Promise<Collected>>();
function wholeOf(name: string): Promise<Collected> {
  const outcome = whole.get(name) ?? collectGoogle(name, { pageSize: 1 });
  whole.set(name, outcome);
  return outcome;
}

describe('the traffic of a healthy customer', () => {
  test.each(datasets)('$name: made of each operation that is declared, and of no other', async (dataset) => {
    const { told, records } = await wholeOf(dataset.name);
    expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
      dataset.operations.filter((operation) => operation !== SIGNING).sort(),
    );
    expect([...new Set(records.map(({ kind }) => kind))].sort()).toEqual([...dataset.kinds].sort());
    expect(told.calls.filter(({ throttled }) => throttled)).toEqual([]);
  });

  test.each(datasets)('$name: every attempt is counted', async ({ name }) => {
    const { told, asked } = await wholeOf(name);
    expect(told.calls.map(({ operation }) => operation)).toEqual(asked.map(({ operation }) => operation));
  });

  test.each(datasets)('$name: every listing with pages came in more than one', async (dataset) => {
    const { told } = await wholeOf(dataset.name);
    const once = dataset.operations.filter(
      (operation) => told.calls.filter((call) => call.operation === operation).length === 1,
    );
    expect(once.sort()).toEqual(['directory.customers.get', TOKEN]);
  });

  test('all operations only read, sign, or get a token', () => {
    for (const operation of datasets.flatMap(({ operations }) => operations))
      expect(operation).toMatch(/^(directory\.\w+\.(list|get)|oauth2\.token|iamcredentials\.\S+\.signJwt)$/);
  });
});

/** What each fault must become when it lasts. */
const CODES: Readonly<Record<(typeof FAULTS)[number], CollectorErrorCode>> = {
  denied: 'denied',
  unauthorized: 'denied',
  throttled: 'throttled',
  'rate-limit': 'throttled',
  quota: 'throttled',
  error: 'unavailable',
  redirect: 'unavailable',
  truncated: 'malformed',
  cut: 'unavailable',
  empty: 'malformed',
  'no-body': 'malformed',
  'same-token': 'incomplete',
  hang: 'timeout',
  'hang-body': 'timeout',
};

const paged = (operation: string): boolean =>
  operation.endsWith('.list') && operation !== 'directory.tokens.list';

const cases = datasets.flatMap(({ name, operations }, index) =>
  operations
    // Getting in is the same for every dataset; who signs is tried apart.
    .filter((operation) => operation.startsWith('directory.') || (index === 0 && operation === TOKEN))
    .flatMap((operation) =>
      FAULTS.filter((kind) => kind !== 'same-token' || paged(operation)).map((kind) => ({
        name,
        operation,
        kind,
      })),
    ),
);

const isHang = (kind: FaultKind): boolean => kind === 'hang' || kind === 'hang-body';

describe('a fault that lasts fails the dataset', () => {
  test.concurrent.each(cases)('$name: $operation: $kind', async ({ name, operation, kind }) => {
    const requestTimeout = isHang(kind) ? 0.4 : 30;
    await expect(
      collectGoogle(name, { pageSize: 1, faults: { [operation]: { kind } }, settings: { requestTimeout } }),
    ).rejects.toMatchObject({
      name: 'CollectorError',
      code: CODES[kind],
      message: expect.stringContaining(operation),
    });
  });
});

describe('a fault that comes later than the first page fails the dataset too', () => {
  const listing = datasets.map(({ name, operations }) => ({ name, operation: operations.at(-1)! }));
  test.concurrent.each(listing)('$name: $operation', async ({ name, operation }) => {
    const faults = { [operation]: { kind: 'denied', after: 1 } } as const;
    await expect(collectGoogle(name, { pageSize: 1, faults })).rejects.toMatchObject({ code: 'denied' });
  });
});

describe('a fault that passes', () => {
  const passing = cases.filter(({ kind }) =>
    ['throttled', 'rate-limit', 'quota', 'error', 'cut', 'hang'].includes(kind),
  );
  test.concurrent.each(passing)(
    '$name: $operation: $kind once: everything is there, and every attempt is counted',
    async ({ name, operation, kind }) => {
      const { records, told, asked } = await collectGoogle(name, {
        pageSize: 1,
        faults: { [operation]: { kind, times: 1 } },
        settings: { maxAttempts: 3, requestTimeout: isHang(kind) ? 1 : 30 },
      });
      const reference = await wholeOf(name);
      expect(records).toEqual(reference.records);
      expect(told.calls).toHaveLength(reference.told.calls.length + 1);
      expect(asked).toHaveLength(told.calls.length);
      const throttled = told.calls.filter((call) => call.throttled);
      expect(throttled).toHaveLength(['throttled', 'rate-limit', 'quota'].includes(kind) ? 1 : 0);
    },
  );

  test('is asked for again as often as is configured, and no more', async () => {
    const faults = { 'directory.users.list': { kind: 'error', times: 2 } } as const;
    await expect(collectGoogle('users', { faults, settings: { maxAttempts: 2 } })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const { told } = await collectGoogle('users', { faults, settings: { maxAttempts: 3 } });
    expect(told.calls.filter(({ operation }) => operation === 'directory.users.list')).toHaveLength(5);
  });
});

describe('where Google signs', () => {
  const keyless = (options: Options): Promise<Collected> =>
    collectGoogle('users', {
      ...options,
      settings: { impersonate: ACCOUNT, ...options.settings },
    });

  test('every operation that is declared is called', async () => {
    await using sts = await startStub(base);
    await asWorkload(`${sts.endpoint}/sts`, async () => {
      const { told, signers, records } = await keyless({});
      expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
        [...datasets[0]!.operations].sort(),
      );
      expect(signers).toEqual(['google']);
      expect(records).toEqual((await wholeOf('users')).records);
      expect(told.caller).toBe(`${ACCOUNT} as auditor@acme.example`);
    });
  });

  test.each(FAULTS.filter((kind) => kind !== 'same-token'))('%s fails the dataset', async (kind) => {
    await using sts = await startStub(base);
    await asWorkload(`${sts.endpoint}/sts`, async () => {
      const settings = { requestTimeout: isHang(kind) ? 0.4 : 30 };
      await expect(keyless({ faults: { [SIGNING]: { kind } }, settings })).rejects.toMatchObject({
        code: CODES[kind],
        message: expect.stringContaining(SIGNING),
      });
    });
  });

  test('an environment without an identity is denied', async () => {
    await asWorkload('http://127.0.0.1:1/sts', async () => {
      process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nowhere/at/all.json';
      await expect(keyless({})).rejects.toMatchObject({
        code: 'denied',
        message: 'the environment has no Application Default Credentials',
      });
    });
  });

  test('an identity that the environment can not show is no pass', async () => {
    await asWorkload('http://127.0.0.1:1/sts', async () => {
      await expect(keyless({})).rejects.toMatchObject({ name: 'CollectorError', code: 'unavailable' });
    });
  });
});
