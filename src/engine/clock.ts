/** Seconds that two clocks may differ, and that this machine's may be set by unseen (ADR 0015). */
const TOLERANCE = 300;

/** Seconds after which a clock that was set is followed although nobody has confirmed it: there may be nobody who could. */
const ACCEPTED = 3600;

/** The agent's own time (docs/adr/0030). All in Unix seconds. */
export interface Clock {
  /**
   * This machine's clock while there is no doubt of it. When it is set by more than the tolerance, time goes on as it was, by the clock that
   * nobody sets, until others confirm the new time or the old one is back.
   */
  now(): number;
  /** The later of the two, for who talks to others: what they say of the time must not be refused before it was heard. */
  latest(): number;
  /** Never earlier than the last entry, while there is doubt. */
  judged(): number;
  /** Why this machine's clock is not to be believed; undefined: it is. */
  doubt(): string | undefined;
  /** What time the last entry of the log was sealed at. */
  sealed(at: number): void;
  /** What another clock has just told. Who is proven to have told it (a verified token) makes doubt when it differs, too. */
  heard(instant: number, proven?: string): void;
}

interface Sources {
  /** This machine's clock, which may be set. */
  readonly system: () => number;
  /** Seconds of a clock that nobody sets, from any origin. */
  readonly elapsed: () => number;
}

export function createClock({ system, elapsed }: Sources): Clock {
  const offset = (): number => system() - elapsed();
  /** The offset that is believed. */
  let trusted = offset();
  /** Somebody else has confirmed it. */
  let confirmed = false;
  let lastSealed = -Infinity;
  /** The log's last entry, as it was found, is of a later time than ours. */
  let behind = false;
  let contradiction: string | undefined;
  /** The offset that this machine's clock has now, and since when, by `elapsed`. */
  let current = { offset: trusted, since: elapsed() };

  function trust(): void {
    [trusted, behind, contradiction] = [offset(), false, undefined];
  }

  function look(): void {
    if (Math.abs(offset() - current.offset) > TOLERANCE) {
      current = { offset: offset(), since: elapsed() };
      contradiction = undefined;
    }
    // Set, or come, to where the log left off: what it says is all there is to compare with.
    if (behind && system() >= lastSealed - TOLERANCE) trust();
    const isSet = Math.abs(offset() - trusted) > TOLERANCE;
    if (isSet && elapsed() - current.since >= ACCEPTED && contradiction === undefined) {
      trust();
      confirmed = false;
      behind = lastSealed > system() + TOLERANCE;
    }
  }

  const time = (): number =>
    Math.floor(Math.abs(offset() - trusted) > TOLERANCE ? trusted + elapsed() : system());

  return {
    now() {
      look();
      return time();
    },
    latest() {
      look();
      return Math.max(time(), Math.floor(system()));
    },
    judged() {
      look();
      return reason() === undefined ? time() : Math.max(time(), lastSealed);
    },
    doubt() {
      look();
      return reason();
    },
    sealed(at) {
      if (lastSealed === -Infinity) behind = at > system() + TOLERANCE;
      lastSealed = Math.max(lastSealed, at);
    },
    heard(instant, proven) {
      look();
      const ahead = Math.round(instant - system());
      if (Math.abs(ahead) <= TOLERANCE) {
        trust();
        confirmed = true;
      } else if (proven !== undefined && !(confirmed && Math.abs(offset() - trusted) <= TOLERANCE)) {
        contradiction = `${proven} says a time ${Math.abs(ahead)} s ${ahead > 0 ? 'later' : 'earlier'}`;
      }
    },
  };

  function reason(): string | undefined {
    const set = Math.round(offset() - trusted);
    if (Math.abs(set) > TOLERANCE) {
      const way = set > 0 ? 'forward' : 'back';
      return `this machine's clock was set ${way} by ${Math.abs(set)} s, and no other clock confirms that`;
    }
    if (behind) {
      const by = Math.round(lastSealed - system());
      return `this machine's clock stands ${by} s before the last sealed entry, and no other clock confirms it`;
    }
    return contradiction === undefined ? undefined : `this machine's clock differs: ${contradiction}`;
  }
}
