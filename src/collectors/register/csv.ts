import { CollectorError } from '../error.ts';
import { type FileFacts, readRows } from '../exports/csv.ts';
import type { Entry } from './cell.ts';
import { columnsOf, type Section } from './section.ts';
import { tableEntries, type TableRow } from './table.ts';

/**
 * The rows of a CSV. Rejects (`incomplete`) at the end when the file may have been cut within its last column unseen: it ends without a line end, and
 * that column is read.
 */
export async function* csvEntries(
  bytes: AsyncIterable<Uint8Array>,
  section: Section,
  facts: FileFacts,
): AsyncGenerator<Entry, void, undefined> {
  const columns = columnsOf(section);
  const seen = { header: undefined as readonly unknown[] | undefined, last: 0 };
  const rows = async function* (): AsyncGenerator<TableRow> {
    for await (const row of readRows(bytes, section, facts)) {
      seen.header ??= row.values;
      seen.last = row.number;
      yield row;
    }
  };
  yield* tableEntries(rows(), columns.keys());
  const lastColumn = String(seen.header?.at(-1));
  if (!facts.ended && columns.has(lastColumn)) {
    const why = 'the file ends within a column that is read, and may have been cut there';
    throw new CollectorError('incomplete', `row ${seen.last}: ${why}; expected a line end`);
  }
}
