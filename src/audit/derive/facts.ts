import { createHash } from 'node:crypto';
import { z } from 'zod';
import { instantText } from '../../controls/words.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { sourceKey, type SourceRef } from '../../inventory/kind.ts';
import type { Evidence, Question } from '../contract.ts';
import { parsed, readBody } from './bodies.ts';
import type { Spill } from './spill.ts';
import { type StatementTimes, statementTimes } from './times.ts';

export const RUN_COLUMNS = [
  'index',
  'run',
  'collector',
  'plugin',
  'in_period',
  'started',
  'finished',
  'run_outcome',
  'dataset',
  'scope',
  'outcome',
  'reason',
  'detail',
  'records',
  'snapshot',
  'api_calls',
  'throttled',
] as const;

export const CHANGE_COLUMNS = [
  'index',
  'sealed',
  'configuration_before',
  'configuration_after',
  'document',
  'change',
  'file',
  'fields',
  'before_sha256',
  'after_sha256',
  'approved_by',
  'approved_at',
  'approval_evidence',
  'effect',
  'outcome_before',
  'outcome_after',
  'population_before',
  'population_after',
  'let_off',
  'caught',
] as const;

const genesisFields = z.looseObject({
  keys: z.looseObject({ envelope: z.string(), checkpoint: z.string() }),
});

const runFields = z.looseObject({
  collector: z.string(),
  type: z.string(),
  outcome: z.enum(['ok', 'failed']),
});
const runLine = z.looseObject({
  dataset: z.string(),
  scope: z.string(),
  outcome: z.enum(['ok', 'failed']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  records: z.int().nullable(),
  snapshot: z.int().nullable(),
  apiCalls: z.int(),
  throttled: z.int(),
});

const snapshotFields = z.looseObject({
  collector: z.string(),
  dataset: z.string(),
  scope: z.string(),
  asOf: z.int(),
  kinds: z.record(z.string(), z.string()),
});

const changeLine = z.looseObject({
  id: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  file: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  fields: z.array(z.unknown()),
  approval: z.union([
    z.string(),
    z.looseObject({ by: z.string(), at: z.int(), evidence: z.string(), commit: z.string().optional() }),
  ]),
});
const effectLine = z.looseObject({
  id: z.string(),
  direction: z.enum(['weaker', 'stronger', 'mixed', 'same']),
  before: z.string().nullable(),
  after: z.string().nullable(),
  letOff: z.array(z.string()),
  caught: z.array(z.string()),
  populationBefore: z.int(),
  populationAfter: z.int(),
});

const erasedLine = z.looseObject({
  id: z.string(),
  remainder: z.string().nullable(),
  erased: z.int(),
});

/** What was collected of one source in the period; times are Unix seconds. */
export interface Collected extends SourceRef {
  readonly kinds: Set<string>;
  snapshots: number;
  failures: number;
  first: number | undefined;
  last: number | undefined;
  /** The longest time between two snapshots: its beginning and its end. */
  gap: readonly [from: number, to: number] | undefined;
}

export interface Erased {
  /** Digest of what remains; null: nothing. */
  readonly remainder: string | null;
  readonly lines: number;
}

/** What the statements of the range say beside verdicts and configurations: rows go to the spill, the rest is small. */
export class Facts {
  /** By source key. */
  readonly collected = new Map<string, Collected>();
  /** By the digest of the body. */
  readonly erasures = new Map<string, Erased>();
  /** Fingerprints of keys by use, in the order in which they came into force. */
  readonly keys: { readonly use: string; readonly fingerprint: string; readonly index: number }[] = [];
  /** In the period. */
  readonly runs = { total: 0, failed: 0 };
  /** Entries of the range without a covering token, or with a late one. */
  readonly asserted = { count: 0, late: 0 };
  /** Entries of the range by predicate. */
  readonly entries = new Map<string, number>();
  /** Of the first and the last entry of the range, Unix seconds. */
  sealed: readonly [number, number] | undefined;
  readonly #evidence: Evidence;
  readonly #question: Question;
  readonly #spill: Spill;
  readonly #times: StatementTimes;

  constructor(evidence: Evidence, question: Question, spill: Spill) {
    this.#evidence = evidence;
    this.#question = question;
    this.#spill = spill;
    this.#times = statementTimes(evidence.tokens);
  }

  async take(entry: Sealed): Promise<void> {
    const { first, end } = this.#evidence.range;
    const inRange = first <= entry.index && entry.index < end;
    this.#index(entry, inRange);
    if (entry.predicate === 'genesis' || entry.predicate === 'rotation') this.#keys(entry);
    if (entry.predicate === 'erasure') await this.#erasure(entry);
    if (!inRange) return;
    this.entries.set(entry.predicate, (this.entries.get(entry.predicate) ?? 0) + 1);
    this.sealed = [this.sealed?.[0] ?? entry.sealedAt, entry.sealedAt];
    if (entry.predicate === 'snapshot') this.#snapshot(entry);
    if (entry.predicate === 'run') await this.#run(entry);
    if (entry.predicate === 'config') await this.#changes(entry);
  }

  #isInPeriod(time: number): boolean {
    return this.#question.from <= time && time < this.#question.to;
  }

  #index(entry: Sealed, inRange: boolean): void {
    const { notBefore, notAfter, late } = this.#times(entry);
    if (inRange && notAfter === undefined) this.asserted.count += 1;
    if (inRange && late) this.asserted.late += 1;
    const asOf = entry.predicate === 'snapshot' ? entry.fields['asOf'] : undefined;
    for (const [at, { name, sha256 }] of entry.subjects.entries()) {
      if (/^(keys|tsa|log)\//.test(name)) continue;
      this.#spill.add(
        'evidence',
        [entry.index, '', String(at).padStart(4, '0')],
        [
          entry.index,
          entry.stream,
          entry.seq,
          entry.predicate,
          name,
          sha256,
          typeof asOf === 'number' ? instantText(asOf) : '',
          instantText(entry.finishedAt),
          instantText(entry.sealedAt),
          notBefore === undefined ? '' : instantText(notBefore),
          notAfter === undefined ? '' : instantText(notAfter),
          late ? 'yes' : 'no',
          notAfter === undefined ? 'yes' : 'no',
        ],
      );
    }
  }

  #keys(entry: Sealed): void {
    const { use, step, to } = entry.fields;
    if (entry.predicate === 'genesis') {
      const { keys } = parsed(genesisFields, entry.fields, 'entry 0');
      for (const use of ['envelope', 'checkpoint'] as const)
        this.keys.push({ use, fingerprint: fingerprintOf(keys[use]), index: entry.index });
      return;
    }
    const known = this.keys.some((key) => key.use === use && key.fingerprint === to);
    if (typeof to === 'string' && typeof use === 'string' && step !== 'end' && step !== 'destroy' && !known)
      this.keys.push({ use, fingerprint: to, index: entry.index });
  }

  async #erasure(entry: Sealed): Promise<void> {
    const { records } = await readBody(this.#evidence, entry, 'erased', erasedLine);
    for (const { id, remainder, erased } of records) this.erasures.set(id, { remainder, lines: erased });
  }

  source(ref: SourceRef): Collected {
    const key = sourceKey(ref);
    const found = this.collected.get(key) ?? {
      collector: ref.collector,
      dataset: ref.dataset,
      scope: ref.scope,
      kinds: new Set<string>(),
      snapshots: 0,
      failures: 0,
      first: undefined,
      last: undefined,
      gap: undefined,
    };
    this.collected.set(key, found);
    return found;
  }

  #snapshot(entry: Sealed): void {
    const fields = parsed(snapshotFields, entry.fields, `entry ${entry.index}`);
    const source = this.source(fields);
    for (const kind of Object.keys(fields.kinds)) source.kinds.add(kind);
    const at = entry.sealedAt;
    if (!this.#isInPeriod(at)) return;
    source.snapshots += 1;
    source.first ??= at;
    if (source.last !== undefined) source.gap = longer(source.gap, [source.last, at]);
    source.last = at;
  }

  async #run(entry: Sealed): Promise<void> {
    const fields = parsed(runFields, entry.fields, `entry ${entry.index}`);
    const { records } = await readBody(this.#evidence, entry, 'datasets', runLine);
    const inPeriod = this.#isInPeriod(entry.sealedAt);
    if (inPeriod) this.runs.total += 1;
    if (inPeriod && fields.outcome === 'failed') this.runs.failed += 1;
    const head = [
      entry.index,
      entry.runId,
      fields.collector,
      fields.type,
      inPeriod ? 'yes' : 'no',
      instantText(entry.startedAt),
      instantText(entry.finishedAt),
      fields.outcome,
    ];
    const rows = records.map((line) => {
      const { dataset, scope, outcome, reason, detail, snapshot, apiCalls, throttled } = line;
      if (inPeriod && outcome === 'failed')
        this.source({ collector: fields.collector, dataset, scope }).failures += 1;
      return [dataset, scope, outcome, reason, detail, line.records, snapshot, apiCalls, throttled];
    });
    if (rows.length === 0) rows.push(['', '', fields.outcome, '', '', null, null, null, null]);
    for (const row of rows) {
      this.#spill.add('runs', [entry.index], [...head, ...row]);
      if (inPeriod && row[2] === 'failed') this.#spill.add('failures', [entry.index], [...head, ...row]);
    }
  }

  async #changes(entry: Sealed): Promise<void> {
    const { records } = await readBody(this.#evidence, entry, 'changes', changeLine);
    const effects = await readBody(this.#evidence, entry, 'effects', effectLine);
    const byId = new Map(effects.records.map((effect) => [effect.id, effect]));
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    for (const { id, change, file, before, after, fields, approval } of records) {
      const effect = byId.get(id);
      const row = [
        entry.index,
        instantText(entry.sealedAt),
        text(entry.fields['before']),
        text(entry.fields['after']),
        id,
        change,
        file,
        change === 'changed' ? JSON.stringify(fields) : '',
        before,
        after,
        typeof approval === 'string' ? approval : approval.by,
        typeof approval === 'string' ? '' : instantText(approval.at),
        typeof approval === 'string'
          ? ''
          : `${approval.evidence}${approval.commit ? ` ${approval.commit}` : ''}`,
        effect?.direction ?? '',
        effect?.before,
        effect?.after,
        effect?.populationBefore,
        effect?.populationAfter,
        effect?.letOff.length,
        effect?.caught.length,
      ];
      this.#spill.add('changes', [entry.index, id], row);
      if (entry.fields['before'] !== null)
        this.#spill.add(
          'changes-by-weight',
          [weight(effect?.direction, change, id), String(entry.index).padStart(16, '0'), id],
          row,
        );
    }
  }
}

/** Of a key as SPKI in base64. */
function fingerprintOf(spki: string): string {
  return createHash('sha256').update(Buffer.from(spki, 'base64')).digest('hex');
}

/** What lets something off comes first. */
function weight(direction: string | undefined, change: string, id: string): number {
  if (direction === 'weaker') return 0;
  if (direction === 'mixed') return 1;
  if (change === 'removed' || id.startsWith('Exception/')) return 2;
  return direction === undefined ? 3 : 4;
}

export function longer(
  one: readonly [number, number] | undefined,
  other: readonly [number, number],
): readonly [number, number] {
  return one === undefined || other[1] - other[0] > one[1] - one[0] ? other : one;
}
