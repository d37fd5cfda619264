import { CollectorError } from '../../error.ts';
import type { TableRow } from '../table.ts';
import { SHEETS_OPERATION } from './names.ts';

type Values = readonly (string | number | boolean)[];

const bounds = /!\$?([A-Z]+)\$?(\d*)(?::\$?([A-Z]+)\$?(\d*))?$/;

/**
 * The rows, numbered as the sheet counts. The answer states the range that it covers, empty cells at its end included: rejects (`incomplete`) unless that is
 * what was asked for, and holds all of the rows.
 */
export function rowsIn(asked: string, covered: string, values: readonly Values[]): readonly TableRow[] {
  const [, first, firstRow, last] = bounds.exec(asked) ?? [];
  const [, from, fromRow, to = from, toRow] = bounds.exec(covered) ?? [];
  const start = Number(firstRow === '' ? 1 : firstRow);
  const whole = from === first && to === last && Number(fromRow === '' ? 1 : fromRow) === start;
  const fits = toRow === undefined || toRow === '' || start + values.length - 1 <= Number(toRow);
  if (!whole || !fits) {
    const message = `the answer covers another range (${covered.split('!').at(-1)}) than was asked for`;
    throw new CollectorError('incomplete', `${SHEETS_OPERATION}: ${message}`);
  }
  return values.map((row, index) => ({ number: start + index, values: row }));
}
