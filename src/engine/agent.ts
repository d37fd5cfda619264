import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { Config } from '../config/contract.ts';
import type { DocumentChange } from '../config/diff.ts';
import type { Sealed } from '../evidence/contract.ts';
import { type AccessLog, createAccessLog } from './access-log.ts';
import { type Agenda, createAgenda, type Due } from './agenda.ts';
import { kindsRead } from '../controls/judge.ts';
import { readsVerdicts } from '../controls/verdict-params.ts';
import { assess } from './assess.ts';
import { type Attested, createAttester } from './attest.ts';
import { plugins } from '../collectors/registry.ts';
import type { DatasetResult } from './collect.ts';
import { connect, type Connected } from './connect.ts';
import type { Clock } from './clock.ts';
import { type Conditions, createConditions } from './conditions.ts';
import { EngineError } from './error.ts';
import { createKnowledge, type Knowledge } from './knowledge.ts';
import { executeRun, type RunResult } from './run.ts';
import { runSubject, tellRun, troubleIn } from './run-report.ts';
import { sealConfig } from './seal-config.ts';
import { sealSoa } from './seal-soa.ts';
import { doubted } from './sources.ts';
import { authoritySubject, createStamper, type Stamper } from './stamp.ts';
import { stateAnswers } from './state/answers.ts';
import { readMetrics } from './state/metrics.ts';
import { createStoreGuard, type StoreGuard } from './store-guard.ts';
import { dataPaths, type Stores } from './stores.ts';
import type { AgentView, AttestationItem, MetricsSnapshot } from './view.ts';
import { type Cosigner, createCosigner, witnessSubject } from './witness.ts';

export interface AgentOptions {
  readonly config: Config;
  readonly stores: Stores;
  readonly logger: Logger;
  readonly clock: Clock;
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

/** The same while nothing can be written. */
const SLEEP_WHILE_PAUSED = 5_000;

/** The longest that one pass waits for timestamps at its end, in seconds. */
const LAST_STAMP = 15;

/**
 * The agent: collects by its schedule, seals, assesses, and answers. One at a time it changes what is in force (`#serial`); any number of
 * datasets are collected side by side.
 */
export class Agent implements AsyncDisposable {
  readonly view: AgentView;
  /** Where the server records who had access. */
  readonly access: AccessLog;
  #config: Config;
  /** Digest of the sealed configuration in force. */
  #sealedConfig = '';
  readonly #options: AgentOptions;
  readonly #stores: Stores;
  readonly #serial = pLimit(1);
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #now: () => number;
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
  /** Something was attested or withdrawn that no assessment has judged yet. */
  #attested = false;
  /** When all checks are judged next, Unix seconds. */
  #evaluateAt = 0;
  readonly #conditions: Conditions;
  readonly #store: StoreGuard;
  #doubt: string | undefined;
  /** Something was judged since the start: before, what the state says may be of long ago, and isn't told. */
  #judged = false;
  /** Resolves when it was tried for the first time. */
  readonly #tried = Promise.withResolvers<void>();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#stores = options.stores;
    this.#knowledge = createKnowledge(options.stores);
    const { clock, logger } = options;
    this.#now = () => clock.now();
    this.#conditions = createConditions(logger, this.#now);
    this.#store = createStoreGuard({
      directories: dataPaths(options.config.agent.data).written,
      conditions: this.#conditions,
      logger,
      stopping: this.#stopping.signal,
    });
    const others = { log: options.stores.log, logger, now: this.#now, clock, conditions: this.#conditions };
    this.#stamper = createStamper(others);
    this.#cosigner = createCosigner(others);
    this.#limit = pLimit(options.config.agent.concurrency);
    this.access = createAccessLog({
      ...others,
      config: () => (this.#sealedConfig === '' ? null : this.#sealedConfig),
      sealed: () => this.#serial(() => this.#stores.sync()),
    });
    const { log, state } = options.stores;
    const answers = stateAnswers(state, log);
    const attester = createAttester({ log, state, logger, now: this.#now, config: () => this.#sealedConfig });
    this.view = {
      ...answers,
      // What was told before is no answer once it is judged, nor when it can't be.
      revision: () => (this.#judged ? answers.revision() : Number.NaN),
      controls: (query) => this.#judgedFirst(() => answers.controls(query)),
      control: (id, period) => this.#judgedFirst(() => answers.control(id, period)),
      checks: (query) => this.#judgedFirst(() => answers.checks(query)),
      check: (name) => this.#judgedFirst(() => answers.check(name)),
      deviations: (query) => this.#judgedFirst(() => answers.deviations(query)),
      collectors: (query) => this.#judgedFirst(() => answers.collectors(query)),
      metrics: () => this.#metrics(),
      collect: (collector) => this.#demanded(collector),
      attest: async (content, by) => {
        const item = await this.#attest(() => attester.attest(content, by));
        if (item === undefined) throw new TypeError('nothing was attested');
        return item;
      },
      withdraw: (name, reason, by) => this.#attest(() => attester.withdraw(name, reason, by)),
      build: options.build,
      readiness: () => this.#readiness(),
    };
  }

  /** Loads, and judges what is stored. Collects nothing. Rejects when the store fails. */
  async open(): Promise<void> {
    await this.load();
    await this.judge();
  }

  /** Seals the configuration unless it is in force already, and connects the collectors: then it is ready. What the state says is told once it is judged again. */
  async load(): Promise<void> {
    const { log } = this.#stores;
    this.#options.clock.sealed((await log.entry(log.checkpoint().size - 1)).sealedAt);
    await this.#stores.sync();
    await this.#knowledge.recall();
    this.#look();
    await this.#serial(() => this.#takeOver(this.#config));
  }

  /** Judges what is stored. Rejects when the store fails. */
  async judge(): Promise<void> {
    await this.#serial(() => this.#assess(true));
  }

  /** Judges what is stored, and collects by the schedule from now on; what was never collected or is overdue starts at once. */
  start(): void {
    const now = this.#now();
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
    await this.judge();
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
    await this.#serial(async () => {
      await this.#takeOver(config);
      await this.#store.attempt('assessment', () => this.#assess(true));
    });
    this.#agenda?.replace(config.collectors, this.#now());
    this.#pump();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes no more work, aborts what runs, seals what that led to and, once `answered`, who had access; then closes the stores. */
  async close(answered: Promise<unknown> = Promise.resolve()): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new EngineError('stopping', 'the agent is stopping'));
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    this.#tried.resolve();
    await Promise.allSettled([...this.#runs, ...this.#stamping, answered]);
    await this.access.flush();
    await this.#serial(async () => {});
    for (const { source } of this.#connected.values()) await source[Symbol.asyncDispose]();
    await this.#stores[Symbol.asyncDispose]();
  }

  /** Once the configuration is loaded, what was judged before the start is not told as if it were so now. */
  async #judgedFirst<T>(answer: () => Promise<T>): Promise<T> {
    if (this.#sealedConfig !== '' && !this.#judged) {
      await this.#tried.promise;
      if (!this.#judged) throw new EngineError('state', 'what is stored could not be judged since the start');
    }
    return answer();
  }

  #readiness(): ReturnType<AgentView['readiness']> {
    this.#look();
    const conditions = this.#conditions.list();
    const reasons = [
      ...(this.#sealedConfig === '' ? ['the configuration is not loaded'] : []),
      ...conditions
        .filter(({ unready }) => unready)
        .map(({ condition, detail }) => `${condition}: ${detail}`),
      ...(this.#stopping.signal.aborted ? ['the agent is stopping'] : []),
    ];
    return { ready: reasons.length === 0, reasons, conditions };
  }

  /** Looks at the clock. While there is doubt nothing passes, and all who could end it are asked. */
  #look(): void {
    const doubt = this.#options.clock.doubt();
    const began = doubt !== undefined && this.#doubt === undefined;
    if (began || (doubt === undefined && this.#doubt !== undefined)) this.#evaluateAt = 0;
    this.#doubt = doubt;
    this.#conditions.report('clock', doubt === undefined ? undefined : { condition: 'clock', detail: doubt });
    if (began) this.#agenda?.consult(this.#now());
  }

  async #resume(): Promise<void> {
    if (!(await this.#store.resumes())) return;
    this.#agenda?.hurry(this.#now());
    this.#evaluateAt = 0;
    this.#pump();
  }

  async #metrics(): Promise<MetricsSnapshot | undefined> {
    if (!this.#judged) return undefined;
    return {
      ...(await readMetrics(this.#stores.state, this.#stores.log)),
      verifyFailures: this.#stores.verifyFailures(),
      timestamps: this.#stamper.metrics(),
      witnesses: this.#cosigner.metrics(),
      datasets: this.#knowledge.datasets(this.#config, this.#now()),
    };
  }

  #pump(): void {
    const agenda = this.#agenda;
    if (agenda === undefined || this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#look();
    if (this.#store.paused()) {
      this.#track(this.#resume());
      this.#timer = setTimeout(() => this.#pump(), SLEEP_WHILE_PAUSED);
      return;
    }
    const now = this.#now();
    for (const due of agenda.take(now)) this.#track(this.#scheduled(due));
    if (this.#evaluateAt <= now || this.#evaluateAt > now + Math.max(60, this.#config.agent.evaluateEvery)) {
      // Should it fail, it is tried again in a minute; should it succeed, `#assess` puts it off further.
      this.#evaluateAt = now + 60;
      const asked = this.#doubt !== undefined;
      this.#track(
        this.#store
          .attempt('assessment', () => this.judge())
          .finally(() => this.#tried.resolve())
          .then(() => (asked ? this.#stamp({ patience: LAST_STAMP }) : undefined)),
      );
    }
    if (Math.min(this.#stamper.nextAt(), this.#cosigner.nextAt()) <= now)
      void this.#stamp().then(() => this.#pump());
    const next = Math.min(
      agenda.nextAt() ?? Infinity,
      this.#evaluateAt,
      this.#stamper.nextAt(),
      this.#cosigner.nextAt(),
    );
    const sleep = Math.min(Math.max((next - this.#now()) * 1000, 200), LONGEST_SLEEP);
    this.#timer = setTimeout(() => this.#pump(), sleep);
  }

  /** Has the newest checkpoint timestamped and cosigned by those that are due. */
  #stamp(once?: { readonly patience: number }): Promise<void> {
    const now = this.#now();
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

  async #demanded(collector: string): ReturnType<AgentView['collect']> {
    this.#assertStores();
    const demanded = this.#agenda?.demand(collector, this.#now());
    this.#pump();
    return demanded;
  }

  #assertStores(): void {
    this.#stopping.signal.throwIfAborted();
    if (this.#store.paused()) throw new EngineError('store', 'nothing can be stored at the moment');
  }

  /** One after the other, each on all that is sealed before it; acknowledged before it is answered, and judged soon. */
  async #attest(work: () => Promise<Attested>): Promise<AttestationItem | undefined> {
    this.#assertStores();
    if (this.#sealedConfig === '') throw new EngineError('state', 'the configuration is not loaded');
    const done = await this.#store.attempt('assessment', () =>
      this.#serial(async () => {
        await this.#stores.sync();
        return work();
      }),
    );
    if (done === undefined) {
      this.#stopping.signal.throwIfAborted();
      throw new EngineError('store', 'nothing can be stored at the moment');
    }
    if (done instanceof EngineError) throw done;
    if (done.item === undefined) return undefined;
    // Should it fail, what was sealed is acknowledged all the same, and the next assessment tries again.
    await this.#store.attempt('assessment', () => this.#serial(() => this.#stores.sync()));
    this.#attested = true;
    if (!this.#stopping.signal.aborted)
      this.#gathering ??= setTimeout(() => this.#track(this.#assessGathered()), GATHER);
    return done.item;
  }

  async #scheduled({ collector, datasets }: Due): Promise<void> {
    const result = await this.#store.attempt(runSubject(collector.name), () =>
      this.#run({ collector, datasets }),
    );
    for (const { dataset } of datasets) {
      const failed =
        result === undefined
          ? 'store'
          : result.results.flatMap(({ dataset: of, scope, failure }) =>
              of === dataset && failure !== null ? [{ scope, failure }] : [],
            );
      this.#agenda?.done(collector.name, dataset, failed, this.#now());
    }
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.#track(this.#assessGathered()), GATHER);
    this.#pump();
  }

  async #assessGathered(): Promise<void> {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if ((this.#changedKinds.size > 0 || this.#attested) && !this.#stopping.signal.aborted) {
      await this.#store.attempt('assessment', () => this.#serial(() => this.#assess(false)));
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
        now: this.#now,
        stopping: this.#stopping.signal,
        heard: (instant) => this.#options.clock.heard(instant),
        last: async (task) => this.#stores.last(task.collector.name, task.dataset.dataset, task.scope.id),
      },
      {
        listed: (scopes) => this.#knowledge.listed(collector.name, scopes),
        ended: (ended) => this.#learn(collector, ended),
      },
    );
    await this.#serial(() => this.#stores.sync());
    this.#options.clock.sealed(result.sealed.sealedAt);
    tellRun(this.#options.logger, result);
    // One that a reload took away meanwhile has no conditions any more.
    if (this.#connected.has(collector.name))
      this.#conditions.report(`${runSubject(collector.name)}/network`, troubleIn(result));
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

  async #assess(whole: boolean): Promise<Sealed | undefined> {
    const changed = new Set(this.#changedKinds);
    const { sandbox, log, state } = this.#stores;
    const { clock } = this.#options;
    // What was sealed while the state could not be written.
    await this.#stores.sync();
    const [now, doubt] = [clock.judged(), clock.doubt()];
    const full = whole || doubt !== undefined;
    const checks = full ? this.#config.checks : await this.#touched(changed);
    const sources = doubted(this.#knowledge.sources(this.#config, now), doubt);
    await this.#stores.keep(sources, this.#config.scope);
    const rows = await state
      .selectFrom('deviation')
      .select(['check_name', 'record', 'source'])
      .where('closed_at', 'is', null)
      .execute();
    const open = Map.groupBy(rows, (row) => row.check_name);
    const sealed = await assess(sandbox, log, this.#now, {
      now,
      checks,
      full,
      sources,
      open: (check) => open.get(check) ?? [],
      absent: this.#config.scope?.absent ?? [],
      config: this.#sealedConfig,
    });
    await this.#stores.sync();
    this.#judged = true;
    this.#tried.resolve();
    for (const kind of changed) this.#changedKinds.delete(kind);
    this.#attested = false;
    clock.sealed(sealed.sealedAt);
    if (full) this.#evaluateAt = this.#now() + this.#config.agent.evaluateEvery;
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
    const { logger, env } = this.#options;
    const now = this.#now;
    const sealed = await sealConfig({
      config,
      stores: this.#stores,
      now,
      sources: () => this.#knowledge.sources(this.#config, now()),
    });
    // Before it is in force: no check may read the statement of the configuration before.
    await sealSoa(config.soa, sealed.digest, this.#stores, this.#options.clock.judged());
    const before = [...this.#connected.values()];
    void Promise.allSettled(this.#runs).then(() =>
      Promise.allSettled(before.map(({ source }) => source[Symbol.asyncDispose]())),
    );
    this.#connected.clear();
    this.#config = config;
    this.#sealedConfig = sealed.digest;
    for (const { name } of config.collectors)
      if (sealed.changes.some((change) => concernsSettings(change, name))) this.#knowledge.doubt(name);
    this.#conditions.retain(subjectsOf(config));
    await this.#stamper.configure(config.agent.timestamps);
    this.#cosigner.configure(config.agent);
    for (const collector of config.collectors) {
      const child = logger.child({ collector: collector.name });
      this.#connected.set(
        collector.name,
        connect(collector, {
          logger: child,
          now: () => this.#options.clock.latest(),
          env,
          directory: config.directory,
          previous: (...source) => this.#stores.previous(...source),
        }),
      );
    }
  }
}

function subjectsOf({ collectors, agent }: Config): ReadonlySet<string> {
  const runs = collectors.map(({ name }) => runSubject(name));
  return new Set([
    'clock',
    'assessment',
    ...runs,
    ...runs.map((subject) => `${subject}/network`),
    ...(agent.timestamps?.authorities ?? []).map(({ name }) => authoritySubject(name)),
    ...agent.witnesses.map(({ name }) => witnessSubject(name)),
  ]);
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
