import { stringify } from 'csv-stringify/sync';

/** A time is text by then. Null and undefined: an empty field. */
export type Cell = string | number | null | undefined;

const BATCH = 500;

/**
 * RFC 4180, in UTF-8: a header, a row a line, CR LF after each. A text that a spreadsheet would take for a formula (it begins with
 * = + - @, a tab or a carriage return) gets an apostrophe in front.
 */
export async function* csvFile(
  columns: readonly string[],
  rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>,
): AsyncGenerator<Uint8Array> {
  let batch: (readonly Cell[])[] = [columns];
  for await (const row of rows) {
    if (row.length !== columns.length) throw new TypeError(`${row.length} fields for ${columns.join()}`);
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield encode(batch);
    batch = [];
  }
  if (batch.length > 0) yield encode(batch);
}

function encode(rows: (readonly Cell[])[]): Uint8Array {
  return Buffer.from(stringify(rows, { record_delimiter: '\r\n', escape_formulas: true }));
}
