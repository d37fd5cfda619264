import { Cron } from 'croner';
import { duration } from '../controls/fields.ts';

const day = 86_400;

/**
 * The cadence of a schedule: the longest gap between two firings, in seconds. A schedule is `every <duration>` or a cron expression of five
 * fields in UTC (croner's syntax). Undefined when it is neither, or never fires.
 */
export function cadenceOf(schedule: string): number | undefined {
  const every = /^every (\S+)$/.exec(schedule)?.[1];
  if (every !== undefined) {
    return duration.safeParse(every).data;
  }
  const fields = schedule.split(' ');
  if (fields.length !== 5 || fields.includes('')) {
    return undefined;
  }
  const [minute, hour, ...date] = fields;
  const times = firings(`${minute} ${hour} * * *`, day);
  const days = firings(`0 0 ${date.join(' ')}`, horizonOf(date));
  return times === undefined || days === undefined ? undefined : longestGap(times, days);
}

/**
 * Every firing day has the same firing times, so that the longest gap lies within a day or between the last time of one firing day and the
 * first of the next.
 */
function longestGap(times: readonly number[], days: readonly number[]): number | undefined {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || days.length < 2) {
    return undefined;
  }
  return Math.max(gap(times), gap(days) + first - last);
}

/**
 * After how many seconds the days of an expression have shown every gap that they have: weekdays repeat weekly; dates repeat with the leap
 * years, apart from 2100; and a date that must fall on a weekday as well (`+`) comes back after 28 years at the latest.
 */
function horizonOf(date: readonly string[]): number {
  const [dayOfMonth, month, weekday = '*'] = date;
  if (dayOfMonth === '*' && month === '*' && !/[#L]/i.test(weekday)) {
    return 15 * day;
  }
  return (weekday.includes('+') ? 60 : 9) * 366 * day;
}

function gap(instants: readonly number[]): number {
  return instants.reduce((longest, at, index) => Math.max(longest, at - (instants[index - 1] ?? at)), 0);
}

/** Seconds after 2001-01-01 (the day after a leap year's end) at which the expression fires, up to the horizon; undefined when it isn't one. */
function firings(expression: string, horizon: number): readonly number[] | undefined {
  const start = Date.UTC(2001, 0, 1);
  try {
    const cron = new Cron(expression, { paused: true, timezone: 'UTC', mode: '5-part' });
    const found: number[] = [];
    for (let at = cron.nextRun(new Date(start - 1000)); at !== null; at = cron.nextRun(at)) {
      const seconds = (at.getTime() - start) / 1000;
      if (seconds >= horizon) {
        break;
      }
      found.push(seconds);
    }
    return found;
  } catch {
    return undefined;
  }
}
