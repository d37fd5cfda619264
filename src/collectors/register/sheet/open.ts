import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { CollectorContext, Provenance } from '../../contract.ts';
import { CollectorError } from '../../error.ts';
import { read } from '../../read.ts';
import { unlessAborted } from '../../waiting.ts';
import type { Entry } from '../cell.ts';
import type { GoogleConfig } from '../config.ts';
import type { Opened } from '../opened.ts';
import { statedIn } from '../record.ts';
import { columnsOf, type Section } from '../section.ts';
import { tableEntries } from '../table.ts';
import type { Clock } from '../times.ts';
import { sheetClient } from './client.ts';
import { sheetFailure } from './failure.ts';
import { SHEETS_OPERATION } from './names.ts';
import { rowsIn } from './range.ts';

/** https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values */
const answer = z.object({
  spreadsheetId: z.string(),
  valueRanges: z.array(
    z.object({
      range: z.string(),
      majorDimension: z.literal('ROWS'),
      /** Without the empty rows at the end, and the empty cells at the end of a row. */
      values: z.array(z.array(z.union([z.string(), z.number(), z.boolean()]))).optional(),
    }),
  ),
});

/** The register's rows and, where it states one, the cell with its time: in one answer, so that they belong together. */
export async function openSheet(
  google: GoogleConfig,
  section: Section,
  { spreadsheet, range }: NonNullable<Section['sheet']>,
  clock: Clock,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Opened> {
  const cell = section.asOf !== undefined && 'cell' in section.asOf ? section.asOf.cell : undefined;
  const ranges = cell === undefined ? [range] : [range, cell];
  const { sheets, caller } = await sheetClient(google, section, context, provenance, signal);
  provenance.setCaller(caller);
  let data: unknown;
  try {
    const asked = { spreadsheetId: spreadsheet, ranges, majorDimension: 'ROWS' };
    const rendered = { valueRenderOption: 'UNFORMATTED_VALUE', dateTimeRenderOption: 'SERIAL_NUMBER' };
    ({ data } = await unlessAborted(
      () => sheets.spreadsheets.values.batchGet({ ...asked, ...rendered }),
      signal,
    ));
  } catch (error) {
    throw sheetFailure(error, signal, caller);
  }
  const { spreadsheetId, valueRanges } = read(SHEETS_OPERATION, 'the answer', answer, data);
  const [table, stating] = valueRanges;
  if (spreadsheetId !== spreadsheet || table === undefined || valueRanges.length !== ranges.length)
    throw new CollectorError('incomplete', `${SHEETS_OPERATION}: the answer is not of the ranges asked for`);
  const content = JSON.stringify(valueRanges.map(({ values = [] }) => values));
  const rows = rowsIn(range, table.range, table.values ?? []);
  return {
    asOf: cell === undefined ? undefined : cellTime(cell, stating?.values?.[0]?.[0] ?? '', clock),
    entries: tableEntries(rows, columnsOf(section).keys()),
    facts: { sha256: createHash('sha256').update(content).digest('hex'), bytes: Buffer.byteLength(content) },
    async [Symbol.asyncDispose]() {},
  };
}

function cellTime(cell: string, value: string | number | boolean, clock: Clock): number {
  const entry: Entry = { place: 'the spreadsheet', cell: () => value };
  return statedIn(entry, cell, clock);
}
