import { describe, expect, test } from 'vitest';
import { cadenceOf } from '../../src/config/schedule.ts';

const minute = 60;
const hour = 3600;
const day = 86_400;

describe('the cadence of a schedule is its longest gap', () => {
  test.each([
    ['every 4h', 4 * hour],
    ['every 90d', 90 * day],
    ['every 30s', 30],
    ['* * * * *', minute],
    ['*/5 * * * *', 5 * minute],
    ['*/7 * * * *', 7 * minute],
    ['0 */4 * * *', 4 * hour],
    ['0 9-17 * * *', 16 * hour],
    ['30 2 * * *', day],
    ['0 6 * * 1-5', 3 * day],
    ['0 9-17 * * 1-5', 2 * day + 16 * hour],
    ['0 0 1 * *', 31 * day],
    ['0 0 L * *', 31 * day],
    ['0 0 31 * *', 61 * day],
    ['0 0 1 1 *', 366 * day],
    ['0 0 29 2 *', (4 * 365 + 1) * day],
    ['0 0 1,15 * *', 17 * day],
    // A day of the month or a weekday.
    ['0 0 1 * 1', 7 * day],
    ['0 6 * * 5L', 35 * day],
    // 29 February on a Monday: 2016, 2044.
    ['0 0 29 2 +1', (28 * 365 + 7) * day],
    ['0 6 * * FRI#2', 35 * day],
  ])('%s', (schedule, seconds) => {
    expect(cadenceOf(schedule)).toBe(seconds);
  });

  test.each([
    ['an empty text', ''],
    ['a word', 'daily'],
    ['an unknown unit', 'every 4 hours'],
    ['nothing at all', 'every 0m'],
    ['a colon', 'every: 4h'],
    ['four fields', '* * * *'],
    ['six fields', '0 0 * * * *'],
    ['two spaces', '0  0 * * *'],
    ['a minute too many', '60 * * * *'],
    ['a day that never comes', '0 0 30 2 *'],
  ])('%s has none', (_what, schedule) => {
    expect(cadenceOf(schedule)).toBeUndefined();
  });
});
