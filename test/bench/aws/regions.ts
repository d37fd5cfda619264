import { setTimeout as delay } from 'node:timers/promises';
import { makeWorld } from '../../engine/world.ts';
import type { Faults } from '../../collectors/aws/faults.ts';
import { datasets } from '../../../src/collectors/aws/datasets.ts';
import { type Measure, round } from '../measure.ts';
import { accountOf, collector, REGIONS } from './manifests.ts';
import { startStubProcess } from './stub-process.ts';

const ACCOUNTS = 10;
/** Milliseconds that each answer takes. */
const LATENCY = 20;
/** The region that hangs in every account. */
const HANGING = 'eu-west-1';

/** Every dataset and scope that answers: all but those of the region. */
function healthy(without: string | undefined): readonly (readonly [dataset: string, scope: string])[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => accountOf(index)).flatMap((account) =>
    datasets.flatMap(({ name, per }) => {
      if (per === 'account') return [[name, account] as const];
      if (per !== 'region') return [];
      return REGIONS.filter((region) => region !== without).map(
        (region) => [name, `${account}:${region}`] as const,
      );
    }),
  );
}

interface Times {
  /** Seconds until the last of what is waited for was sealed. */
  readonly all: number;
  /** Seconds until all of each account or region was. */
  readonly scopes: ReadonlyMap<string, number>;
}

/** One pass of the agent over all datasets. */
async function pass(faults: Faults, wanted: ReturnType<typeof healthy>): Promise<Times> {
  await using stub = await startStubProcess({
    now: Date.now(),
    users: 5,
    sizes: { '*': 2 },
    latency: LATENCY,
  });
  await stub.setFaults(faults);
  const settings = { accounts: ACCOUNTS, regions: REGIONS.length, requestTimeout: 2, maxAttempts: 2 };
  await using world = await makeWorld({
    manifests: { 'aws.yaml': collector({ endpoint: stub.endpoint, ...settings }) },
    builtin: true,
    env: { KEY: 'bench' },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  const began = performance.now();
  const run = opened.agent.collectOnce();
  run.catch(() => {});
  let waiting = wanted;
  const scopes = new Map<string, number>();
  for (let ended = false; waiting.length > 0;) {
    // What failed although it is healthy would be waited for in vain.
    if (ended)
      throw new Error(
        `not sealed: ${waiting
          .slice(0, 20)
          .map((pair) => pair.join(' '))
          .join(', ')}`,
      );
    ended = await Promise.race([run.then(() => true), delay(50, false)]);
    world.now = Math.floor(Date.now() / 1000);
    const now = (performance.now() - began) / 1000;
    for (const [dataset, scope] of waiting)
      if (opened.stores.snapshot('aws', dataset, scope) !== undefined) scopes.set(scope, now);
    waiting = waiting.filter(
      ([dataset, scope]) => opened.stores.snapshot('aws', dataset, scope) === undefined,
    );
  }
  return { all: (performance.now() - began) / 1000, scopes };
}

/**
 * Ten accounts by five regions, all datasets, once through the whole agent: how long until all that answers is sealed, when one region hangs in
 * every account, against the same datasets and scopes when nothing does; and against the slowest scope of those.
 */
export async function awsRegions(): Promise<readonly Measure[]> {
  const wanted = healthy(HANGING);
  const whole = await pass({}, wanted);
  const hung = await pass({ '*': { kind: 'hang', region: HANGING } }, wanted);
  const slowest = Math.max(...whole.scopes.values());
  const value = round(hung.all);
  return [
    { name: 'aws-regions/one-hangs', value, unit: 's', goal: 1.25, baseline: round(whole.all) },
    { name: 'aws-regions/slowest-healthy', value, unit: 's', goal: 1.25, baseline: round(slowest) },
  ];
}
