import { z } from 'zod';
import type { Check } from '../../controls/check.ts';
import type { ControlStatus, Outcome, RecordVerdict, Verdict } from '../../controls/contract.ts';
import {
  assess,
  type AssessedControl,
  type ControlAssessment,
  assessedControls,
} from '../../controls/status.ts';
import { populationState } from '../../controls/population.ts';
import { readsVerdicts, verdictParams } from '../../controls/verdict-params.ts';
import type { CheckQuery } from '../../inventory/query-contract.ts';
import { instantText } from '../../controls/words.ts';
import type { Sealed } from '../../evidence/contract.ts';
import type { Evidence, Question } from '../contract.ts';
import { AttestedLog, type Given } from './attested.ts';
import { parsed, readBody, readLines } from './bodies.ts';
import { readConfig, type SealedConfig } from './configuration.ts';
import { Ledger, type ReadVerdict } from './ledger.ts';
import { type PopulationFound, Populations } from './populations.ts';
import { type Source, sourceSchema } from './source.ts';
import type { Spill } from './spill.ts';
import { StatusClock, type StatusHistory, statusesOf } from './status-clock.ts';

export const VERDICT_COLUMNS = [
  'assessment',
  'moment',
  'in_period',
  'check',
  'text_sha256',
  'outcome',
  'why',
  'table',
  'population',
  'filtered',
  'failing',
  'unknown',
  'records_sha256',
] as const;

const countsSchema = z.object({
  table: z.int(),
  population: z.int(),
  filtered: z.int(),
  failing: z.int(),
  unknown: z.int(),
});
const outcomeSchema = z.enum(['pass', 'fail', 'unknown', 'not_applicable']);

const verdictLine = z.object({
  id: z.string(),
  text: z.string(),
  outcome: outcomeSchema,
  why: z.string(),
  counts: countsSchema,
  scopes: z.array(
    z.object({
      collector: z.string(),
      dataset: z.string(),
      scope: z.string(),
      outcome: outcomeSchema,
      why: z.string(),
      counts: countsSchema,
    }),
  ),
  body: z.string().nullable(),
  population: z.enum(['whole', 'partial']).optional(),
});
export type VerdictLine = z.output<typeof verdictLine>;

const recordLine: z.ZodType<RecordVerdict> = z.object({
  id: z.string(),
  source: z.string(),
  outcome: z.enum(['pass', 'fail', 'unknown', 'passed', 'gone', 'out_of_population']),
  reason: z.string(),
});

/** How a check fared over the period. */
export interface CheckHistory {
  readonly outcomes: Record<Outcome, number>;
  first: VerdictLine | undefined;
  last: VerdictLine | undefined;
  /** The smallest and the largest population that was examined. */
  least: number;
  most: number;
}

export interface Replay {
  /** In force at some moment of the range, oldest first. */
  readonly configs: readonly SealedConfig[];
  /** In force at the period's end. */
  readonly config: SealedConfig | undefined;
  /** The last assessment before the period's end, the moment that it judged at, its sources and all verdicts that then stood. */
  readonly end:
    | {
        readonly entry: Sealed;
        readonly now: number;
        readonly sources: readonly Source[];
        readonly verdicts: ReadonlyMap<string, VerdictLine>;
        /** Of checks whose parameters are made of verdicts: their values then. */
        readonly verdictParams: ReadonlyMap<string, CheckQuery['params']>;
        /** The assessment that each of the verdicts comes from. */
        readonly judgedAt: ReadonlyMap<string, { readonly index: number; readonly now: number }>;
      }
    | undefined;
  /** Of the chosen ones, as of the last assessment before the period's end; in the standard's order. */
  readonly controls: readonly AssessedControl[];
  readonly standing: ReadonlyMap<string, ControlAssessment>;
  /** False: the last assessment before the period's end is too old to speak for it. */
  readonly assessedToTheEnd: boolean;
  /** By id of control or aspect. */
  readonly histories: ReadonlyMap<string, StatusHistory>;
  readonly checks: ReadonlyMap<string, CheckHistory>;
  /** Attestations that were given through the API, in the order of the log. */
  readonly given: readonly Given[];
  /** Of the event checks, by name. */
  readonly populations: ReadonlyMap<string, PopulationFound>;
  /** Every source that an assessment named; the newest wins. By key. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Assessments in the period. */
  readonly assessments: number;
}

/** Follows configurations and assessments through the range, as the agent did when it sealed them. */
export class Replayer {
  readonly #evidence: Evidence;
  readonly #question: Question;
  readonly #spill: Spill;
  readonly #ledger: Ledger;
  readonly #clock: StatusClock;
  readonly #attested: AttestedLog;
  readonly #populations: Populations;
  readonly #configs: SealedConfig[] = [];
  readonly #verdicts = new Map<string, VerdictLine>();
  readonly #verdictParams = new Map<string, CheckQuery['params']>();
  readonly #judgedAt = new Map<string, { index: number; now: number }>();
  /** What the ledger was told last, by check. */
  readonly #told = new Map<string, string>();
  readonly #histories = new Map<string, CheckHistory>();
  readonly #controls = new Map<string, AssessedControl>();
  readonly #sources = new Map<string, Source>();
  #config: SealedConfig | undefined;
  #reconfigured = false;
  #changed = true;
  #ledgerVersion = -1;
  /** Until when the same statuses hold if nothing changes. */
  #holdsUntil = -Infinity;
  #standing: readonly ControlAssessment[] = [];
  #statuses: ReadonlyMap<string, ControlStatus> = new Map();
  #end: { entry: Sealed; now: number } | undefined;
  #assessments = 0;

  constructor(evidence: Evidence, question: Question, spill: Spill) {
    this.#evidence = evidence;
    this.#question = question;
    this.#spill = spill;
    this.#ledger = new Ledger(spill, question.from);
    this.#clock = new StatusClock(question.from, question.to);
    this.#attested = new AttestedLog(evidence, (aspect) => this.#isAsked(controlOf(aspect)));
    this.#populations = new Populations(question);
  }

  /** Takes the entries in their order: configuration, assessment and attestations from before the range, then all of the range. */
  async take(entry: Sealed): Promise<void> {
    if (entry.predicate === 'config') await this.#configured(entry);
    if (entry.predicate === 'assessment') await this.#assessed(entry);
    if (entry.predicate === 'attestation' && (await this.#attested.take(entry))) this.#changed = true;
  }

  async finish(): Promise<Replay> {
    const { to } = this.#question;
    const ended = this.#end;
    const patience = this.#config?.patience ?? 0;
    if (ended !== undefined) this.#ledger.finish(this.#config?.exceptions ?? [], ended.now);
    const sources = ended === undefined ? [] : await this.#readSources(ended.entry);
    return {
      configs: this.#configs,
      config: this.#config,
      end: ended && {
        ...ended,
        sources,
        verdicts: this.#verdicts,
        verdictParams: this.#verdictParams,
        judgedAt: this.#judgedAt,
      },
      controls: this.#chosenControls(),
      standing: new Map(this.#standing.map((item) => [item.control.id, item])),
      assessedToTheEnd: ended !== undefined && to - ended.now <= patience,
      histories: this.#clock.finish(patience),
      populations: this.#populations.finish(patience, this.#eventChecks(), this.#spill),
      checks: this.#histories,
      given: this.#attested.all(),
      sources: this.#sources,
      assessments: this.#assessments,
    };
  }

  async #configured(entry: Sealed): Promise<void> {
    const config = await readConfig(this.#evidence, entry, this.#configs.at(-1));
    this.#configs.push(config);
    if (entry.sealedAt >= this.#question.to && this.#config !== undefined) return;
    this.#config = config;
    this.#reconfigured = true;
    this.#changed = true;
    for (const name of this.#verdicts.keys()) if (!config.checks.has(name)) this.#verdicts.delete(name);
    this.#told.clear();
  }

  async #assessed(entry: Sealed): Promise<void> {
    const now = parsed(z.int(), entry.fields['now'], `entry ${entry.index}, now`);
    const inRange = entry.index >= this.#evidence.range.first;
    const { to } = this.#question;
    const counts = now < to;
    const config = counts ? this.#config : this.#configs.at(-1);
    if (this.#reconfigured) await this.#readSources(entry);
    if (counts && this.#reconfigured && config !== undefined)
      this.#ledger.configured(config.checks, config.exceptions, now);
    if (counts && config !== undefined)
      this.#populations.assessed(now, config.patience, (name) => isEvent(config.checks.get(name)));
    const body = await readBody(this.#evidence, entry, 'verdicts', verdictLine);
    for (const line of body.records) {
      const check = config?.checks.get(line.id);
      if (check === undefined || !this.#isChosen(check)) continue;
      if (counts) await this.#judged(entry, now, line, check, inRange);
      if (inRange) await this.#writeVerdict(entry, now, line);
    }
    if (!counts) return;
    if (config !== undefined) this.#keepParams(body.records, config);
    this.#reconfigured = false;
    this.#end = { entry, now };
    if (config !== undefined) this.#assess(config, now);
    if (now >= this.#question.from) this.#assessments += 1;
  }

  /** Verdicts on all checks are needed for these, not only on the chosen ones. */
  #keepParams(lines: readonly VerdictLine[], { checks }: SealedConfig): void {
    const judged = lines.flatMap(({ id, outcome }) => {
      const check = checks.get(id);
      return check === undefined ? [] : [{ check, outcome }];
    });
    for (const { check } of judged)
      if (readsVerdicts(check)) this.#verdictParams.set(check.metadata.name, verdictParams(check, judged));
  }

  async #judged(
    entry: Sealed,
    now: number,
    line: VerdictLine,
    check: Check,
    inRange: boolean,
  ): Promise<void> {
    const before = this.#verdicts.get(line.id);
    if (before === undefined || !sameVerdict(before, line)) this.#changed = true;
    this.#verdicts.set(line.id, line);
    this.#judgedAt.set(line.id, { index: entry.index, now });
    if (now >= this.#question.from) this.#remember(line);
    // Deviations follow from the records: the same ones change nothing.
    const key = `${line.body} ${line.counts.failing} ${line.population}`;
    if (this.#told.get(line.id) === key) return;
    this.#told.set(line.id, key);
    const { verdict, body } = await this.#readVerdict(line);
    if (isEvent(check))
      this.#populations.judged(line.id, populationState(line.population, body), verdict.records);
    this.#ledger.judged(verdict, check, this.#config?.exceptions ?? [], now, !inRange);
  }

  /** With what of the body was erased; undefined: all of it. */
  async #readVerdict({
    id,
    body,
    outcome,
    why,
    counts,
    scopes,
  }: VerdictLine): Promise<{ verdict: ReadVerdict; body: { readonly erased: number } | undefined }> {
    const none = { records: [], erased: [], missing: false };
    const found =
      body === null
        ? none
        : await readLines(this.#evidence, body, recordLine, `records of the verdict on ${id}`);
    const failing = found.records.filter(({ outcome }) => outcome === 'fail').length;
    const lost = counts.failing > failing;
    const hidden = !lost ? [] : found.missing && body !== null ? [body] : found.erased;
    const verdict = { check: id, outcome, why, counts, scopes, records: found.records, hidden };
    return { verdict, body: found.missing ? undefined : { erased: found.erased.length } };
  }

  #remember(line: VerdictLine): void {
    const { population } = line.counts;
    const history = this.#histories.get(line.id) ?? {
      outcomes: { pass: 0, fail: 0, unknown: 0, not_applicable: 0 },
      first: line,
      last: line,
      least: population,
      most: population,
    };
    history.outcomes[line.outcome] += 1;
    history.last = line;
    history.least = Math.min(history.least, population);
    history.most = Math.max(history.most, population);
    this.#histories.set(line.id, history);
  }

  async #writeVerdict(entry: Sealed, now: number, line: VerdictLine): Promise<void> {
    const { from, to } = this.#question;
    const { table, population, filtered, failing, unknown } = line.counts;
    this.#spill.add(
      'verdicts',
      [entry.index, line.id],
      [
        entry.index,
        instantText(now),
        from <= now && now < to ? 'yes' : 'no',
        line.id,
        line.text,
        line.outcome,
        line.why,
        table,
        population,
        filtered,
        failing,
        unknown,
        line.body,
      ],
    );
  }

  #assess(config: SealedConfig, now: number): void {
    if (this.#changed || this.#ledger.version !== this.#ledgerVersion || now >= this.#holdsUntil) {
      const open = this.#ledger.open();
      const checks = [...config.checks.values()].filter((check) => this.#isChosen(check));
      const verdicts = new Map<string, Verdict>(
        [...this.#verdicts].map(([name, { outcome, why, counts, scopes }]) => [
          name,
          { check: name, outcome, why, counts, scopes, records: [] },
        ]),
      );
      const { exceptions, attestations, soa } = config;
      const sealed = this.#attested.standing(config);
      const all = assess({ checks, verdicts, open, exceptions, attestations, sealed, soa, now });
      this.#standing = all.filter(({ control }) => this.#isAsked(control.id));
      this.#statuses = statusesOf(this.#standing);
      for (const { control } of this.#standing) this.#controls.set(control.id, control);
      const times = [
        ...open.map(({ dueAt }) => dueAt + 1),
        ...exceptions.flatMap(({ exception, sealedAt }) => [
          Math.max(exception.spec.approvedAt, sealedAt),
          exception.spec.expires,
        ]),
        ...attestations.flatMap(({ spec }) => [spec.at, spec.expires]),
        ...sealed.flatMap(({ line, sealedAt }) => (line === null ? [] : [line.at, sealedAt, line.expires])),
      ];
      this.#holdsUntil = times.reduce((next, time) => (time > now && time < next ? time : next), Infinity);
      this.#changed = false;
      this.#ledgerVersion = this.#ledger.version;
    }
    this.#clock.assessed(this.#statuses, now, config.patience);
  }

  async #readSources(entry: Sealed): Promise<readonly Source[]> {
    const { records } = await readBody(this.#evidence, entry, 'inputs', sourceSchema);
    for (const source of records) this.#sources.set(source.id, source);
    return records;
  }

  /** Of the chosen checks in force. */
  #eventChecks(): readonly string[] {
    const checks = [...(this.#config?.checks.values() ?? [])];
    return checks
      .filter((check) => isEvent(check) && this.#isChosen(check))
      .map(({ metadata }) => metadata.name);
  }

  #isAsked(control: string): boolean {
    return this.#question.controls === null || this.#question.controls.includes(control);
  }

  #isChosen(check: Check): boolean {
    return check.spec.aspects.some((aspect) => this.#isAsked(controlOf(aspect)));
  }

  /** Those of the standard in its order, then the organisation's own. */
  #chosenControls(): readonly AssessedControl[] {
    for (const control of assessedControls(this.#config?.soa))
      if (this.#isAsked(control.id) && !this.#controls.has(control.id))
        this.#controls.set(control.id, control);
    const order = new Map(assessedControls(undefined).map(({ id }, at) => [id, at]));
    const place = ({ id }: AssessedControl) => order.get(id) ?? order.size;
    return [...this.#controls.values()].toSorted((one, other) => place(one) - place(other));
  }
}

function controlOf(aspect: string): string {
  return aspect.slice(0, aspect.indexOf('/'));
}

function isEvent(check: Check | undefined): boolean {
  return check?.spec.nature === 'event';
}

function sameVerdict(one: VerdictLine, other: VerdictLine): boolean {
  return (
    one.outcome === other.outcome &&
    one.why === other.why &&
    JSON.stringify([one.counts, one.scopes]) === JSON.stringify([other.counts, other.scopes])
  );
}
