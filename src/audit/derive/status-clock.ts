import type { ControlStatus } from '../../controls/contract.ts';
import type { ControlAssessment } from '../../controls/status.ts';

export const STATUSES: readonly ControlStatus[] = [
  'effective',
  'correcting',
  'accepted',
  'ineffective',
  'unknown',
  'not_applicable',
];

/** How a control or an aspect fared over the period. */
export interface StatusHistory {
  first: ControlStatus | undefined;
  last: ControlStatus | undefined;
  /** Seconds in each status; together they are the period. */
  readonly seconds: Record<ControlStatus, number>;
  assessments: number;
}

/**
 * Adds up how long every control and aspect had which status within [from, to). A status counts from its assessment until the next one, but for no longer
 * than `patience` seconds: what lies beyond is unknown.
 */
export class StatusClock {
  readonly #histories = new Map<string, StatusHistory>();
  #current: ReadonlyMap<string, ControlStatus> = new Map();
  readonly #from: number;
  readonly #to: number;
  #assessedAt: number | undefined;
  #reached: number;
  #spent = 0;

  constructor(from: number, to: number) {
    this.#from = from;
    this.#to = to;
    this.#reached = from;
  }

  /** An assessment at a moment (Unix seconds) before `to`; its statuses by id of control or aspect. */
  assessed(statuses: ReadonlyMap<string, ControlStatus>, now: number, patience: number): void {
    this.#advance(now, patience);
    for (const [id, status] of statuses) {
      const history = this.#history(id);
      if (now < this.#from) continue;
      history.first ??= status;
      history.last = status;
      history.assessments += 1;
    }
    this.#current = statuses;
    this.#assessedAt = now;
  }

  /** Lets the time pass up to the period's end, and gives what came of each. */
  finish(patience: number): ReadonlyMap<string, StatusHistory> {
    this.#advance(this.#to, patience);
    return this.#histories;
  }

  #advance(now: number, patience: number): void {
    const until = Math.min(Math.max(now, this.#reached), this.#to);
    const good =
      this.#assessedAt === undefined
        ? this.#reached
        : Math.min(until, Math.max(this.#reached, this.#assessedAt + patience));
    for (const [id, history] of this.#histories) {
      history.seconds[this.#current.get(id) ?? 'unknown'] += good - this.#reached;
      history.seconds.unknown += until - good;
    }
    this.#spent += until - this.#reached;
    this.#reached = until;
  }

  #history(id: string): StatusHistory {
    let history = this.#histories.get(id);
    if (history === undefined) {
      const seconds = { effective: 0, correcting: 0, accepted: 0, ineffective: 0, not_applicable: 0 };
      // Before it was first assessed nothing was known of it.
      history = {
        first: undefined,
        last: undefined,
        assessments: 0,
        seconds: { ...seconds, unknown: this.#spent },
      };
      this.#histories.set(id, history);
    }
    return history;
  }
}

export function statusesOf(controls: readonly ControlAssessment[]): ReadonlyMap<string, ControlStatus> {
  return new Map(
    controls.flatMap(({ control, status, aspects }) => [
      [control.id, status] as const,
      ...aspects.map((aspect) => [aspect.id, aspect.status] as const),
    ]),
  );
}
