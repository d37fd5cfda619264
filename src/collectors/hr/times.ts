import type { Times } from '../exports/as-of.ts';
import { dateReader, zone } from '../exports/dates.ts';
import type { HrConfig } from './config.ts';

export function timesOf({ timeZone, dateFormat }: Pick<HrConfig, 'timeZone' | 'dateFormat'>): Times {
  return { days: zone(timeZone), dayIn: dateReader(dateFormat) };
}
