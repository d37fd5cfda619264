import type { Population, RecordVerdict } from './contract.ts';
import { type Period, stretches, type Timeline } from './period.ts';
import { instantText, sentence, spanText } from './words.ts';

/** What of a record is kept over time: as it was last judged, or that it is in the population no more. */
export type Judged = 'pass' | 'fail' | 'unknown';
export type Standing = Judged | 'absent';

/**
 * What the verdicts on an event check say of its population from some moment on. `redacted`: records of it were erased; `erased`: the whole
 * body was; `unsealed`: a verdict that names no population; `none`: the check is not in force.
 */
export type PopulationState = Population | 'redacted' | 'erased' | 'unsealed' | 'none';

/** Records of an event check over a period, each counted once, as it was last judged within it. */
export interface PopulationCounts {
  readonly judged: number;
  /** Of those judged: not in the population when the period began. */
  readonly came: number;
  readonly passed: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of those passed: failed at some time of the period. */
  readonly corrected: number;
}

/** The state that a verdict gives: `body` is undefined when all of it was erased. */
export function populationState(
  population: Population | undefined,
  body: { readonly erased: number } | undefined,
): PopulationState {
  if (population === undefined) return 'unsealed';
  if (body === undefined) return 'erased';
  return body.erased > 0 ? 'redacted' : population;
}

/**
 * Which records stand otherwise after a verdict. Only a whole population lets a record go, or makes unknown what was judged before: what can't
 * be examined again stays as it was.
 */
export function* moves(
  standing: ReadonlyMap<string, Standing>,
  state: PopulationState,
  records: readonly Pick<RecordVerdict, 'id' | 'outcome'>[],
): Generator<readonly [record: string, now: Standing]> {
  if (state === 'unsealed' || state === 'erased') return;
  const named = new Set<string>();
  for (const { id, outcome } of records) {
    named.add(id);
    const [before, now] = [standing.get(id) ?? 'absent', standingOf(outcome)];
    const stays = state !== 'whole' && now === 'unknown' && before !== 'absent';
    if (before !== now && !stays) yield [id, now];
  }
  if (state !== 'whole' && state !== 'none') return;
  for (const [id, before] of standing) if (before !== 'absent' && !named.has(id)) yield [id, 'absent'];
}

function standingOf(outcome: RecordVerdict['outcome']): Standing {
  if (outcome === 'fail' || outcome === 'unknown') return outcome;
  return outcome === 'pass' || outcome === 'passed' ? 'pass' : 'absent';
}

export interface Wholeness {
  /** Every verdict that spoke within the period named the whole population, and one spoke at every moment. */
  readonly whole: boolean;
  /** Some verdict within the period named records. */
  readonly known: boolean;
  /** What is lacking; null when it is whole. */
  readonly why: string | null;
}

const LACKS: Readonly<Record<Exclude<PopulationState, 'whole'>, string>> = {
  partial: 'evidence was stale, missing or declared absent, or the check could not be run',
  redacted: 'records of it were erased',
  erased: 'the body of the verdict was erased',
  unsealed: 'the verdicts name failing and unknown records alone',
  none: 'the check was not judged',
};

/** Whether the populations of a period are all there. Pure. */
export function wholeness(timeline: Timeline<PopulationState>, period: Period): Wholeness {
  const lacking = new Map<string, { first: number; seconds: number }>();
  let known = false;
  for (const { from, to, status } of stretches(timeline, period)) {
    // Before the first verdict it was not judged either.
    const state = status ?? (timeline.gaps.some((gap) => gap.from <= from && from < gap.to) ? 'gap' : 'none');
    known ||= state === 'whole' || state === 'partial' || state === 'redacted';
    if (state === 'whole') continue;
    const reason = state === 'gap' ? 'no assessment spoke' : LACKS[state];
    const found = lacking.get(reason) ?? { first: from, seconds: 0 };
    lacking.set(reason, { ...found, seconds: found.seconds + to - from });
  }
  const told = [...lacking].map(
    ([reason, { first, seconds }]) =>
      `${reason} for ${spanText(seconds)}, the first time at ${instantText(first)}`,
  );
  return { whole: told.length === 0, known, why: told.length === 0 ? null : sentence(told.join('; ')) };
}

/** When the first assessment speaks within a period: its beginning, or the end of the gap that it begins in. */
export function firstSpoken({ gaps }: Pick<Timeline<unknown>, 'gaps'>, { from }: Period): number {
  return gaps.find((gap) => gap.from <= from && from < gap.to)?.to ?? from;
}
