import pLimit from 'p-limit';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/collectors/contract.ts';
import type { CollectorConfig } from '../../src/config/contract.ts';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import type { Connected } from '../../src/engine/connect.ts';
import { executeRun } from '../../src/engine/run.ts';
import { recordProvenance } from '../../src/engine/provenance.ts';

const dataset = (name: string) => ({
  dataset: name,
  schedule: 'every 1h',
  cadence: 3600,
  freshness: 7200,
  minRecords: 0,
  maxShrink: 1,
  deadline: 600,
});
const names = ['one', 'two', 'three', 'four'];
const collector: CollectorConfig = { name: 'cloud', type: 'hr', settings: {}, datasets: names.map(dataset) };

/** Takes everything, keeps nothing. */
function log(): EvidenceLog {
  const sealed = { index: 0, leafHash: '' };
  const store = async (records: AsyncIterable<unknown> | Iterable<unknown>) => {
    for await (const _ of records);
    return { sha256: '0'.repeat(64), records: { count: 0 } };
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these two are called
  return { storeBody: store, append: async () => [sealed] } as unknown as EvidenceLog;
}

/** A run over the scopes; `collect` is what the source does. Tells the scopes in the order in which they ended. */
async function run(
  scopes: readonly Scope[],
  collect: (scope: string) => Promise<void>,
  options: { readonly patience?: number; readonly ended?: (ended: readonly string[]) => void },
): Promise<readonly string[]> {
  const ended: string[] = [];
  const connected: Connected = {
    begin: () => {
      const recorder = recordProvenance();
      recorder.setAsOf(1_000);
      return recorder;
    },
    source: {
      scopes: async () => scopes,
      async *collect(_, { id }) {
        await collect(id);
        yield* [];
      },
      preflight: async () => ({ caller: '', permissions: [] }),
      [Symbol.asyncDispose]: async () => {},
    },
  };
  const { patience = 60_000 } = options;
  const task = { collector, datasets: collector.datasets, knownScopes: [], config: '', connected, patience };
  await executeRun(
    { ...task, limit: pLimit(4) },
    {
      log: log(),
      now: () => 1_000,
      last: async () => undefined,
      stopping: new AbortController().signal,
    },
    {
      listed: () => {},
      ended: ({ scope, failure }) => {
        ended.push(failure === null ? scope : failure.detail);
        options.ended?.(ended);
      },
    },
  );
  return ended;
}

describe('a scope that hangs', () => {
  test('takes no more than its share of what goes side by side, and everything else ends before it', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let hanging = 0;
    let atRelease: number | undefined;
    const collect = async (scope: string): Promise<void> => {
      if (scope !== 'hanging') return;
      hanging += 1;
      await released;
    };
    const order = await run(
      ['hanging', 'a', 'b', 'c', 'd'].map((id) => ({ id })),
      collect,
      {
        ended: ({ length }) => {
          if (length < 16) return;
          atRelease ??= hanging;
          release();
        },
      },
    );
    expect(atRelease).toBe(1);
    expect(order).toHaveLength(20);
    expect(order.slice(16)).toEqual(['hanging', 'hanging', 'hanging', 'hanging']);
  });

  test('gives its slot to others when it makes no call, so that many that hang hold up nobody', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const collect = (scope: string): Promise<void> =>
      scope.startsWith('hanging') ? released : Promise.resolve();
    const scopes = ['hanging-1', 'hanging-2', 'hanging-3', 'hanging-4', 'hanging-5', 'a', 'b'];
    const order = await run(
      scopes.map((id) => ({ id })),
      collect,
      {
        patience: 10,
        ended: ({ length }) => {
          if (length >= 8) release();
        },
      },
    );
    expect(order.slice(0, 8).toSorted()).toEqual(['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b']);
    expect(order).toHaveLength(28);
  });
});
