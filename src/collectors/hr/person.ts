import { CollectorError } from '../error.ts';
import { rowAsOf, type Times } from '../exports/as-of.ts';
import type { Row } from '../exports/csv.ts';
import { listedOf } from '../people/fields.ts';
import type { Listed } from '../people/listed.ts';
import type { CsvConfig } from './config.ts';
import type { Layout } from './header.ts';

/** One row, understood. */
export interface ListedRow {
  readonly listed: Listed;
  /** As the row says; undefined when it has no such column. */
  readonly asOf: number | undefined;
}

/** Reads rows of a layout. Throws (`malformed`) with row, column and what was expected; values are personal data and never shown. */
export function rowReader(config: CsvConfig, layout: Layout, times: Times): (row: Row) => ListedRow {
  const { columns, dateFormat, statuses, types } = config;
  const how = { prefix: `hr:${config.scope}:`, statuses, types, dateFormat, times };
  const names = { ...columns, logins: columns.logins?.column };
  const asOfColumn = config.asOf !== undefined && 'column' in config.asOf ? config.asOf.column : '';
  return (row) => {
    const cell = (index: number | undefined) => (index === undefined ? '' : (row.values[index] ?? '').trim());
    const optional = (index: number | undefined) => (index === undefined ? undefined : cell(index));
    const texts = {
      personId: cell(layout.personId),
      workEmail: cell(layout.workEmail),
      logins:
        columns.logins === undefined
          ? []
          : cell(layout.logins)
              .split(columns.logins.separator)
              .map((name) => name.trim()),
      status: optional(layout.status),
      start: cell(layout.start),
      lastDay: cell(layout.lastDay),
      type: optional(layout.type),
      manager: cell(layout.manager),
      department: cell(layout.department),
    };
    return {
      listed: listedOf(texts, (field) => `row ${row.number}, column ${names[field]}`, how),
      asOf: layout.asOf === undefined ? undefined : rowAsOf(cell(layout.asOf), times, row.number, asOfColumn),
    };
  };
}

/**
 * A last row without a line end may be whole, or cut. Throws (`incomplete`) unless a cut within its last value would show, or that value is not
 * used: dates have a fixed width, and a status must not be the beginning of another.
 */
export function checkEnd(row: Row, layout: Layout, config: CsvConfig): void {
  const index = layout.width - 1;
  const value = (row.values[index] ?? '').trim();
  const { personId, workEmail, logins, manager, department, asOf } = layout;
  const words = Object.keys(
    (index === layout.status && config.statuses) || (index === layout.type && config.types) || {},
  );
  const cutUnseen =
    [personId, workEmail, logins, manager, department, asOf].includes(index) ||
    ([layout.start, layout.lastDay, layout.type].includes(index) && value === '') ||
    words.some((word) => word !== value && word.startsWith(value));
  if (cutUnseen) {
    throw new CollectorError(
      'incomplete',
      `row ${row.number}: the file ends within its last column and may have been cut there; expected a line end`,
    );
  }
}
