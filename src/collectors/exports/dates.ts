/** A day of the calendar; `month` counts from 1. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const secondsADay = 86_400;

/** Reads a date of exactly the format (`YYYY`, `MM`, `DD` and separators) that the calendar has; undefined for anything else. */
export function dateReader(format: string): (text: string) => Day | undefined {
  return reader(format.split(/(YYYY|MM|DD)/));
}

/** The same for a file's name, with `{YYYY}`, `{MM}` and `{DD}` in it. */
export function fileNameReader(pattern: string): (name: string) => Day | undefined {
  return reader(pattern.split(/\{(YYYY|MM|DD)\}/));
}

/** Every second part is a token. */
function reader(parts: readonly string[]): (text: string) => Day | undefined {
  const order = parts.filter((_, index) => index % 2 === 1);
  const source = parts.map((part, index) => (index % 2 === 1 ? `(\\d{${part.length}})` : escape(part)));
  const pattern = new RegExp(`^${source.join('')}$`);
  return (text) => {
    const found = pattern.exec(text);
    const part = (token: string) => Number(found?.[order.indexOf(token) + 1]);
    return dayOf(part('YYYY'), part('MM'), part('DD'));
  };
}

function escape(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Undefined when the calendar has no such day. */
function dayOf(year: number, month: number, day: number): Day | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  const real =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return real && year >= 1000 ? { year, month, day } : undefined;
}

/** What days mean in a time zone: instants in Unix seconds. */
export interface Zone {
  /** The first second of the day; where midnight was skipped, the first that there was. */
  startOf(day: Day): number;
  /** The last second of the day. */
  endOf(day: Day): number;
  /** When the clock on the wall shows so many seconds after midnight: the first time, or undefined where it is put past that. */
  at(day: Day, seconds: number): number | undefined;
}

/** By the runtime's time zone data. Each day is worked out once. */
export function zone(timeZone: string): Zone {
  const known = new Map<number, number>();
  const wallClock = clockOf(timeZone);
  const start = (midnight: number): number => {
    const seen = known.get(midnight) ?? firstSecond(midnight, wallClock);
    known.set(midnight, seen);
    return seen;
  };
  return {
    startOf: (day) => start(midnightOf(day)),
    endOf: (day) => start(midnightOf(day) + secondsADay) - 1,
    at: (day, seconds) => {
      const shown = midnightOf(day) + seconds;
      return candidatesOf(shown, wallClock).find((at) => wallClock(at) === shown);
    },
  };
}

function midnightOf({ year, month, day }: Day): number {
  return Date.UTC(year, month - 1, day) / 1000;
}

/** The instant at which the wall clock first shows the day or a later one. */
function firstSecond(midnight: number, wallClock: (instant: number) => number): number {
  const candidates = candidatesOf(midnight, wallClock);
  const found = candidates.find((at) => wallClock(at) >= midnight && wallClock(at - 1) < midnight);
  return found ?? candidates[1] ?? midnight;
}

/** When the wall clock may show this: by the offsets a day before and after, since no zone changes its clock twice so soon. Earliest first. */
function candidatesOf(shown: number, wallClock: (instant: number) => number): readonly number[] {
  return [shown - secondsADay, shown + secondsADay]
    .map((around) => shown - (wallClock(around) - around))
    .toSorted((a, b) => a - b);
}

/** What a clock on the wall shows at an instant, written as if it were UTC. */
function clockOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = new Map(
      format.formatToParts(instant * 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? Number.NaN;
    const day = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return day / 1000;
  };
}
