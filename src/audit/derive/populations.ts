import type { RecordVerdict } from '../../controls/contract.ts';
import { type Period } from '../../controls/period.ts';
import {
  type Judged,
  moves,
  type PopulationCounts,
  type PopulationState,
  type Standing,
  type Wholeness,
  wholeness,
} from '../../controls/population.ts';
import { instantText } from '../../controls/words.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import type { Cell } from './csv.ts';
import type { Spill } from './spill.ts';

export const POPULATION_COLUMNS = [
  'check',
  'judged',
  'came',
  'passed',
  'failed',
  'unknown',
  'corrected',
  'whole',
  'why_not_whole',
] as const;

export const EVENT_COLUMNS = [
  'check',
  'record',
  'outcome',
  'judged_so_since',
  'came',
  'failed_in_period',
] as const;

const COUNTED = { pass: 'passed', fail: 'failed', unknown: 'unknown' } as const;

/** Counts are undefined where nothing is known. */
export interface PopulationFound extends Wholeness {
  readonly counts: PopulationCounts | undefined;
}

interface Told {
  readonly outcome: Judged;
  readonly since: number;
  readonly failed: boolean;
}

/** A record: as it stands since a moment, whether it was in the population as the period began, and what is told of it over the period. */
interface Event {
  readonly stands: Standing;
  readonly since: number;
  readonly stood: boolean;
  readonly told: Told | undefined;
}

interface Tally {
  readonly changes: { readonly at: number; readonly status: PopulationState }[];
  readonly events: Map<string, Event>;
}

/** The populations of event checks as the agent keeps them, replayed from verdicts. Times are Unix seconds. */
export class Populations {
  readonly #period: Period;
  readonly #tallies = new Map<string, Tally>();
  readonly #gaps: Period[] = [];
  /** When the first assessment speaks within the period. */
  #begin: number;
  /** From when the last assessment counts. */
  #at: number | undefined;

  constructor(period: Period) {
    this.#period = period;
    this.#begin = period.from;
  }

  /** The next assessment; `judges`: whether a check of this name judges events now. */
  assessed(now: number, patience: number, judges: (check: string) => boolean): void {
    this.#silentUntil(Math.max(now, this.#at ?? now), patience);
    this.#at = Math.max(now, this.#at ?? now);
    for (const check of this.#tallies.keys()) if (!judges(check)) this.judged(check, 'none', []);
  }

  /** What that assessment says of a check. */
  judged(
    check: string,
    state: PopulationState,
    records: readonly Pick<RecordVerdict, 'id' | 'outcome'>[],
  ): void {
    const at = this.#at ?? 0;
    const tally = this.#tallies.get(check) ?? { changes: [], events: new Map<string, Event>() };
    this.#tallies.set(check, tally);
    if (tally.changes.at(-1)?.status !== state) tally.changes.push({ at, status: state });
    const standing = new Map([...tally.events].map(([id, { stands }]) => [id, stands]));
    for (const [id, stands] of moves(standing, state, records)) {
      const before = tally.events.get(id);
      const past = before === undefined ? { stood: false, told: undefined } : this.#until(before, at);
      tally.events.set(id, { ...past, stands, since: at });
    }
  }

  /** Lets the time pass up to the period's end. A row for each record goes to the spill. */
  finish(patience: number, checks: Iterable<string>, spill: Spill): ReadonlyMap<string, PopulationFound> {
    if (this.#at !== undefined) this.#silentUntil(this.#period.to, patience);
    const names = [...new Set([...checks, ...this.#tallies.keys()])].toSorted(compareUtf8);
    return new Map(names.map((check) => [check, this.#found(check, spill)]));
  }

  #found(check: string, spill: Spill): PopulationFound {
    const { changes = [], events = new Map<string, Event>() } = this.#tallies.get(check) ?? {};
    const found = wholeness({ changes, gaps: this.#gaps }, this.#period);
    const counts = { judged: 0, came: 0, passed: 0, failed: 0, unknown: 0, corrected: 0 };
    if (!found.known) return { ...found, counts: undefined };
    for (const [record, event] of events) {
      const { told, stood } = this.#until(event, undefined);
      if (told === undefined) continue;
      const { outcome, failed } = told;
      counts.judged += 1;
      if (!stood) counts.came += 1;
      counts[COUNTED[outcome]] += 1;
      if (outcome === 'pass' && failed) counts.corrected += 1;
      spill.add('events', [0, check, record], this.#row(check, record, told, stood));
    }
    // That there were none is known only of a whole population.
    return { ...found, counts: found.whole || counts.judged > 0 ? counts : undefined };
  }

  #row(check: string, record: string, { outcome, since, failed }: Told, stood: boolean): Cell[] {
    const text = since < this.#period.from ? '' : instantText(since);
    return [check, record, outcome, text, stood ? 'no' : 'yes', failed ? 'yes' : 'no'];
  }

  /** What is known of a record with how it stood until a moment, or (undefined) still stands. */
  #until({ stands, since, stood, told }: Event, until: number | undefined): Pick<Event, 'stood' | 'told'> {
    const { from } = this.#period;
    if (stands === 'absent') return { stood, told };
    const over = until !== undefined && until <= this.#begin && since < this.#begin;
    return {
      stood: stood || (since < from && (until === undefined || until >= from)),
      told: over ? told : { outcome: stands, since, failed: told?.failed === true || stands === 'fail' },
    };
  }

  #silentUntil(at: number, patience: number): void {
    if (this.#at === undefined || this.#at + patience >= at) return;
    const gap = { from: this.#at + patience, to: at };
    this.#gaps.push(gap);
    if (gap.from <= this.#period.from && this.#period.from < gap.to) this.#begin = gap.to;
  }
}

export function* populationRows(populations: ReadonlyMap<string, PopulationFound>): Generator<Cell[]> {
  for (const [check, { counts, whole, why }] of populations)
    yield [
      check,
      counts?.judged,
      counts?.came,
      counts?.passed,
      counts?.failed,
      counts?.unknown,
      counts?.corrected,
      whole ? 'yes' : 'no',
      why,
    ];
}
