import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Check, textDigest } from '../../controls/check.ts';
import type { RecordVerdict, SourceState, Verdict } from '../../controls/contract.ts';
import { isClosing, type OpenDeviation, transition } from '../../controls/deviations.ts';
import { type Judgement, judgeChecks, kindsRead } from '../../controls/judge.ts';
import { SOA_SOURCE } from '../../controls/soa-records.ts';
import type { Sealed } from '../../evidence/contract.ts';
import { type Inventory, openInventory } from '../../inventory/inventory.ts';
import { sourceKey } from '../../inventory/kind.ts';
import type { Sandbox } from '../../inventory/query-contract.ts';
import { createSandbox } from '../../inventory/sandbox.ts';
import type { Evidence } from '../contract.ts';
import { AuditError } from '../error.ts';
import { compareVerdicts, recordLine, type VerdictLine, verdictLine } from './compare.ts';
import { readConfiguration, records, recordsOf, type SealedConfiguration } from './configuration.ts';
import type { Difference, ReperformReport, Skipped } from './contract.ts';
import { doubt, loadInputs, passedOver, readInputs } from './inputs.ts';
import { statementDoubt } from './statement.ts';

export interface ReperformOptions {
  /** Called after each assessment, with how many there are. */
  readonly progress?: (done: number, total: number) => void;
  /** Log indexes of the assessments to re-perform; all unless given. */
  readonly assessments?: readonly number[];
  /** Seconds that one check may take. */
  readonly deadline?: number;
  /** Bytes that the process which runs the checks may use. */
  readonly memory?: number;
}

const KEPT = 1000;
const REMEMBERED = 4;

/**
 * Runs the sealed text of every check again, on the sealed snapshots, at the sealed moment, and compares each verdict and each record with
 * what was sealed. Rejects with AuditError for evidence that doesn't parse; verdicts whose evidence is not here are listed as skipped.
 */
export async function reperform(
  evidence: Evidence,
  options: ReperformOptions = {},
): Promise<ReperformReport> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-reperform-'));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const inventory = cleanup.use(openInventory(join(directory, 'inventory.db')));
  const { deadline = 120, memory = 1 << 30 } = options;
  const sandbox = cleanup.use(createSandbox({ file: inventory.file, deadline, memory }));
  const pass = new Pass(evidence, inventory, sandbox);
  for (const entry of evidence.context) await pass.take(entry);
  const chosen = options.assessments && new Set(options.assessments);
  let total = 0;
  for await (const { predicate, index } of evidence.entries())
    if (predicate === 'assessment' && chosen?.has(index) !== false) total += 1;
  for await (const entry of evidence.entries()) {
    await pass.take(entry);
    if (entry.predicate !== 'assessment') continue;
    const again = chosen?.has(entry.index) !== false;
    await pass.assess(entry, again);
    if (again) options.progress?.(pass.assessments, total);
  }
  return pass.report();
}

/** Goes over the entries in their order, and keeps what the next ones rest on. */
class Pass {
  assessments = 0;
  readonly #evidence: Evidence;
  readonly #inventory: Inventory;
  readonly #sandbox: Sandbox;
  /** The last few of each stream: an assessment rests on the newest that was sealed when it began. */
  readonly #snapshots = new Map<string, readonly Sealed[]>();
  readonly #configurations = new Map<string, SealedConfiguration>();
  /** Checks of which a verdict was seen: what is open of them follows from what was sealed. */
  readonly #known = new Set<string>();
  readonly #differences: Difference[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #notes = new Set<string>();
  /** The last verdict's records of each check: mostly the next one has the same body. */
  readonly #read = new Map<string, { readonly body: string; readonly records: readonly RecordVerdict[] }>();
  #open: readonly OpenDeviation[] = [];
  #declared = '';
  #verdicts = 0;
  #records = 0;
  #differenceCount = 0;
  #skippedCount = 0;

  constructor(evidence: Evidence, inventory: Inventory, sandbox: Sandbox) {
    this.#evidence = evidence;
    this.#inventory = inventory;
    this.#sandbox = sandbox;
  }

  async take(entry: Sealed): Promise<void> {
    if (entry.predicate === 'snapshot')
      this.#snapshots.set(
        entry.stream,
        [...(this.#snapshots.get(entry.stream) ?? []), entry].slice(-REMEMBERED),
      );
    const digest = entry.fields['after'];
    if (entry.predicate !== 'config' || typeof digest !== 'string') return;
    this.#configurations.set(digest, await readConfiguration(this.#evidence, entry));
  }

  /** `again`: re-perform it; otherwise only what it opened and closed is taken over. */
  async assess(entry: Sealed, again: boolean): Promise<void> {
    const now = Number(entry.fields['now']);
    const configuration = this.#configurations.get(entry.config ?? '');
    const lines = await this.#verdictLines(entry);
    if (configuration === undefined) {
      for (const { id } of lines) this.#skip(entry, id, `the configuration ${entry.config} is not here`);
      return;
    }
    const sealed = new Map<string, readonly RecordVerdict[] | undefined>();
    for (const line of lines) sealed.set(line.id, await this.#recordsOf(entry, line));
    if (again) {
      this.assessments += 1;
      await this.#reperform(entry, now, configuration, lines, sealed);
    }
    this.#moveOn(lines, sealed, configuration, now);
  }

  async #reperform(
    entry: Sealed,
    now: number,
    configuration: SealedConfiguration,
    lines: readonly VerdictLine[],
    sealed: ReadonlyMap<string, readonly RecordVerdict[] | undefined>,
  ): Promise<void> {
    const sources = await readInputs(this.#evidence, entry);
    for (const source of sources) {
      const sealed = this.#snapshots.get(`snapshot/${sourceKey(source)}`) ?? [];
      const snapshot = sealed.find(({ index }) => index === source.index);
      const wrong = doubt(source, snapshot, now, configuration);
      if (wrong !== undefined) {
        this.#differ(entry, now, '', {
          what: `input ${sourceKey(source)}`,
          sealed: source.state,
          reperformed: wrong,
        });
      }
    }
    for (const id of passedOver(sources, configuration)) {
      const found = {
        what: `input ${id}`,
        sealed: 'absent',
        reperformed: 'configured, with kinds that checks read',
      };
      this.#differ(entry, now, '', found);
    }
    const doubted = await statementDoubt(this.#evidence, sources, configuration);
    if (doubted !== undefined) {
      const what = `input ${sourceKey(SOA_SOURCE)}`;
      this.#differ(entry, now, '', { what, sealed: 'absent or altered', reperformed: doubted });
    }
    await this.#declare(configuration);
    const judged = lines.flatMap(({ id, outcome }) => {
      const check = configuration.checks.get(id);
      return check === undefined ? [] : [{ check, outcome }];
    });
    const failed = await loadInputs(this.#evidence, this.#inventory, sources);
    for (const line of lines) {
      const check = this.#checkOf(entry, now, line, configuration);
      const sealedRecords = sealed.get(line.id);
      if (check === undefined) continue;
      const missing = await this.#missing(check, sources, failed);
      if (sealedRecords === undefined)
        this.#skip(entry, line.id, 'its records are not part of this evidence');
      else if (missing !== undefined) this.#skip(entry, line.id, missing);
      else {
        const populations = line.population !== undefined;
        const judgement = {
          now,
          checks: [check],
          sources,
          judged,
          absent: configuration.absent,
          populations,
        };
        await this.#judge(entry, judgement, line, sealedRecords);
      }
    }
  }

  async #judge(
    entry: Sealed,
    judgement: Omit<Judgement, 'open'>,
    line: VerdictLine,
    sealed: readonly RecordVerdict[],
  ): Promise<void> {
    const open = () => this.#openOf(line.id, sealed);
    const [verdict] = await judgeChecks(this.#sandbox, { ...judgement, open });
    if (verdict === undefined) return;
    this.#verdicts += 1;
    this.#records += sealed.length;
    for (const difference of compareVerdicts(line, sealed, verdict))
      this.#differ(entry, judgement.now, line.id, difference);
  }

  /** What stood open of a check; before the first verdict that is here, as that one says: the rest lies before the period. */
  #openOf(check: string, sealed: readonly RecordVerdict[]): readonly { record: string; source: string }[] {
    if (this.#known.has(check) || this.#evidence.range.first === 0) {
      return this.#open.filter((deviation) => deviation.check === check);
    }
    this.#notes.add('what stood open when the range began is taken from the first verdict of each check');
    return sealed
      .filter(
        ({ outcome, reason }) =>
          isClosing(outcome) || (outcome === 'unknown' && /^It failed when|^Failed when/.test(reason)),
      )
      .map(({ id, source }) => ({ record: id, source }));
  }

  #moveOn(
    lines: readonly VerdictLine[],
    sealed: ReadonlyMap<string, readonly RecordVerdict[] | undefined>,
    { checks }: SealedConfiguration,
    now: number,
  ): void {
    const verdicts = lines.flatMap((line): Verdict[] => {
      this.#known.add(line.id);
      const found = sealed.get(line.id);
      return found === undefined ? [] : [{ ...line, check: line.id, records: found }];
    });
    const { opened, closed } = transition({ open: this.#open, verdicts, checks: [...checks.values()], now });
    const gone = new Set(closed.map(({ deviation }) => deviation));
    this.#open = [...this.#open.filter((deviation) => !gone.has(deviation)), ...opened];
  }

  #checkOf(
    entry: Sealed,
    now: number,
    line: VerdictLine,
    { checks }: SealedConfiguration,
  ): Check | undefined {
    const check = checks.get(line.id);
    const text = check === undefined ? 'not in the sealed configuration' : textDigest(check);
    if (text === line.text) return check;
    this.#differ(entry, now, line.id, { what: 'text', sealed: line.text, reperformed: text });
    return undefined;
  }

  /** Why a check can't be run as it was: evidence that it reads is not here. */
  async #missing(
    check: Check,
    sources: readonly SourceState[],
    failed: ReadonlyMap<string, string>,
  ): Promise<string | undefined> {
    if (failed.size === 0) return undefined;
    const kinds = (await kindsRead(this.#sandbox, check)) ?? [check.spec.kind];
    const lacking = sources.find(
      (source) => failed.has(sourceKey(source)) && source.kinds.some((kind) => kinds.includes(kind)),
    );
    return lacking && failed.get(sourceKey(lacking));
  }

  async #declare({ declared }: SealedConfiguration): Promise<void> {
    const text = JSON.stringify(declared);
    if (text !== this.#declared) await this.#inventory.declare(declared);
    this.#declared = text;
  }

  async #verdictLines(entry: Sealed): Promise<VerdictLine[]> {
    const lines: VerdictLine[] = [];
    for await (const record of records(this.#evidence, entry, 'verdicts'))
      lines.push(verdictLine.parse(record));
    return lines;
  }

  /** Undefined when they are not here, or some were erased. */
  async #recordsOf(entry: Sealed, { id, body }: VerdictLine): Promise<readonly RecordVerdict[] | undefined> {
    if (body === null) return [];
    const known = this.#read.get(id);
    if (known?.body === body) return known.records;
    try {
      const found: RecordVerdict[] = [];
      for await (const record of recordsOf(
        this.#evidence,
        body,
        `the records of ${id} in entry ${entry.index}`,
      ))
        found.push(recordLine.parse(record));
      this.#read.set(id, { body, records: found });
      return found;
    } catch (error) {
      if (error instanceof AuditError && error.code === 'incomplete') return undefined;
      throw error;
    }
  }

  #differ(
    entry: Sealed,
    now: number,
    check: string,
    found: Pick<Difference, 'what' | 'sealed' | 'reperformed'>,
  ): void {
    this.#differenceCount += 1;
    if (this.#differences.length < KEPT)
      this.#differences.push({ assessment: entry.index, now, check, ...found });
  }

  #skip(entry: Sealed, check: string, why: string): void {
    this.#skippedCount += 1;
    if (this.#skipped.length < KEPT) this.#skipped.push({ assessment: entry.index, check, why });
  }

  report(): ReperformReport {
    return {
      ok: this.#differenceCount === 0 && this.#verdicts > 0,
      assessments: this.assessments,
      verdicts: this.#verdicts,
      records: this.#records,
      differences: this.#differences,
      differenceCount: this.#differenceCount,
      skipped: this.#skipped,
      skippedCount: this.#skippedCount,
      notes: [...this.#notes],
    };
  }
}
