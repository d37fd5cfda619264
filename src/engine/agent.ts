import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { Config } from '../config/contract.ts';
import type { DocumentChange } from '../config/diff.ts';
import type { Sealed } from '../evidence/contract.ts';
import { type Agenda, createAgenda, type Due } from './agenda.ts';
import { kindsRead } from '../controls/judge.ts';
import { readsVerdicts } from '../controls/verdict-params.ts';
import { assess } from './assess.ts';
import { plugins } from '../collectors/registry.ts';
import type { DatasetResult } from './collect.ts';
import { connect, type Connected } from './connect.ts';
import { EngineError } from './error.ts';
import { createKnowledge, type Knowledge } from './knowledge.ts';
import { failureCause } from './retry-policy.ts';
import { executeRun, type RunResult } from './run.ts';
import { sealConfig } from './seal-config.ts';
import { sealSoa } from './seal-soa.ts';
import { createStamper, type Stamper } from './stamp.ts';
import { stateAnswers } from './state/answers.ts';
import { readMetrics } from './state/metrics.ts';
import type { Stores } from './stores.ts';
import type { AgentView, MetricsSnapshot } from './view.ts';
import { type Cosigner, createCosigner } from './witness.ts';

export interface AgentOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly logger: Logger;
  /** Unix seconds. */
  readonly now: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly build: AgentView['build'];
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

/** Runs that end within this many milliseconds share one assessment. */
const GATHER = 500;

/** While a run goes on, what it has sealed so far is judged at most this often, in milliseconds. */
const GATHER_EARLY = 60_000;

/** The longest sleep, in milliseconds: a clock that jumped is noticed within it. */
const LONGEST_SLEEP = 30_000;

/** The longest that one pass waits for timestamps at its end, in seconds. */
const LAST_STAMP = 15;

/**
 * The agent: collects by its schedule, seals, assesses, and answers. One at a time it changes what is in force (`#serial`); any number of
 * datasets are collected side by side.
 */
export class Agent implements AsyncDisposable {
  readonly view: AgentView;
  #config: Config;
  /** Digest of the sealed configuration in force. */
  #sealedConfig = '';
  readonly #options: AgentOptions;
  readonly #stores: Stores;
  readonly #serial = pLimit(1);
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #stopping = new AbortController();
  readonly #connected = new Map<string, Connected>();
  readonly #knowledge: Knowledge;
  readonly #stamper: Stamper;
  readonly #cosigner: Cosigner;
  readonly #runs = new Set<Promise<void>>();
  /** Questions to authorities: nothing waits for them but the end. */
  readonly #stamping = new Set<Promise<void>>();
  #agenda: Agenda | undefined;
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  readonly #changedKinds = new Set<string>();
  /** When all checks are judged next, Unix seconds. */
  #evaluateAt = 0;
  #problem: string | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#stores = options.stores;
    this.#knowledge = createKnowledge(options.stores);
    const others = { log: options.stores.log, logger: options.logger, now: options.now };
    this.#stamper = createStamper(others);
    this.#cosigner = createCosigner(others);
    this.#limit = pLimit(options.config.agent.concurrency);
    this.view = {
      ...stateAnswers(options.stores.state, options.stores.log),
      metrics: () => this.#metrics(),
      build: options.build,
      readiness: () => this.#readiness(),
    };
  }

  /** Seals the configuration unless it is in force already, connects the collectors and judges what is stored. Collects nothing. */
  async open(): Promise<void> {
    await this.#stores.sync();
    await this.#knowledge.recall();
    await this.#serial(() => this.#takeOver(this.#config));
  }

  /** Collects by the schedule from now on; what was never collected or is overdue starts at once. */
  start(): void {
    const now = this.#options.now();
    this.#agenda = createAgenda(this.#config.collectors, now, this.#options.random, (collector, dataset) =>
      this.#knowledge.lastCollected(collector, dataset),
    );
    this.#pump();
  }

  /** One pass over every dataset, assessed, timestamped and cosigned at its end. Rejects when the store fails. */
  async collectOnce(): Promise<readonly RunResult[]> {
    const passes = this.#config.collectors.map((collector) =>
      this.#run({ collector, datasets: collector.datasets }),
    );
    for (const pass of passes) this.#track(pass.catch(() => {}));
    const results = await Promise.all(passes);
    this.#stopping.signal.throwIfAborted();
    await this.#serial(() => this.#assess(true));
    await this.#stamp({ patience: LAST_STAMP });
    return results;
  }

  /** Resolves when all that is running now has ended and is assessed. */
  async settled(): Promise<void> {
    while (this.#runs.size > 0 || this.#gathering !== undefined) {
      await Promise.all(this.#runs);
      await this.#assessGathered();
    }
  }

  /** Takes over another configuration whole, or leaves the one in force when it can't be sealed. */
  async reload(config: Config): Promise<void> {
    await this.#serial(() => this.#takeOver(config));
    this.#agenda?.replace(config.collectors, this.#options.now());
    this.#pump();
  }

  /** Takes no more work, aborts what runs, seals what that led to, and closes the stores. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new EngineError('stopping', 'the agent is stopping'));
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    await Promise.allSettled([...this.#runs, ...this.#stamping]);
    await this.#serial(async () => {});
    for (const { source } of this.#connected.values()) await source[Symbol.asyncDispose]();
    await this.#stores[Symbol.asyncDispose]();
  }

  #readiness(): ReturnType<AgentView['readiness']> {
    const reasons = [
      ...(this.#sealedConfig === '' ? ['the configuration is not loaded'] : []),
      ...(this.#problem === undefined ? [] : [this.#problem]),
      ...(this.#stopping.signal.aborted ? ['the agent is stopping'] : []),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  async #metrics(): Promise<MetricsSnapshot | undefined> {
    if (this.#sealedConfig === '') return undefined;
    return {
      ...(await readMetrics(this.#stores.state, this.#stores.log)),
      verifyFailures: this.#stores.verifyFailures(),
      timestamps: this.#stamper.metrics(),
      witnesses: this.#cosigner.metrics(),
      datasets: this.#knowledge.datasets(this.#config, this.#options.now()),
      assessEvery: this.#config.agent.evaluateEvery,
    };
  }

  #pump(): void {
    const agenda = this.#agenda;
    if (agenda === undefined || this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    const now = this.#options.now();
    for (const due of agenda.take(now)) this.#track(this.#scheduled(due));
    if (this.#evaluateAt <= now) {
      // Should it fail, it is tried again in a minute; should it succeed, `#assess` puts it off further.
      this.#evaluateAt = now + 60;
      this.#track(this.#guard(() => this.#serial(() => this.#assess(true))));
    }
    if (Math.min(this.#stamper.nextAt(), this.#cosigner.nextAt()) <= now)
      void this.#stamp().then(() => this.#pump());
    const next = Math.min(
      agenda.nextAt() ?? Infinity,
      this.#evaluateAt,
      this.#stamper.nextAt(),
      this.#cosigner.nextAt(),
    );
    const sleep = Math.min(Math.max(next * 1000 - Date.now(), 200), LONGEST_SLEEP);
    this.#timer = setTimeout(() => this.#pump(), sleep);
  }

  /** Has the newest checkpoint timestamped and cosigned by those that are due. */
  #stamp(once?: { readonly patience: number }): Promise<void> {
    const now = this.#options.now();
    const { signal } = this.#stopping;
    const cosigns = once !== undefined || this.#cosigner.nextAt() <= now;
    const work = [
      this.#stamper.stamp(signal, once),
      ...(cosigns ? [this.#cosigner.cosign(signal, once)] : []),
    ];
    const stamping = ended(Promise.all(work)).finally(() => this.#stamping.delete(stamping));
    this.#stamping.add(stamping);
    return stamping;
  }

  #track(work: Promise<unknown>): void {
    const tracked = ended(work)
      .catch((error: unknown) =>
        this.#options.logger.error({ event: 'internal_error', err: error }, 'work failed'),
      )
      .finally(() => this.#runs.delete(tracked));
    this.#runs.add(tracked);
  }

  async #scheduled({ collector, datasets }: Due): Promise<void> {
    const result = await this.#guard(() => this.#run({ collector, datasets }));
    for (const { dataset } of datasets) {
      const failed =
        result === undefined
          ? [{ scope: '*', failure: { code: 'unavailable', detail: 'the store failed' } as const }]
          : result.results.flatMap(({ dataset: of, scope, failure }) =>
              of === dataset && failure !== null ? [{ scope, failure }] : [],
            );
      this.#agenda?.done(collector.name, dataset, failed, this.#options.now());
    }
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.#track(this.#assessGathered()), GATHER);
    this.#pump();
  }

  async #assessGathered(): Promise<void> {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#changedKinds.size > 0 && !this.#stopping.signal.aborted) {
      await this.#guard(() =>
        this.#serial(async () => {
          await this.#stores.sync();
          return this.#assess(false);
        }),
      );
    }
  }

  /** A failure of the store makes the agent unready until something succeeds again; it never ends the process. */
  async #guard<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      this.#problem = undefined;
      return done;
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#problem = `the store failed: ${failureCause(error).detail}`;
        this.#options.logger.error({ event: 'store_failed', err: error }, this.#problem);
      }
      return undefined;
    }
  }

  async #run(due: Due): Promise<RunResult> {
    const { collector, datasets } = due;
    const connected = this.#connected.get(collector.name);
    if (connected === undefined)
      throw new EngineError('configuration', `collector ${collector.name} is not connected`);
    const { log } = this.#stores;
    const result = await executeRun(
      {
        collector,
        connected,
        datasets,
        knownScopes: this.#knowledge.scopes(collector.name),
        config: this.#sealedConfig,
        limit: this.#limit,
      },
      {
        log,
        now: this.#options.now,
        stopping: this.#stopping.signal,
        last: async (task) => this.#stores.last(task.collector.name, task.dataset.dataset, task.scope.id),
      },
      {
        listed: (scopes) => this.#knowledge.listed(collector.name, scopes),
        ended: (ended) => this.#learn(collector, ended),
      },
    );
    await this.#serial(() => this.#stores.sync());
    this.#report(result);
    return result;
  }

  /** Takes up how one dataset ended while its run goes on: what is sealed is judged without waiting for what hangs. */
  #learn({ name, type }: Due['collector'], result: DatasetResult): void {
    this.#knowledge.ended(name, result);
    const spec = plugins.get(type)?.datasets.find(({ name: dataset }) => dataset === result.dataset);
    for (const kind of spec?.kinds ?? []) this.#changedKinds.add(kind);
    if (this.#agenda !== undefined)
      this.#gathering ??= setTimeout(() => this.#track(this.#assessGathered()), GATHER_EARLY);
  }

  async #assess(full: boolean): Promise<Sealed | undefined> {
    const changed = new Set(this.#changedKinds);
    const { sandbox, log, state } = this.#stores;
    const now = this.#options.now();
    const checks = full ? this.#config.checks : await this.#touched(changed);
    const sources = this.#knowledge.sources(this.#config, now);
    await this.#stores.keep(sources, this.#config.scope);
    const rows = await state
      .selectFrom('deviation')
      .select(['check_name', 'record', 'source'])
      .where('closed_at', 'is', null)
      .execute();
    const open = Map.groupBy(rows, (row) => row.check_name);
    const sealed = await assess(sandbox, log, this.#options.now, {
      now,
      checks,
      full,
      sources,
      open: (check) => open.get(check) ?? [],
      absent: this.#config.scope?.absent ?? [],
      config: this.#sealedConfig,
    });
    await this.#stores.sync();
    for (const kind of changed) this.#changedKinds.delete(kind);
    if (full) this.#evaluateAt = now + this.#config.agent.evaluateEvery;
    this.#options.logger.info(
      { event: 'assessed', full, checks: checks.length, entry: sealed.index, leaf: sealed.leafHash },
      'assessed',
    );
    return sealed;
  }

  /** Those that read the verdicts on all others are judged with all of them. */
  async #touched(changed: ReadonlySet<string>): Promise<Config['checks']> {
    const checks = this.#config.checks.filter((check) => !readsVerdicts(check));
    const reads = await Promise.all(checks.map((check) => kindsRead(this.#stores.sandbox, check)));
    return checks.filter((_, index) => reads[index]?.some((kind) => changed.has(kind)) ?? true);
  }

  /** The configuration is sealed first, used then. */
  async #takeOver(config: Config): Promise<void> {
    const { logger, now, env } = this.#options;
    const sealed = await sealConfig({
      config,
      stores: this.#stores,
      now,
      sources: () => this.#knowledge.sources(this.#config, now()),
    });
    // Before it is in force: no check may read the statement of the configuration before.
    await sealSoa(config.soa, sealed.digest, this.#stores, now());
    const before = [...this.#connected.values()];
    void Promise.allSettled(this.#runs).then(() =>
      Promise.allSettled(before.map(({ source }) => source[Symbol.asyncDispose]())),
    );
    this.#connected.clear();
    this.#config = config;
    this.#sealedConfig = sealed.digest;
    for (const { name } of config.collectors)
      if (sealed.changes.some((change) => concernsSettings(change, name))) this.#knowledge.doubt(name);
    await this.#stamper.configure(config.agent.timestamps);
    this.#cosigner.configure(config.agent);
    for (const collector of config.collectors) {
      const child = logger.child({ collector: collector.name });
      this.#connected.set(
        collector.name,
        connect(collector, {
          logger: child,
          now,
          env,
          directory: config.directory,
          previous: (...source) => this.#stores.previous(...source),
        }),
      );
    }
    await this.#assess(true);
  }

  #report({ collector, results }: RunResult): void {
    for (const { dataset, scope, failure, snapshot, records, seen } of results) {
      const fields = {
        event: 'collected',
        collector,
        dataset,
        scope,
        records,
        entry: snapshot?.index,
        leaf: snapshot?.leafHash,
        apiCalls: seen.apiCalls,
        throttled: seen.throttled,
      };
      if (failure === null) this.#options.logger.info(fields, 'collected');
      else
        this.#options.logger.warn(
          { ...fields, event: 'collection_failed', reason: failure.code, detail: failure.detail },
          'collection failed',
        );
    }
  }
}

/** Another account or region in the settings is evidence that isn't there yet: nothing may pass without it. */
function concernsSettings({ document, fields }: DocumentChange, collector: string): boolean {
  return (
    document === `Collector/${collector}` &&
    fields.some(({ path }) => path === '' || path.startsWith('spec.settings'))
  );
}

async function ended(work: Promise<unknown>): Promise<void> {
  await work;
}
