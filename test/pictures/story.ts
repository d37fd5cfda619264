/** Seconds. */
export const HOUR = 3600;
export const DAY = 86_400;

/** The last day of the month as it is told; all dates of the story are moved so that this one is the day of the drawing. */
const LAST_DAY = '2026-11-28';

/** How far apart the agent collects and assesses in the simulated month, in seconds. */
export const STEP = 4 * HOUR;

/** How long the month is, in seconds. */
export const LENGTH = 30 * DAY;

/** The month that ends at an instant. All times in Unix seconds. */
export interface Month {
  readonly start: number;
  readonly end: number;
  /** A day of the story as it is in this month. */
  readonly day: (told: string) => number;
  /** A text with every date in it moved: `2026-11-05`, `05/11/2026`. */
  readonly moved: (text: string) => string;
}

export function monthUntil(end: number): Month {
  const by = (Math.floor(end / DAY) - Date.parse(LAST_DAY) / 1000 / DAY) * DAY;
  const day = (told: string): number => Date.parse(told) / 1000 + by;
  const iso = (told: string): string => dateText(day(told));
  return {
    start: end - LENGTH,
    end,
    day,
    moved: (text) =>
      text
        .replaceAll(/\b\d{4}-\d\d-\d\d\b/g, iso)
        .replaceAll(/\b(\d\d)\/(\d\d)\/(\d{4})\b/g, (_, dd: string, mm: string, yyyy: string) =>
          iso(`${yyyy}-${mm}-${dd}`).split('-').toReversed().join('/'),
        ),
  };
}

/** `2026-11-05` */
export function dateText(instant: number): string {
  return new Date(instant * 1000).toISOString().slice(0, 10);
}

/** From when until when, days of the story with an hour. */
type Span = readonly [from: string, to: string];

/** While this lasted, AWS refused the agent's role. */
export const REFUSED: Span = ['2026-11-08T02:00:00Z', '2026-11-09T10:00:00Z'];

/** While this lasted, the agent did not run. */
export const STOPPED: Span = ['2026-11-14T06:00:00Z', '2026-11-15T02:00:00Z'];

/** Columns of AWS' credential report. `day`: 10:00 UTC of that day of the story. */
export interface AccountChange {
  readonly day: string;
  readonly user: string;
  readonly change: 'second factor' | 'new key' | 'no password';
}

/** What people put right in the accounts, and when. */
export const accountChanges: readonly AccountChange[] = [
  { day: '2026-10-30', user: 'gita.ashgrove@acme.example', change: 'second factor' },
  { day: '2026-11-05', user: 'mira.cobbleway@acme.example', change: 'new key' },
  { day: '2026-11-06', user: 'mira.birkfield@acme.example', change: 'second factor' },
  { day: '2026-11-18', user: 'svc-backup', change: 'new key' },
  { day: '2026-11-20', user: 'lumo.elderwick@acme.example', change: 'no password' },
];
