import type { CollectorConfig, DatasetConfig } from '../config/contract.ts';
import { type FailureCause, LONGEST_RETRY, retryDelay } from './retry-policy.ts';
import { jitter, LONGEST_JITTER, nextFiring } from './schedule.ts';

interface Item {
  readonly collector: CollectorConfig;
  readonly dataset: DatasetConfig;
  /** The last one could not be stored. */
  unstored: boolean;
  /** The next firing of the schedule. */
  dueAt: number;
  /** Before that, where it failed. */
  retry: { readonly at: number; readonly scopes: readonly string[] } | undefined;
  /** Whether everywhere, or only where it failed. */
  running: 'everywhere' | 'again' | undefined;
  /** In a row. */
  failures: number;
}

/** A dataset to collect: where it failed, or everywhere. */
export interface DueDataset extends DatasetConfig {
  /** Absent: all of its scopes. */
  readonly scopes?: readonly string[];
}

/** The datasets of one collector that are due together: one run. */
export interface Due {
  readonly collector: CollectorConfig;
  readonly datasets: readonly DueDataset[];
}

export interface FailedScope {
  /** `*`: which scopes there are could not be told. */
  readonly scope: string;
  readonly failure: FailureCause;
}

export interface Demanded {
  readonly dataset: string;
  /** `running`: it is being collected already, and not once more. */
  readonly state: 'due' | 'running';
}

/** When each dataset is collected next. Holds no timer and reads no clock. */
export interface Agenda {
  /** When something is due next, Unix seconds; undefined while everything runs or nothing is configured. */
  nextAt(): number | undefined;
  /** What is due by now; taken items count as running until `done`. */
  take(now: number): readonly Due[];
  /** Puts the dataset back: at its next firing, and earlier where a failure asks for another try, there alone. */
  done(collector: string, dataset: string, failed: readonly FailedScope[] | 'store', now: number): void;
  /** What failed since it could not be stored is due at once. */
  hurry(now: number): void;
  /** One dataset of each collector, the one that comes most often, is due at once: what its source says of the time is asked for. */
  consult(now: number): void;
  /** All that the collector isn't collecting at the moment is due at once. Gives each of its datasets; undefined: there is no such collector. */
  demand(collector: string, now: number): readonly Demanded[] | undefined;
  /** Takes over another configuration: what stays as it was keeps its time, what is new or changed is due at once. */
  replace(collectors: readonly CollectorConfig[], now: number): void;
}

/** `lastAt` tells when a dataset was last collected well, so that a restart does not collect everything again. */
export function createAgenda(
  collectors: readonly CollectorConfig[],
  now: number,
  random: () => number,
  lastAt: (collector: string, dataset: string) => number | undefined,
): Agenda {
  let items = new Map<string, Item>();

  const firstDue = (collector: CollectorConfig, dataset: DatasetConfig): number => {
    const last = lastAt(collector.name, dataset.dataset);
    // Of a time to come, it says nothing of how long ago that was.
    return last === undefined || last > now ? now : Math.max(now, nextFiring(dataset, last));
  };
  const fill = (
    list: readonly CollectorConfig[],
    due: (collector: CollectorConfig, dataset: DatasetConfig) => number,
  ): void => {
    const before = items;
    items = new Map();
    for (const collector of list) {
      for (const dataset of collector.datasets) {
        const key = `${collector.name}/${dataset.dataset}`;
        const old = before.get(key);
        items.set(key, {
          collector,
          dataset,
          ...(old !== undefined && sameWork(old, collector, dataset)
            ? { dueAt: old.dueAt, retry: old.retry }
            : { dueAt: due(collector, dataset), retry: undefined }),
          running: old?.running,
          failures: 0,
          unstored: false,
        });
      }
    }
  };
  fill(collectors, firstDue);

  return {
    nextAt() {
      const waiting = [...items.values()].filter((item) => item.running === undefined).map(nextTry);
      return waiting.length === 0 ? undefined : Math.min(...waiting);
    },
    take(at) {
      for (const item of items.values()) notLater(item, at);
      const due = [...items.values()].filter((item) => item.running === undefined && nextTry(item) <= at);
      for (const item of due) item.running = isEverywhere(item, at) ? 'everywhere' : 'again';
      return [...Map.groupBy(due, (item) => item.collector)].map(([collector, group]) => ({
        collector,
        datasets: group.map(dueDataset),
      }));
    },
    done(collector, dataset, failed, at) {
      const item = items.get(`${collector}/${dataset}`);
      if (item === undefined) return;
      const { running } = item;
      item.running = undefined;
      item.unstored = failed === 'store';
      const scopes = failed === 'store' ? UNSTORED : failed;
      item.failures = scopes.length === 0 ? 0 : item.failures + 1;
      // A try in between doesn't move the schedule.
      if (running === 'everywhere')
        item.dueAt = nextFiring(item.dataset, at) + jitter(item.dataset.cadence, random);
      item.retry = retryOf(item, scopes, at);
    },
    hurry(at) {
      for (const item of items.values()) if (item.unstored) item.dueAt = Math.min(item.dueAt, at);
    },
    consult(at) {
      for (const group of Map.groupBy(items.values(), ({ collector }) => collector.name).values()) {
        const [first] = group.toSorted((one, other) => one.dataset.cadence - other.dataset.cadence);
        if (first !== undefined) first.dueAt = Math.min(first.dueAt, at);
      }
    },
    demand(name, at) {
      const own = [...items.values()].filter(({ collector }) => collector.name === name);
      for (const item of own) if (item.running === undefined) item.dueAt = Math.min(item.dueAt, at);
      const told = own.map(({ dataset, running }): Demanded => ({
        dataset: dataset.dataset,
        state: running === undefined ? 'due' : 'running',
      }));
      return told.length === 0 ? undefined : told;
    },
    replace(list, at) {
      fill(list, () => at);
    },
  };
}

/** What could not be stored is collected again, wherever that was. */
const UNSTORED: readonly FailedScope[] = [
  { scope: '*', failure: { code: 'unavailable', detail: 'the store failed' } },
];

/** A time that was set when the clock stood later is not waited for: nothing waits longer than its own schedule says. */
function notLater(item: Item, at: number): void {
  if (item.dueAt > at) item.dueAt = Math.min(item.dueAt, nextFiring(item.dataset, at) + LONGEST_JITTER);
  if (item.retry !== undefined && item.retry.at > at + LONGEST_RETRY) item.retry = { ...item.retry, at };
}

function nextTry({ dueAt, retry }: Item): number {
  return Math.min(dueAt, retry?.at ?? Infinity);
}

function isEverywhere({ dueAt, retry }: Item, at: number): boolean {
  return retry === undefined || dueAt <= at || retry.scopes.includes('*');
}

function dueDataset({ dataset, running, retry }: Item): DueDataset {
  return running === 'again' && retry !== undefined ? { ...dataset, scopes: retry.scopes } : dataset;
}

/** Undefined where nothing failed, or all that did waits for the schedule. */
function retryOf({ failures }: Item, failed: readonly FailedScope[], at: number): Item['retry'] {
  const again = failed.flatMap(({ scope, failure }) => {
    const delay = retryDelay(failure.code, failures);
    return delay === undefined ? [] : [{ scope, delay }];
  });
  if (again.length === 0) return undefined;
  return { at: at + Math.min(...again.map(({ delay }) => delay)), scopes: again.map(({ scope }) => scope) };
}

function sameWork(old: Item, collector: CollectorConfig, dataset: DatasetConfig): boolean {
  return (
    JSON.stringify([old.collector.type, old.collector.settings, old.dataset]) ===
    JSON.stringify([collector.type, collector.settings, dataset])
  );
}
