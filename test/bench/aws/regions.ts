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
function healthy(): readonly (readonly [dataset: string, scope: string])[] {
  return Array.from({ length: ACCOUNTS }, (_, index) => accountOf(index)).flatMap((account) =>
    datasets.flatMap(({ name, per }) => {
      if (per === 'account') return [[name, account] as const];
      if (per !== 'region') return [];
      return REGIONS.filter((region) => region !== HANGING).map(
        (region) => [name, `${account}:${region}`] as const,
      );
    }),
  );
}

/** Seconds until all that answers is sealed, in one pass of the agent over all datasets. */
async function pass(faults: Faults, regions: readonly string[]): Promise<number> {
  const wanted = healthy();
  await using stub = await startStubProcess({
    now: Date.now(),
    users: 5,
    sizes: { '*': 2 },
    latency: LATENCY,
  });
  await stub.setFaults(faults);
  const settings = { accounts: ACCOUNTS, regions, requestTimeout: 6, maxAttempts: 2 };
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
    waiting = waiting.filter(
      ([dataset, scope]) => opened.stores.snapshot('aws', dataset, scope) === undefined,
    );
  }
  return (performance.now() - began) / 1000;
}

/**
 * Ten accounts by five regions, all datasets, once through the whole agent: how long until all that answers is sealed while one region hangs in
 * every account; against the same when it doesn't, and against the same when nobody asks it, where the slowest of those that answer is all
 * there is to wait for.
 */
export async function awsRegions(): Promise<readonly Measure[]> {
  const others = REGIONS.filter((region) => region !== HANGING);
  const value = round(await pass({ '*': { kind: 'hang', region: HANGING } }, REGIONS));
  const answering = round(await pass({}, REGIONS));
  const unasked = round(await pass({}, others));
  return [
    { name: 'aws-regions/one-hangs', value, unit: 's', goal: 1.25, baseline: answering },
    { name: 'aws-regions/one-hangs-unasked', value, unit: 's', goal: 1.25, baseline: unasked },
  ];
}
