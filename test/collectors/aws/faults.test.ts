import { describe, expect, test, vi } from 'vitest';
import { awsConfig } from '../../../src/collectors/aws/config.ts';
import type { AwsDataset } from '../../../src/collectors/aws/dataset.ts';
import { datasets } from '../../../src/collectors/aws/datasets.ts';
import { scopesOf } from '../../../src/collectors/aws/scopes.ts';
import type { CollectorErrorCode } from '../../../src/collectors/error.ts';
import { collectAws, credentials, type Outcome } from '../aws-harness.ts';
import { estate } from './estate/index.ts';
import { type FaultKind, type Faults, faultsOf } from './faults.ts';
import { modelOf } from './services.ts';
import { startStub } from './stub.ts';

vi.setConfig({ maxConcurrency: 12 });

const now = Date.now();
const handlers = estate({ now, size: 3, pageSize: 1 });
const ACCOUNT = '123456789012';
const settings = {
  accounts: [{ id: ACCOUNT, roleArn: `arn:aws:iam::${ACCOUNT}:role/annexa`, externalId: 'acme' }],
  region: 'eu-west-1',
  organization: { account: ACCOUNT },
  identityCenter: { account: ACCOUNT, region: 'eu-central-1' },
};
const config = awsConfig.parse({ credentials, ...settings });

function scopeOf({ name }: AwsDataset): string {
  const scope = scopesOf(config, config.accounts).find(({ datasets }) => datasets?.includes(name));
  if (scope === undefined) throw new Error(`${name} is collected nowhere`);
  return scope.id;
}

interface Limits {
  readonly maxAttempts?: number;
  /** Seconds. */
  readonly requestTimeout?: number;
}

async function collectWith(dataset: AwsDataset, faults: Faults, limits: Limits = {}): Promise<Outcome> {
  await using stub = await startStub(handlers, { faults });
  return await collectAws(stub.endpoint, ACCOUNT, dataset.name, {
    now: () => Math.floor(now / 1000),
    scope: scopeOf(dataset),
    settings: { ...settings, ...limits },
  });
}

/** Without a fault; collected when first asked for, so that one that fails takes no other with it. */
const whole = new Map<string, Promise<Outcome>>();
function wholeOf(dataset: AwsDataset): Promise<Outcome> {
  const outcome = whole.get(dataset.name) ?? collectWith(dataset, {});
  whole.set(dataset.name, outcome);
  return outcome;
}

describe('the traffic of a healthy account', () => {
  test.each(datasets)('$name: made of each operation that is declared, and of no other', async (dataset) => {
    const { told, records } = await wholeOf(dataset);
    expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
      [...new Set(dataset.operations)].sort(),
    );
    expect(told.calls.filter(({ requestId }) => requestId === undefined)).toEqual([]);
    expect([...new Set(records.map(({ kind }) => kind))].sort()).toEqual([...dataset.kinds].sort());
  });

  const operations = [...new Set(datasets.flatMap((dataset) => dataset.operations))];
  test.each(operations)('%s only reads by its name, assumes the role, or makes the report', (operation) => {
    expect(operation).toMatch(
      /^([a-z0-9-]+:(Get|List|Describe|BatchGet|Select)[A-Z]\w*|sts:AssumeRole|iam:GenerateCredentialReport)$/,
    );
  });

  test.each(datasets)('$name: every listing with pages came in more than one', async (dataset) => {
    const { told } = await wholeOf(dataset);
    const once = dataset.operations.filter(
      (operation) => told.calls.filter((call) => call.operation === operation).length === 1,
    );
    const paged = [];
    for (const operation of once)
      if (faultsOf(await modelOf(operation)).includes('same-token')) paged.push(operation);
    expect(paged).toEqual([]);
  });
});

/** What each fault must become when it lasts. */
const CODES: Readonly<Record<FaultKind, CollectorErrorCode>> = {
  denied: 'denied',
  throttled: 'throttled',
  error: 'unavailable',
  truncated: 'malformed',
  cut: 'unavailable',
  empty: 'malformed',
  'missing-page': 'incomplete',
  'no-token': 'incomplete',
  'same-token': 'incomplete',
  hang: 'timeout',
  'hang-body': 'timeout',
};

/** Where two ways lead to the same code. */
const WORDS: Partial<Record<FaultKind, string>> = {
  'no-token': 'without a marker to go on from',
  'same-token': 'came twice',
};

/** Opening a session is the same for every dataset. */
const first = datasets[0];
const operationsOf = (dataset: AwsDataset): readonly string[] =>
  dataset.operations.filter((operation) => dataset === first || !operation.startsWith('sts:'));

interface Case {
  readonly dataset: AwsDataset;
  readonly name: string;
  readonly operation: string;
  readonly kind: FaultKind;
}
const cases: Case[] = [];
for (const dataset of datasets)
  for (const operation of operationsOf(dataset))
    for (const kind of faultsOf(await modelOf(operation)))
      cases.push({ dataset, name: dataset.name, operation, kind });

/** The calls can't tell a virtual device of a page that never came from a hardware one: the second factor itself comes from the report. */
const untold = ({ operation, kind }: Case): boolean =>
  operation === 'iam:ListVirtualMFADevices' && kind === 'missing-page';

describe('a fault that lasts fails the dataset', () => {
  test.concurrent.each(cases.filter((entry) => !untold(entry)))(
    '$name: $operation: $kind',
    async ({ dataset, operation, kind }) => {
      const limits = { maxAttempts: 1, requestTimeout: kind.startsWith('hang') ? 0.5 : 30 };
      await expect(collectWith(dataset, { [operation]: { kind } }, limits)).rejects.toMatchObject({
        name: 'CollectorError',
        code: CODES[kind],
        message: expect.stringContaining(WORDS[kind] ?? ''),
      });
    },
  );
});

describe('a fault that passes', () => {
  const hanging = (kind: FaultKind): boolean => kind === 'hang' || kind === 'hang-body';
  const passing = ({ dataset, operation, kind }: Case): boolean =>
    ['throttled', 'error', 'cut'].includes(kind) ||
    (hanging(kind) && operation === dataset.operations.at(-1));
  test.concurrent.each(cases.filter(passing))(
    '$name: $operation: $kind once: everything is there, and every attempt is counted',
    async ({ dataset, operation, kind }) => {
      const limits = { maxAttempts: 3, requestTimeout: hanging(kind) ? 2 : 30 };
      const { records, told } = await collectWith(dataset, { [operation]: { kind, times: 1 } }, limits);
      const reference = await wholeOf(dataset);
      expect(records).toEqual(reference.records);
      expect(told.calls.length).toBe(reference.told.calls.length + 1);
      expect(told.calls.filter(({ throttled }) => throttled)).toHaveLength(kind === 'throttled' ? 1 : 0);
    },
  );

  const identities = datasets.filter(({ name }) => name === 'iam-identities');
  test.each(identities)('a listing that lacks a page once is listed again', async (dataset) => {
    const faults: Faults = { 'iam:GetAccountAuthorizationDetails': { kind: 'missing-page', times: 2 } };
    const { records } = await collectWith(dataset, faults);
    expect(records).toEqual((await wholeOf(dataset)).records);
  });

  test.each(identities)(
    'a page of second factors that never came changes no identity, only what is told of the factor',
    async (dataset) => {
      const { records } = await collectWith(dataset, {
        'iam:ListVirtualMFADevices': { kind: 'missing-page' },
      });
      const of = (all: typeof records) => all.filter(({ kind }) => kind === 'identity');
      expect(of(records)).toEqual(of((await wholeOf(dataset)).records));
      const types = records.flatMap((record) =>
        'type' in record && record.kind === 'credential' ? [record.type] : [],
      );
      const users = of(records).length - 1;
      expect(types.filter((type) => type === 'mfa' || type === 'virtual_mfa')).toHaveLength(users + 1);
    },
  );
});
