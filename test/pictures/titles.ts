import { readRows, type Row } from './panels.ts';

/** Rows of the dashboards that are drawn; of a dashboard that isn't named, none. */
const drawn: Readonly<Record<string, readonly string[] | 'all'>> = {
  'annexa-posture': 'all',
  'annexa-coverage': 'all',
  'annexa-agent': ['Runs'],
};

export interface Drawing {
  /** In docs/pictures. */
  readonly file: string;
  /** Of the dashboard. */
  readonly title: string;
  readonly row: Row;
}

/** A picture for each drawn row of a dashboard. */
export function drawingsOf(dashboard: string): readonly Drawing[] {
  const { title, uid, rows } = readRows(dashboard);
  const chosen = drawn[uid] ?? [];
  return rows
    .filter(({ heading }) => chosen === 'all' || chosen.includes(heading))
    .map((row) => ({
      file: `${uid.replace('annexa-', '')}-${row.heading.toLowerCase().replaceAll(' ', '-')}.png`,
      title,
      row,
    }));
}

/** What panels.json beside the pictures says: the titles that stand in each drawing. */
export function titlesOf(drawings: readonly Drawing[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    drawings.map(({ file, title, row }) => [
      file,
      [title, row.heading, ...row.panels.map((panel) => panel.title)],
    ]),
  );
}
