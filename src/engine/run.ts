import { randomUUID } from 'node:crypto';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Scope } from '../collectors/contract.ts';
import { plugins } from '../collectors/registry.ts';
import type { CollectorConfig } from '../config/contract.ts';
import type { EvidenceLog, Sealed } from '../evidence/contract.ts';
import type { DueDataset } from './agenda.ts';
import { type Collected, collectDataset, type CollectDependencies, type DatasetResult } from './collect.ts';
import type { Connected } from './connect.ts';
import { recordProvenance } from './provenance.ts';
import { type FailureCause, failureCause } from './retry-policy.ts';
import { inSlot } from './slots.ts';
import { collectedIn } from './sources.ts';

export interface RunTask {
  readonly collector: CollectorConfig;
  readonly connected: Connected;
  /** The datasets that are due. */
  readonly datasets: readonly DueDataset[];
  /** Scopes to name in the run when the source can't list its own. */
  readonly knownScopes: readonly Scope[];
  readonly config: string;
  /** Shared by all runs: how many datasets are collected side by side. */
  readonly limit: LimitFunction;
  /** Milliseconds after which a collection that makes no call gives its slot to others; two seconds unless given. */
  readonly patience?: number;
}

export interface RunResult {
  readonly id: string;
  readonly collector: string;
  readonly results: readonly DatasetResult[];
  /** The sealed run. */
  readonly sealed: Sealed;
}

/** Told while a run goes on, so that nobody waits for its slowest part. */
export interface RunObserver {
  listed(scopes: readonly Scope[]): void;
  ended(result: DatasetResult): void;
}

/** Seconds in which a source must list its scopes. */
const SCOPES_DEADLINE = 60;

/** One execution of a collector. It is sealed whether it succeeded or not; only a failure of the store rejects. */
export async function executeRun(
  task: RunTask,
  deps: CollectDependencies,
  observer: RunObserver,
): Promise<RunResult> {
  const id = randomUUID();
  const startedAt = deps.now();
  const scopes = await listScopes(task, deps);
  if ('listed' in scopes) observer.listed(scopes.listed);
  const results =
    'failure' in scopes
      ? failedEverywhere(task, scopes.failure)
      : await collectAll(task, scopes.listed, id, deps, observer);
  if ('failure' in scopes) for (const result of results) observer.ended(result);
  const sealed = await sealRun(task, id, startedAt, results, deps);
  return {
    id,
    collector: task.collector.name,
    results,
    sealed,
  };
}

async function listScopes(
  { connected }: RunTask,
  { stopping }: CollectDependencies,
): Promise<{ readonly listed: readonly Scope[] } | { readonly failure: FailureCause }> {
  const timeout = AbortSignal.timeout(SCOPES_DEADLINE * 1000);
  const signal = AbortSignal.any([stopping, timeout]);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  try {
    return { listed: await Promise.race([connected.source.scopes(signal), aborted]) };
  } catch (error) {
    if (stopping.aborted) return { failure: { code: 'stopped', detail: 'the agent was stopped' } };
    if (timeout.aborted)
      return { failure: { code: 'timeout', detail: `scopes not listed within ${SCOPES_DEADLINE} s` } };
    return { failure: failureCause(error) };
  }
}

/** One scope takes at most this share of what goes side by side, so that one that hangs doesn't hold up the others. */
const SHARE = 4;

const PATIENCE = 2_000;

async function collectAll(
  { collector, connected, config, limit, datasets, patience = PATIENCE }: RunTask,
  scopes: readonly Scope[],
  runId: string,
  deps: CollectDependencies,
  observer: RunObserver,
): Promise<DatasetResult[]> {
  const width = Math.ceil(limit.concurrency / Math.min(scopes.length, SHARE));
  const narrow = narrowDatasets(collector.type);
  const jobs = scopes.flatMap((scope) => {
    const inScope = pLimit(width);
    const here = datasets.filter(
      ({ dataset, scopes: chosen }) =>
        (chosen?.includes(scope.id) ?? true) && collectedIn([scope], dataset).length > 0,
    );
    return here.map((dataset) =>
      inScope(() => {
        // What hasn't begun doesn't stand still: a limit of few holds while its one waits for a slot.
        let waiting = 0;
        let calls = (): number => (waiting -= 1);
        const collect = (): Promise<Collected> => {
          const provenance = connected.begin(dataset.dataset, scope.id);
          calls = () => provenance.seen().apiCalls;
          return collectDataset(
            { collector, dataset, scope, source: connected.source, provenance, runId, config },
            deps,
          );
        };
        const slot = () => inSlot(limit, collect, () => calls(), patience);
        const few = narrow.get(dataset.dataset);
        return few === undefined ? slot() : inSlot(few, slot, () => calls(), patience);
      }).then(async (collected) => {
        // Sealing waits for others to be sealed with; the next collection doesn't wait for that.
        const result = await collected.result;
        observer.ended(result);
        return result;
      }),
    );
  });
  const settled = await Promise.allSettled(jobs);
  return settled.map((job) => {
    if (job.status === 'rejected') throw job.reason;
    return job.value;
  });
}

/** The limits of those datasets that have one of their own. */
function narrowDatasets(type: string): ReadonlyMap<string, LimitFunction> {
  const specs = plugins.get(type)?.datasets ?? [];
  return new Map(
    specs.flatMap(({ name, sideBySide }) => (sideBySide === undefined ? [] : [[name, pLimit(sideBySide)]])),
  );
}

function failedEverywhere(
  { datasets, knownScopes }: RunTask,
  failure: DatasetResult['failure'],
): DatasetResult[] {
  const seen = recordProvenance().seen();
  return datasets.flatMap(({ dataset, scopes }) =>
    (scopes ?? (knownScopes.length > 0 ? collectedIn(knownScopes, dataset) : ['*'])).map((scope) => ({
      dataset,
      scope,
      failure,
      snapshot: null,
      records: null,
      seen,
    })),
  );
}

async function sealRun(
  task: RunTask,
  id: string,
  startedAt: number,
  results: readonly DatasetResult[],
  { log, now }: CollectDependencies,
): Promise<Sealed> {
  const body = await log.storeBody(results.map(runLine));
  const failed = results.filter(({ failure }) => failure !== null).length;
  return appendOne(log, {
    predicate: 'run',
    stream: `run/${task.collector.name}`,
    runId: id,
    startedAt,
    finishedAt: Math.max(startedAt, now()),
    config: task.config,
    subjects: [{ name: 'datasets', sha256: body.sha256 }],
    fields: {
      collector: task.collector.name,
      type: task.collector.type,
      outcome: failed === 0 ? 'ok' : 'failed',
      datasets: results.length,
      failed,
      apiCalls: results.reduce((sum, { seen }) => sum + seen.apiCalls, 0),
      throttled: results.reduce((sum, { seen }) => sum + seen.throttled, 0),
    },
  });
}

/** One line of a run's body. */
function runLine({ dataset, scope, failure, snapshot, records, seen }: DatasetResult) {
  return {
    id: `${dataset}/${scope}`,
    dataset,
    scope,
    outcome: failure === null ? 'ok' : 'failed',
    reason: failure?.code ?? null,
    detail: failure?.detail ?? null,
    records,
    snapshot: snapshot?.index ?? null,
    apiCalls: seen.apiCalls,
    throttled: seen.throttled,
  };
}

/** Seals one statement at once, with what else waits to be sealed. */
export async function appendOne(
  log: EvidenceLog,
  draft: Parameters<EvidenceLog['append']>[0][number],
): Promise<Sealed> {
  const [sealed] = await log.append([draft], { hurry: true });
  if (sealed === undefined) throw new TypeError('the log acknowledged nothing');
  return sealed;
}
