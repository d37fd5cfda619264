import { describe, expect, test } from 'vitest';
import { plugins } from '../../src/collectors/registry.ts';
import { queryOf } from '../../src/controls/check.ts';
import {
  type AwsOperation,
  type FaultKind,
  faultsOf,
  operationsOf,
  startAwsStub,
} from '../collectors/aws-stub.ts';
import { makeWorld } from '../engine/world.ts';

/**
 * Every API operation of every dataset, made to fail in every way, and the register too, through the whole agent: what depends on
 * the dataset may not pass, the run is sealed as failed, and what doesn't depend on it still passes.
 */

/** The Date headers of the stub are of today. */
const NOW = Math.floor(Date.now() / 1000);
const USERS = 12;

const collectors = (roleArn: string, requestTimeout: number) => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  settings:
    endpoint: { env: STUB }
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '123456789012', roleArn: '${roleArn}', externalId: acme }]
    maxAttempts: 2
    requestTimeout: ${requestTimeout}
    reportPoll: 0.01
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, logins: { column: logins, separator: ';' }, lastDay: last }
`;

function register(rows: number, asOf: number): string {
  const day = (instant: number) => new Date(instant * 1000).toISOString().slice(0, 10);
  const people = Array.from({ length: rows }, (_, at) => {
    // The last one left a month ago and never had an account.
    const last = at === USERS ? day(NOW - 30 * 86_400) : '';
    return `${at},p${at}@acme.example,user-${String(at).padStart(4, '0')},${last},${day(asOf)}`;
  });
  return ['id,email,logins,last,asof', ...people, ''].join('\n');
}

const whole = () => register(USERS + 1, NOW);

interface Seen {
  readonly outcomes: ReadonlyMap<string, string>;
  /** Kinds that each check reads. */
  readonly reads: ReadonlyMap<string, readonly string[]>;
  /** `<dataset>` of each failure that a sealed run tells of, with its reason. */
  readonly failures: ReadonlyMap<string, string>;
}

async function collect(faults: Parameters<typeof startAwsStub>[0]['faults'], csv: string): Promise<Seen> {
  await using stub = await startAwsStub({
    users: USERS,
    pageSize: 5,
    now: NOW * 1000,
    ...(faults && { faults }),
  });
  const hangs = Object.values(faults ?? {}).some(({ kind }) => kind.startsWith('hang'));
  await using world = await makeWorld({
    manifests: {
      'collectors.yaml': collectors('arn:aws:iam::123456789012:role/annexa', hangs ? 0.3 : 10),
      'people.csv': csv,
    },
    builtin: true,
    env: { STUB: stub.endpoint, KEY: 'test' },
  });
  world.now = NOW + 5;
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  await agent.collectOnce();
  const config = await world.config();
  const compiled = await Promise.all(
    config.checks.map(
      async (check) => [check.metadata.name, (await stores.sandbox.compile(queryOf(check))).kinds] as const,
    ),
  );
  const checks = (await agent.view.checks({ limit: 1000 })).items;
  const runs = (await agent.view.runs({ limit: 1000 })).items;
  const sealed = await Promise.all(runs.map((run) => agent.view.entry(run.evidence)));
  expect(new Set(sealed.map((entry) => entry?.stream))).toEqual(new Set(['run/aws', 'run/hr']));
  return {
    outcomes: new Map(checks.map((check) => [check.name, check.outcome])),
    reads: new Map(compiled),
    failures: new Map(
      runs.flatMap((run) =>
        run.datasets.flatMap((line) => (line.reason === null ? [] : [[line.dataset, line.reason]])),
      ),
    ),
  };
}

const kindsOf = (dataset: string): readonly string[] =>
  [...plugins.values()].flatMap((plugin) => plugin.datasets).find((spec) => spec.name === dataset)?.kinds ??
  [];

/** What one fault did: `failing` are the datasets that depend on it. Holds when there is nothing in it. */
function wrongs(seen: Seen, failing: readonly string[], sound: Seen): readonly string[] {
  const spoilt = new Set(failing.flatMap(kindsOf));
  const depends = (check: string) => seen.reads.get(check)?.some((kind) => spoilt.has(kind)) ?? true;
  const checks = [...seen.outcomes];
  return [
    ...failing
      .filter((dataset) => !seen.failures.has(dataset))
      .map((dataset) => `no sealed run tells that ${dataset} failed`),
    ...[...seen.failures.keys()]
      .filter((dataset) => !failing.includes(dataset))
      .map((dataset) => `${dataset} failed too`),
    ...checks
      .filter(([check, outcome]) => depends(check) && outcome === 'pass')
      .map(([check]) => `${check} passes`),
    ...checks
      .filter(([check, outcome]) => !depends(check) && outcome !== sound.outcomes.get(check))
      .map(([check, outcome]) => `${check} is ${outcome}, though it does not rest on what failed`),
  ];
}

const soundly = collect(undefined, whole());

describe('nothing passes that rests on what failed', () => {
  test('while without a fault every check passes that has a population', async () => {
    const { outcomes, failures } = await soundly;
    expect([...failures]).toEqual([]);
    const others = [...outcomes].filter(([, outcome]) => outcome !== 'pass');
    // The stub's account has no administrators.
    expect(Object.fromEntries(others)).toEqual({
      'administrators-few': 'unknown',
      'administrators-named': 'unknown',
    });
  });

  const datasets = Object.keys(operationsOf);
  const operations = [...new Set(Object.values(operationsOf).flat())];
  const cases = operations.flatMap((operation) => faultsOf(operation).map((kind) => ({ operation, kind })));
  // What kind of device a second factor is can't be told from the calls: the factor itself comes from the report.
  const untold = ({ operation, kind }: { operation: AwsOperation; kind: FaultKind }) =>
    operation === 'ListVirtualMFADevices' && kind === 'missing-page';

  test.concurrent.each(cases.filter((entry) => !untold(entry)))(
    'aws: $operation: $kind',
    async ({ operation, kind }) => {
      const failing = datasets.filter((dataset) => operationsOf[dataset]?.includes(operation));
      expect(wrongs(await collect({ [operation]: { kind } }, whole()), failing, await soundly)).toEqual([]);
    },
  );

  test.concurrent.each([
    ['missing its last rows', register(3, NOW).slice(0, -9)],
    ['cut in the middle of a row', whole().slice(0, -20)],
    ['emptied but for its header', register(0, NOW)],
    ['empty', ''],
    ['dated in the future', register(USERS + 1, NOW + 3 * 86_400)],
  ])('hr: a register that is %s', async (_, csv) => {
    expect(wrongs(await collect(undefined, csv), ['people'], await soundly)).toEqual([]);
  });

  test('hr: a register that is old', async () => {
    const { outcomes, reads } = await collect(undefined, register(USERS + 1, NOW - 10 * 86_400));
    const resting = [...reads].filter(([, kinds]) => kinds.includes('person') || kinds.includes('departure'));
    expect(resting.length).toBeGreaterThan(2);
    expect(resting.filter(([check]) => outcomes.get(check) === 'pass')).toEqual([]);
  });
});
