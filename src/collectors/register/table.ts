import { CollectorError } from '../error.ts';
import type { Cell, Entry } from './cell.ts';

export interface TableRow {
  /** As a spreadsheet counts: the header is row 1. */
  readonly number: number;
  readonly values: readonly Cell[];
}

/**
 * The rows below a header. Rejects (`configuration`) when a column that is read isn't in the header exactly once, and (`malformed`) when there is no
 * header. A row without any value is none.
 */
export async function* tableEntries(
  rows: AsyncIterable<TableRow> | Iterable<TableRow>,
  columns: Iterable<string>,
): AsyncGenerator<Entry, void, undefined> {
  let places: ReadonlyMap<string, number> | undefined;
  for await (const { number, values } of rows) {
    if (places === undefined) {
      places = placesOf(values, columns);
    } else if (values.some((value) => value !== '')) {
      const at = places;
      yield { place: `row ${number}`, cell: (column) => values[at.get(column) ?? -1] ?? '' };
    }
  }
  if (places === undefined) throw new CollectorError('malformed', 'the register is empty: expected a header');
}

function placesOf(header: readonly Cell[], columns: Iterable<string>): ReadonlyMap<string, number> {
  const names = header.map((name) => String(name).trim());
  return new Map(
    [...columns].map((column) => {
      const count = names.filter((name) => name === column).length;
      if (count !== 1) {
        const found = count === 0 ? 'is not there' : `is there ${count} times`;
        throw new CollectorError('configuration', `the header: column ${column} ${found}; expected once`);
      }
      return [column, names.indexOf(column)] as const;
    }),
  );
}
