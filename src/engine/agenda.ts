import type { CollectorConfig, DatasetConfig } from '../config/contract.ts';
import { type FailureCause, retryDelay } from './retry-policy.ts';
import { jitter, nextFiring } from './schedule.ts';

interface Item {
  readonly collector: CollectorConfig;
  readonly dataset: DatasetConfig;
  dueAt: number;
  running: boolean;
  failures: number;
}

/** The datasets of one collector that are due together: one run. */
export interface Due {
  readonly collector: CollectorConfig;
  readonly datasets: readonly DatasetConfig[];
}

/** When each dataset is collected next. Holds no timer and reads no clock. */
export interface Agenda {
  /** When something is due next, Unix seconds; undefined while everything runs or nothing is configured. */
  nextAt(): number | undefined;
  /** What is due by now; taken items count as running until `done`. */
  take(now: number): readonly Due[];
  /** Puts the dataset back: at its next firing, or earlier where its failure asks for another try. */
  done(collector: string, dataset: string, failure: FailureCause | null, now: number): void;
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
    return last === undefined ? now : Math.max(now, nextFiring(dataset, last));
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
          dueAt: old !== undefined && sameWork(old, collector, dataset) ? old.dueAt : due(collector, dataset),
          running: old?.running ?? false,
          failures: 0,
        });
      }
    }
  };
  fill(collectors, firstDue);

  return {
    nextAt() {
      const waiting = [...items.values()].filter((item) => !item.running).map((item) => item.dueAt);
      return waiting.length === 0 ? undefined : Math.min(...waiting);
    },
    take(at) {
      const due = [...items.values()].filter((item) => !item.running && item.dueAt <= at);
      for (const item of due) item.running = true;
      return [...Map.groupBy(due, (item) => item.collector)].map(([collector, group]) => ({
        collector,
        datasets: group.map((item) => item.dataset),
      }));
    },
    done(collector, dataset, failure, at) {
      const item = items.get(`${collector}/${dataset}`);
      if (item === undefined) return;
      item.running = false;
      item.failures = failure === null ? 0 : item.failures + 1;
      const firing = nextFiring(item.dataset, at) + jitter(item.dataset.cadence, random);
      const delay = failure === null ? undefined : retryDelay(failure.code, item.failures);
      item.dueAt = delay === undefined ? firing : Math.min(firing, at + delay);
    },
    replace(list, at) {
      fill(list, () => at);
    },
  };
}

function sameWork(old: Item, collector: CollectorConfig, dataset: DatasetConfig): boolean {
  return (
    JSON.stringify([old.collector.type, old.collector.settings, old.dataset]) ===
    JSON.stringify([collector.type, collector.settings, dataset])
  );
}
