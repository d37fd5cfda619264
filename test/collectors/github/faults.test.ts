import { describe, expect, test, vi } from 'vitest';
import type { CollectorErrorCode } from '../../../src/collectors/error.ts';
import { ALWAYS, type GithubDataset } from '../../../src/collectors/github/dataset.ts';
import { datasets } from '../../../src/collectors/github/datasets.ts';
import type { Outcome } from '../harness.ts';
import type { FaultKind, Faults } from './faults.ts';
import { APP, collectGithub, type Settings } from './harness.ts';
import { smallEstate } from './planted.ts';
import { listRoutes } from './rest.ts';
import { pagedOperations, startStub } from './stub.ts';

vi.setConfig({ maxConcurrency: 8 });

const now = Date.now();
const estate = smallEstate(Math.floor(now / 1000));

async function collectWith(
  dataset: GithubDataset,
  faults: Faults,
  settings: Settings = {},
): Promise<Outcome> {
  await using stub = await startStub(estate, {
    faults,
    pageSize: 1,
    granted: { administration: 'read' },
    clock: () => now,
  });
  return await collectGithub(stub.endpoint, dataset.name, {
    now: () => Math.floor(now / 1000),
    settings: { auth: APP, emailsFrom: ['verified-domains', 'saml'], ...settings },
  });
}

/** Without a fault; collected when first asked for, so that one that fails takes no other with it. */
const whole = new Map<string, Promise<Outcome>>();
function wholeOf(dataset: GithubDataset): Promise<Outcome> {
  const outcome = whole.get(dataset.name) ?? collectWith(dataset, {});
  whole.set(dataset.name, outcome);
  return outcome;
}

describe('the traffic of a healthy organisation', () => {
  test.each(datasets)('$name: made of each operation that is declared, and of no other', async (dataset) => {
    const { told, records } = await wholeOf(dataset);
    expect([...new Set(told.calls.map(({ operation }) => operation))].sort()).toEqual(
      [...dataset.operations].sort(),
    );
    expect(told.calls.filter(({ requestId }) => requestId === undefined)).toEqual([]);
    expect([...new Set(records.map(({ kind }) => kind))].sort()).toEqual([...dataset.kinds].sort());
  });

  test.each(datasets)('$name: every listing came in more than one page', async (dataset) => {
    const { told } = await wholeOf(dataset);
    const paged = dataset.operations.filter(
      (operation) => pagedOperations.has(operation) || listRoutes.includes(operation),
    );
    const once = paged.filter((name) => told.calls.filter(({ operation }) => operation === name).length < 2);
    expect(once).toEqual([]);
  });

  const operations = [...new Set(datasets.flatMap((dataset) => dataset.operations))];
  test.each(operations)("%s only reads, or asks for the app's own token", (operation) => {
    expect(operation).toMatch(
      /^(graphql:|GET \/|POST \/app\/installations\/\{installation_id\}\/access_tokens$)/,
    );
  });
});

/** What each fault must become when it lasts. */
const CODES: Readonly<Record<FaultKind, CollectorErrorCode>> = {
  unauthorized: 'denied',
  denied: 'denied',
  'not-found': 'denied',
  throttled: 'throttled',
  primary: 'throttled',
  secondary: 'throttled',
  limited: 'throttled',
  error: 'unavailable',
  heavy: 'unavailable',
  truncated: 'malformed',
  cut: 'unavailable',
  empty: 'malformed',
  bare: 'malformed',
  'missing-page': 'incomplete',
  'no-token': 'incomplete',
  'same-token': 'incomplete',
  hang: 'timeout',
  'hang-body': 'timeout',
};

const ANY: readonly FaultKind[] = [
  'unauthorized',
  'denied',
  'not-found',
  'throttled',
  'primary',
  'secondary',
  'error',
  'truncated',
  'cut',
  'empty',
  'bare',
  'hang',
  'hang-body',
];
/** A listing that is held against another; the rest state no total. */
const HELD = ['GET /orgs/{org}/repos'];
/** What comes first of these comes with the query that lists what they belong to. */
const LATER = [
  'graphql:repository.collaborators',
  'graphql:organization.team.repositories',
  'graphql:repository.history',
  'graphql:PullRequest.reviews',
];

function kindsOf(operation: string): readonly FaultKind[] {
  const graph = operation.startsWith('graphql:');
  const paged = pagedOperations.has(operation);
  const listed = listRoutes.includes(operation);
  return [
    ...ANY,
    ...(graph ? (['limited', 'heavy'] as const) : []),
    ...(paged || listed ? (['no-token', 'same-token'] as const) : []),
    ...(paged || HELD.includes(operation) ? (['missing-page'] as const) : []),
  ];
}

interface Case {
  readonly dataset: GithubDataset;
  readonly name: string;
  readonly operation: string;
  readonly kind: FaultKind;
}
/** Opening is the same for every dataset. */
const first = datasets[0];
const cases: readonly Case[] = datasets.flatMap((dataset) =>
  dataset.operations
    .filter((operation) => dataset === first || !ALWAYS.some((always) => always === operation))
    .flatMap((operation) =>
      kindsOf(operation).map((kind) => ({ dataset, name: dataset.name, operation, kind })),
    ),
);

describe('a fault that lasts fails the dataset', () => {
  test.concurrent.each(cases)('$name: $operation: $kind', async ({ dataset, operation, kind }) => {
    const settings = { maxAttempts: 1, requestTimeout: kind.startsWith('hang') ? 0.5 : 30 };
    await expect(collectWith(dataset, { [operation]: { kind } }, settings)).rejects.toMatchObject({
      name: 'CollectorError',
      code: CODES[kind],
    });
  });

  test.each(LATER)('%s: what comes first is held against the total, too', (operation) => {
    expect(pagedOperations).toContain(operation);
  });
});

describe('a fault that passes', () => {
  const passing = cases.filter(({ kind }) =>
    ['primary', 'secondary', 'error', 'cut', 'limited'].includes(kind),
  );
  test.concurrent.each(passing)(
    '$name: $operation: $kind once: everything is there, and every attempt is counted',
    async ({ dataset, operation, kind }) => {
      const { records, told } = await collectWith(dataset, { [operation]: { kind, times: 1 } });
      const reference = await wholeOf(dataset);
      expect(records).toEqual(reference.records);
      expect(told.calls.length).toBe(reference.told.calls.length + 1);
      const limited = ['primary', 'secondary', 'limited'].includes(kind);
      expect(told.calls.filter(({ throttled }) => throttled)).toHaveLength(limited ? 1 : 0);
    },
  );

  const [, repositories] = datasets;
  test('a query that GitHub gives up on is asked for less', async () => {
    const operation = 'graphql:organization.repositories';
    const { records } = await collectWith(repositories!, { [operation]: { kind: 'heavy', above: 13 } });
    expect(records).toEqual((await wholeOf(repositories!)).records);
  });

  test('a repository that the other listing did not have yet is asked for once more', async () => {
    const { records } = await collectWith(repositories!, {
      'GET /orgs/{org}/repos': { kind: 'missing-page', times: 1 },
    });
    expect(records).toEqual((await wholeOf(repositories!)).records);
  });
});

test('a limit that would have to be waited for too long fails at once', async () => {
  const faults: Faults = { 'graphql:organization': { kind: 'secondary' } };
  await expect(collectWith(datasets[0]!, faults, { rateLimitWait: 0 })).rejects.toMatchObject({
    code: 'throttled',
  });
});

test('an aborted collection ends with what it was aborted with', async () => {
  const stop = new AbortController();
  await using stub = await startStub(estate, { faults: { 'graphql:organization': { kind: 'hang' } } });
  const collecting = collectGithub(stub.endpoint, 'members', { signal: stop.signal });
  collecting.catch(() => {});
  await vi.waitFor(() => expect(stub.calls).toHaveLength(1));
  stop.abort();
  await expect(collecting).rejects.toMatchObject({ code: 'timeout' });
});
