import type { Logger } from 'pino';
import type { AgentSpec, WitnessSpec } from '../config/contract.ts';
import type { CheckpointInfo, EvidenceLog } from '../evidence/contract.ts';
import { parseWitnessKey } from '../evidence/cosignature.ts';
import { type Answer, submitCheckpoint, type Witness } from '../evidence/witness/client.ts';
import { EngineError } from './error.ts';
import type { Clock } from './clock.ts';
import { type Conditions, troubleOn } from './conditions.ts';
import { failureCause } from './retry-policy.ts';
import type { MetricsSnapshot } from './view.ts';

export interface CosignOptions {
  readonly log: Pick<EvidenceLog, 'checkpoint' | 'consistency' | 'addCosignatures'>;
  readonly logger: Logger;
  /** Unix seconds. */
  readonly now: () => number;
  readonly submit?: typeof submitCheckpoint;
  /** Told what time each cosignature says. */
  readonly clock?: Pick<Clock, 'heard'>;
  /** Told what keeps us from each witness. */
  readonly conditions?: Pick<Conditions, 'report'>;
}

/** What conditions call a witness. */
export function witnessSubject(name: string): string {
  return `witness ${name}`;
}

/** Has the log's checkpoints cosigned by witnesses. Holds no timer; what fails is told, counted and tried again, never thrown. */
export interface Cosigner {
  /** Takes over another configuration: with other witnesses, they are due at once. */
  configure(agent: Pick<AgentSpec, 'witnesses' | 'timestamps'>): void;
  /** When the next checkpoint is due, Unix seconds; Infinity while no witness is configured, or one is being submitted. */
  nextAt(): number;
  /**
   * Submits the newest checkpoint to all witnesses, side by side, unless it has cosignatures already, and keeps those that verify. `once`: no answer is
   * waited for longer than so many seconds.
   */
  cosign(signal: AbortSignal, once?: { readonly patience: number }): Promise<void>;
  metrics(): MetricsSnapshot['witnesses'];
}

interface Item extends Witness {
  readonly name: string;
  /** Size of the checkpoint that it cosigned last, as far as is known here. */
  old: number;
}

/** Seconds between submissions, unless timestamps have a cadence. */
const EVERY = 3600;
/** Seconds between a witness's clock and ours, as with authorities (ADR 0015). */
const TOLERANCE = 300;
/** Seconds before the first further try; each doubles, up to the cadence. */
const FIRST_RETRY = 60;

export function createCosigner({
  log,
  logger,
  now,
  submit = submitCheckpoint,
  clock,
  conditions,
}: CosignOptions): Cosigner {
  let items: readonly Item[] = [];
  let every = EVERY;
  let configured = '';
  let dueAt = 0;
  let running = false;
  /** Size of the checkpoint whose cosignatures were kept last. */
  let kept = 0;
  /** Rounds in a row in which somebody failed. */
  let failures = 0;
  const counts = new Map<string, { failures: number; refusals: number }>();

  /** The lines to keep; undefined when there is none. */
  async function ask(
    item: Item,
    { size, note }: CheckpointInfo,
    patience: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const answer = await submit(
        { ...item, timeout: Math.min(item.timeout, patience) },
        { note, old: item.old, prove: (from) => log.consistency(from, size) },
        signal,
      );
      if (answer.kind === 'refused') return refused(item, size, answer.why);
      clock?.heard(answer.time, witnessSubject(item.name));
      assertTimely(answer);
      conditions?.report(witnessSubject(item.name), undefined);
      item.old = size;
      logger.info({ event: 'cosigned', witness: item.name, size, time: answer.time }, 'cosigned');
      return answer.lines;
    } catch (error) {
      if (!signal.aborted) failed(item, error);
      return undefined;
    }
  }

  /** Throws `clock`. */
  function assertTimely({ time }: Extract<Answer, { kind: 'cosigned' }>): void {
    const ahead = time - now();
    if (Math.abs(ahead) <= TOLERANCE) return;
    const way = ahead > 0 ? 'ahead of' : 'behind';
    throw new EngineError('clock', `its clock is ${Math.abs(ahead)} s ${way} ours`);
  }

  function refused(item: Item, size: number, detail: string): undefined {
    countOf(item.name).refusals += 1;
    logger.error(
      { event: 'witness_refused', witness: item.name, size, detail },
      'a witness refused the checkpoint: the log does not go on from what it has seen',
    );
  }

  function failed(item: Item, error: unknown): void {
    countOf(item.name).failures += 1;
    const { detail } = failureCause(error);
    const reason = error instanceof Error && 'code' in error ? error.code : 'internal';
    conditions?.report(witnessSubject(item.name), troubleOn(witnessSubject(item.name), error));
    logger.warn({ event: 'cosigning_failed', witness: item.name, reason, detail }, 'no cosignature');
  }

  function countOf(name: string) {
    const count = counts.get(name) ?? { failures: 0, refusals: 0 };
    counts.set(name, count);
    return count;
  }

  async function round(patience: number, signal: AbortSignal): Promise<void> {
    const checkpoint = log.checkpoint();
    const { size } = checkpoint;
    if (size === kept) return void (dueAt = now() + every);
    const lines = await Promise.all(items.map((item) => ask(item, checkpoint, patience, signal)));
    const answered = lines.filter((line) => line !== undefined);
    failures = answered.length === items.length ? 0 : failures + 1;
    dueAt = now() + (failures === 0 ? every : Math.min(every, FIRST_RETRY * 2 ** (failures - 1)));
    if (answered.length === 0) return;
    try {
      await log.addCosignatures(size, answered.join(''));
      kept = size;
    } catch (error) {
      const { detail } = failureCause(error);
      logger.error({ event: 'cosignatures_not_kept', size, detail }, 'cosignatures could not be kept');
    }
  }

  return {
    configure({ witnesses, timestamps }) {
      every = timestamps?.every ?? EVERY;
      const text = JSON.stringify([witnesses, every]);
      if (text === configured) return;
      configured = text;
      const before = items;
      items = witnesses.map((witness) => itemOf(witness, before));
      for (const { name } of items) countOf(name);
      [dueAt, kept, failures] = [now(), 0, 0];
    },
    // A time that was set when the clock stood later is not waited for.
    nextAt: () => {
      if (items.length === 0 || running) return Infinity;
      return dueAt > now() + every ? now() : dueAt;
    },
    async cosign(signal, once) {
      if (items.length === 0 || running) return;
      running = true;
      await round(once?.patience ?? Infinity, signal).finally(() => (running = false));
    },
    metrics: () => items.map(({ name, old }) => ({ name, size: old, ...countOf(name) })),
  };
}

function itemOf({ name, url, key, timeout }: WitnessSpec, before: readonly Item[]): Item {
  const old = before.find((item) => item.key.text === key && item.url === url)?.old ?? 0;
  return { name, url, key: parseWitnessKey(key), timeout, old };
}
