import { CollectorError } from '../error.ts';

/** Seconds for which an endpoint that did not answer is left alone. */
const REMEMBERED = 120;

interface Silent {
  readonly operation: string;
  /** Unix seconds. */
  readonly at: number;
}

/**
 * Which places (an account in a region) answered nothing a moment ago, so that what else is asked there fails at once instead of waiting as
 * long again. Any answer from the place, even a refusal, ends it, and so do two minutes.
 */
export interface Silences {
  /** Throws `timeout` while the place is silent, naming what was not answered and when. */
  check(place: string, operation: string): void;
  /** How many answers have come from the place so far. */
  answers(place: string): number;
  heard(place: string): void;
  /** The operation was waited for in vain; it tells of the place only where no other had an answer since `answers` was asked. */
  unanswered(place: string, answers: number, operation: string): void;
}

export function rememberSilences(now: () => number): Silences {
  const silent = new Map<string, Silent>();
  const heard = new Map<string, number>();
  const answers = (place: string): number => heard.get(place) ?? 0;
  return {
    check: (place, operation) => {
      const last = silent.get(place);
      if (last === undefined) return;
      const ago = now() - last.at;
      if (ago < 0 || ago >= REMEMBERED) {
        silent.delete(place);
        return;
      }
      const when = new Date(last.at * 1000).toISOString();
      throw new CollectorError(
        'timeout',
        `${operation}: not asked, since ${place} did not answer ${last.operation} at ${when}, nor anything since`,
      );
    },
    answers,
    heard: (place) => {
      heard.set(place, answers(place) + 1);
      silent.delete(place);
    },
    unanswered: (place, before, operation) => {
      if (answers(place) === before) silent.set(place, { operation, at: now() });
    },
  };
}
