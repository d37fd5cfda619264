import { setMaxListeners } from 'node:events';
import type { Collector, Scope } from '../collectors/contract.ts';
import { CollectorError } from '../collectors/error.ts';
import { plugins } from '../collectors/registry.ts';
import type { CollectorConfig, DatasetConfig } from '../config/contract.ts';
import type { EvidenceLog, Sealed, StatementDraft, StoredBody } from '../evidence/contract.ts';
import { EvidenceError } from '../evidence/error.ts';
import { InventoryError } from '../inventory/error.ts';
import type { InventoryRecord, Kind } from '../inventory/kind.ts';
import { kinds } from '../inventory/kinds.ts';
import { type ProvenanceRecorder, type Seen } from './provenance.ts';
import { failureCause, type FailureCause } from './retry-policy.ts';
import { CLOCK_TOLERANCE } from './sources.ts';

export interface CollectTask {
  readonly collector: CollectorConfig;
  readonly dataset: DatasetConfig;
  readonly scope: Scope;
  readonly source: Collector;
  readonly provenance: ProvenanceRecorder;
  readonly runId: string;
  /** Digest of the configuration in force. */
  readonly config: string;
}

export interface CollectDependencies {
  readonly log: EvidenceLog;
  /** Unix seconds. */
  readonly now: () => number;
  /** What the last snapshot of the source held; undefined before the first. */
  readonly last: (
    task: CollectTask,
  ) => Promise<{ readonly listed: number; readonly asOf: number | null } | undefined>;
  readonly stopping: AbortSignal;
  /** Told the as-of of what was just collected, before it is held against the time. */
  readonly heard?: (instant: number) => void;
}

export interface DatasetResult {
  readonly dataset: string;
  readonly scope: string;
  /** Null when the snapshot is sealed. */
  readonly failure: FailureCause | null;
  /** The sealed snapshot; null when it failed. */
  readonly snapshot: Sealed | null;
  readonly records: number | null;
  readonly seen: Seen;
}

/** A collection that asks its source nothing more. */
export interface Collected {
  /** Rejects for a failure of the store alone. When it gives a snapshot, that is acknowledged: it survives a kill. */
  readonly result: Promise<DatasetResult>;
}

/**
 * Collects one dataset in one scope whole, and has it sealed, with others that come in the meantime; a failure of the source is a result, not
 * an exception. Only a failure of the store rejects.
 */
export async function collectDataset(task: CollectTask, deps: CollectDependencies): Promise<Collected> {
  const { dataset, scope, provenance } = task;
  const startedAt = deps.now();
  const signal = AbortSignal.any([deps.stopping, AbortSignal.timeout(dataset.deadline * 1000)]);
  setMaxListeners(0, signal);
  const result = (
    failure: FailureCause | null,
    snapshot: Sealed | null,
    records: number | null,
  ): DatasetResult => ({
    dataset: dataset.dataset,
    scope: scope.id,
    failure,
    snapshot,
    records,
    seen: forgotten(provenance),
  });
  const failed = (error: unknown): DatasetResult => {
    if (error instanceof EvidenceError && error.code !== 'invalid') throw error;
    return result(causeOf(error, deps.stopping, signal, dataset.deadline), null, null);
  };
  try {
    const records = guarded(task.source.collect(dataset.dataset, scope, signal), signal, expectedKinds(task));
    const body = await deps.log.storeBody(records, signal);
    const seen = provenance.seen();
    if (seen.asOf !== undefined) deps.heard?.(seen.asOf);
    const asOf = plausible(task, body, seen, await deps.last(task), deps.now());
    const draft = await snapshotDraft(task, body, seen, asOf, startedAt, deps);
    const sealed = deps.log.append([draft]);
    return {
      result: sealed.then(([snapshot]) => result(null, snapshot ?? null, body.records.count)).catch(failed),
    };
  } catch (error) {
    return { result: Promise.resolve(failed(error)) };
  }
}

/** What is left of it when the collection has ended. */
function forgotten(provenance: ProvenanceRecorder): Seen {
  provenance.forgetRequests();
  return provenance.seen();
}

function expectedKinds(task: CollectTask): ReadonlyMap<string, Kind> {
  const names =
    plugins.get(task.collector.type)?.datasets.find(({ name }) => name === task.dataset.dataset)?.kinds ?? [];
  return new Map(names.map((name) => [name, kinds.get(name)!]));
}

/** Checks each record against its kind, and ends as soon as the signal fires even if the source never answers. */
async function* guarded(
  records: AsyncIterable<InventoryRecord>,
  signal: AbortSignal,
  expected: ReadonlyMap<string, Kind>,
): AsyncGenerator<InventoryRecord> {
  const iterator = records[Symbol.asyncIterator]();
  let give = (_reason: unknown): void => {};
  const onAbort = () => give(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      // A promise of its own for each record: what is raced against one that lasts stays with it until the end.
      const next = await new Promise<IteratorResult<InventoryRecord>>((resolve, reject) => {
        give = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield checked(next.value, expected);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // A source that hangs may never settle this; the process must not wait for it.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function checked(record: InventoryRecord, expected: ReadonlyMap<string, Kind>): InventoryRecord {
  const kind = expected.get(record.kind);
  if (kind === undefined) {
    throw new CollectorError(
      'malformed',
      `record ${record.id}: kind ${record.kind} is not declared by this dataset`,
    );
  }
  const parsed = kind.schema.safeParse(record);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CollectorError('malformed', `record ${record.id}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The as-of time, when the collection is believable; throws otherwise. */
function plausible(
  { dataset }: CollectTask,
  body: StoredBody,
  seen: Seen,
  last: { readonly listed: number; readonly asOf: number | null } | undefined,
  now: number,
): number {
  const listed = listedRecords(body, seen);
  if (listed < dataset.minRecords) {
    throw new CollectorError(
      'implausible',
      `${listed} records, at least ${dataset.minRecords} expected (minRecords)`,
    );
  }
  if (last !== undefined && listed < last.listed * (1 - dataset.maxShrink)) {
    const allowed = `${Math.round(dataset.maxShrink * 100)} %`;
    throw new CollectorError(
      'implausible',
      `${listed} records after ${last.listed}: more than ${allowed} fewer (maxShrink)`,
    );
  }
  if (seen.asOf === undefined) throw new CollectorError('as-of', 'the source states no as-of time');
  if (seen.asOf > now + CLOCK_TOLERANCE) {
    throw new CollectorError(
      'as-of',
      `as of ${instant(seen.asOf)}, which lies in the future (now ${instant(now)})`,
    );
  }
  if (typeof last?.asOf === 'number' && seen.asOf < last.asOf) {
    throw new CollectorError(
      'as-of',
      `as of ${instant(seen.asOf)}, older than the snapshot before (${instant(last.asOf)})`,
    );
  }
  return seen.asOf;
}

/** Records that the source itself listed: a collector that carries records over says how many those were. */
function listedRecords(body: StoredBody, seen: Pick<Seen, 'notes'>): number {
  const listed = seen.notes['listed'];
  return typeof listed === 'number' ? listed : body.records.count;
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

async function snapshotDraft(
  task: CollectTask,
  body: StoredBody,
  seen: Seen,
  asOf: number,
  startedAt: number,
  { log, now }: CollectDependencies,
): Promise<StatementDraft> {
  const requests = await log.storeBody(seen.requests);
  const { collector, dataset, scope } = task;
  return {
    predicate: 'snapshot',
    stream: `snapshot/${collector.name}/${dataset.dataset}/${scope.id}`,
    runId: task.runId,
    startedAt,
    finishedAt: Math.max(startedAt, now()),
    config: task.config,
    subjects: [
      { name: 'records', sha256: body.sha256 },
      { name: 'requests', sha256: requests.sha256 },
    ],
    fields: {
      collector: collector.name,
      dataset: dataset.dataset,
      scope: scope.id,
      asOf,
      kinds: Object.fromEntries([...expectedKinds(task).values()].map((kind) => [kind.name, kind.digest])),
      records: body.records,
      provenance: {
        caller: seen.caller ?? null,
        endpoint: seen.endpoint ?? null,
        operations: seen.operations as Record<string, { calls: number; throttled: number }>,
        notes: seen.notes,
      },
      outcome: 'complete',
    },
  };
}

function causeOf(error: unknown, stopping: AbortSignal, signal: AbortSignal, deadline: number): FailureCause {
  if (stopping.aborted) return { code: 'stopped', detail: 'the agent was stopped' };
  if (signal.aborted) return { code: 'timeout', detail: `not collected within ${deadline} s` };
  if (error instanceof EvidenceError || error instanceof InventoryError)
    return { code: 'malformed', detail: failureCause(error).detail };
  return failureCause(error);
}
