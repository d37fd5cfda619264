import { z } from 'zod';
import { type Day, dateReader, zone } from '../exports/dates.ts';
import type { Times } from '../exports/as-of.ts';

const isoInstant = z.iso.datetime({ offset: true });
const isoDay = dateReader('YYYY-MM-DD');
const localTime = /^(.+?)[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;

/** Days before 1970 of the day that spreadsheets count from, 1899-12-30. */
const epochSerial = 25_569;

/** What a cell says about time: a day, or an instant in Unix seconds. */
export type When = { readonly day: Day } | { readonly instant: number };

export interface Clock extends Times {
  /** A date of the register's format, alone or with a time of day, or a date-time with its offset; undefined for anything else. */
  read(text: string): When | undefined;
  /** The same, or a date such as 2026-01-31. */
  readStated(text: string): When | undefined;
  /** A spreadsheet's date: days since 1899-12-30, with a part of a day. */
  readSerial(serial: number): When | undefined;
}

export function clock(timeZone: string, dateFormat: string): Clock {
  const days = zone(timeZone);
  const dayIn = dateReader(dateFormat);
  const at = (day: Day | undefined, seconds: number): When | undefined => {
    const instant = day && days.at(day, seconds);
    return instant === undefined ? undefined : { instant };
  };
  const read = (text: string): When | undefined => {
    const day = dayIn(text);
    if (day !== undefined) return { day };
    if (isoInstant.safeParse(text).success) return { instant: Math.floor(Date.parse(text) / 1000) };
    const [, date = '', hours, minutes, seconds = '0'] = localTime.exec(text) ?? [];
    const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
    return h < 24 && m < 60 && s < 60 ? at(dayIn(date), h * 3600 + m * 60 + s) : undefined;
  };
  return {
    days,
    dayIn,
    read,
    readStated: (text) => {
      const day = isoDay(text);
      return read(text) ?? (day && { day });
    },
    readSerial: (serial) => {
      const whole = Math.floor(serial);
      const seconds = Math.round((serial - whole) * 86_400);
      const day = dayOfSerial(whole + Math.floor(seconds / 86_400));
      return day === undefined || seconds % 86_400 === 0 ? day && { day } : at(day, seconds);
    },
  };
}

function dayOfSerial(serial: number): Day | undefined {
  const date = new Date((serial - epochSerial) * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1900 && year <= 9999)) return undefined;
  return { year, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
