import pLimit from 'p-limit';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/collectors/contract.ts';
import type { CollectorConfig } from '../../src/config/contract.ts';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
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
const scopes: readonly Scope[] = ['hanging', 'a', 'b', 'c', 'd'].map((id) => ({ id }));

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

describe('a scope that hangs', () => {
  test('takes no more than its share of what goes side by side, and everything else ends before it', async () => {
    const limit = pLimit(4);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let hanging = 0;
    let atRelease: number | undefined;
    const ended: string[] = [];
    const run = executeRun(
      {
        collector,
        datasets: collector.datasets,
        knownScopes: [],
        config: '',
        limit,
        connected: {
          begin: () => {
            const recorder = recordProvenance();
            recorder.setAsOf(1_000);
            return recorder;
          },
          source: {
            scopes: async () => scopes,
            async *collect(_, { id }) {
              if (id === 'hanging') {
                hanging += 1;
                await released;
              }
              yield* [];
            },
            preflight: async () => ({ caller: '', permissions: [] }),
            [Symbol.asyncDispose]: async () => {},
          },
        },
      },
      {
        log: log(),
        now: () => 1_000,
        last: async () => undefined,
        stopping: new AbortController().signal,
      },
      {
        listed: (listed) => expect(listed).toEqual(scopes),
        ended: ({ scope, failure }) => {
          ended.push(failure === null ? scope : failure.detail);
          if (ended.length === 16) release();
          atRelease ??= ended.length === 16 ? hanging : undefined;
        },
      },
    );
    const { results } = await run;
    expect(results).toHaveLength(20);
    expect(atRelease).toBe(1);
    expect(ended.slice(16)).toEqual(['hanging', 'hanging', 'hanging', 'hanging']);
  });
});
