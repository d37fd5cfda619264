import type { Collector, Scope } from '../../../src/collectors/contract.ts';
import { recordsOf, type Told } from '../../collectors/harness.ts';
import { type Measure, round } from '../measure.ts';

/** One dataset, ready to be collected from a source that holds so many of each thing. */
export interface Prepared extends AsyncDisposable {
  readonly collector: Collector;
  readonly scope: Scope;
  /** What it told so far. */
  readonly told: Told;
}

/** What is asked of a source's datasets. */
export interface SourceGoals {
  readonly datasets: readonly string[];
  /** Requests for a scope with one of each, by dataset; `*` for what is not named. */
  readonly fixed: Readonly<Record<string, number>> & { readonly '*': number };
  /** Requests for 1,000 more records, likewise. */
  readonly perThousand: Readonly<Record<string, number>> & { readonly '*': number };
  /** Milliseconds for 1,000 records, by dataset; five seconds for what is not named. */
  readonly time?: Readonly<Record<string, number>>;
  readonly prepare: (dataset: string, size: number) => Promise<Prepared>;
}

interface Pass {
  readonly requests: number;
  readonly records: number;
  readonly milliseconds: number;
}

const THOUSAND = 1_000;

/** For 1,000 records, in milliseconds, the stub in the same process: far more than any takes. */
const GENEROUS = 5_000;

async function pass({ prepare }: SourceGoals, dataset: string, size: number): Promise<Pass> {
  await using prepared = await prepare(dataset, size);
  const began = performance.now();
  const records = await recordsOf(prepared.collector, dataset, prepared.scope);
  return {
    requests: prepared.told.calls.length,
    records: records.length,
    milliseconds: performance.now() - began,
  };
}

/** Requests of each dataset for one of each thing; requests and time for 1,000 more records. */
export async function figuresOf(source: string, goals: SourceGoals): Promise<readonly Measure[]> {
  const figures: Measure[] = [];
  for (const dataset of goals.datasets) {
    const few = await pass(goals, dataset, 1);
    const many = await pass(goals, dataset, THOUSAND + 1);
    const more = many.records - few.records;
    if (more < THOUSAND / 2) throw new Error(`${source}/${dataset}: only ${more} more records`);
    const name = `source-calls/${source}/${dataset}`;
    figures.push(
      {
        name: `${name}-fixed`,
        value: few.requests,
        unit: 'requests',
        goal: goals.fixed[dataset] ?? goals.fixed['*'],
      },
      {
        name: `${name}-per-1000`,
        value: round(((many.requests - few.requests) * THOUSAND) / more),
        unit: 'requests',
        goal: goals.perThousand[dataset] ?? goals.perThousand['*'],
      },
      {
        name: `${name}-time-per-1000`,
        // The first pass has loaded what the second needs.
        value: round((many.milliseconds * THOUSAND) / many.records),
        unit: 'ms',
        goal: goals.time?.[dataset] ?? GENEROUS,
      },
    );
  }
  return figures;
}
