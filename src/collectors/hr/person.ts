import type { PersonRecord } from '../../inventory/kinds/person.ts';
import { CollectorError } from '../error.ts';
import { rowAsOf, type Times } from '../exports/as-of.ts';
import type { HrConfig } from './config.ts';
import type { Row } from '../exports/csv.ts';
import type { Day } from '../exports/dates.ts';
import type { Layout } from './header.ts';

/** One row, understood. */
export interface Listed {
  /** `hr:<scope>:<person id>` */
  readonly id: string;
  readonly email: string;
  readonly logins: readonly string[];
  /** As the register says; undefined when it has no such column. */
  readonly status: PersonRecord['status'] | undefined;
  readonly startAt: number | null;
  /** End of the last day; null when none is stated. */
  readonly leavesAt: number | null;
  /** As the row says; undefined when it has no such column. */
  readonly asOf: number | undefined;
}

/** No white space, control characters or colons; `#` sets departures apart. */
const personId = /^[^\s\p{Cc}:#]{1,256}$/u;
const address = /^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u;
const login = /^[^\p{Cc}]{1,512}$/u;

/** Reads rows of a layout. Throws (`malformed`) with row, column and what was expected; values are personal data and never shown. */
export function rowReader(config: HrConfig, layout: Layout, times: Times): (row: Row) => Listed {
  const { columns } = config;
  return (row) => {
    const cell = (index: number | undefined) => (index === undefined ? '' : (row.values[index] ?? '').trim());
    const day = (index: number | undefined, column: string | undefined): Day | undefined => {
      const text = cell(index);
      return text === ''
        ? undefined
        : expect(times.dayIn(text), row, column, `a date like ${config.dateFormat}, or nothing`);
    };
    const id = expect(
      matching(cell(layout.personId), personId),
      row,
      columns.personId,
      'an id without white space, ":" and "#"',
    );
    const start = day(layout.start, columns.start);
    const lastDay = day(layout.lastDay, columns.lastDay);
    const asOfColumn = config.asOf !== undefined && 'column' in config.asOf ? config.asOf.column : '';
    return {
      id: `hr:${config.scope}:${id}`,
      email: cell(layout.workEmail) && emailOf(cell(layout.workEmail), row, columns.workEmail),
      logins: loginsOf(cell(layout.logins), row, columns.logins),
      status: layout.status === undefined ? undefined : statusOf(cell(layout.status), row, config),
      startAt: start === undefined ? null : times.days.startOf(start),
      leavesAt: lastDay === undefined ? null : times.days.endOf(lastDay),
      asOf: layout.asOf === undefined ? undefined : rowAsOf(cell(layout.asOf), times, row.number, asOfColumn),
    };
  };
}

function emailOf(text: string, row: Row, column: string): string {
  return expect(matching(text, address), row, column, 'one e-mail address, or nothing');
}

function loginsOf(text: string, row: Row, logins: HrConfig['columns']['logins']): readonly string[] {
  const names = logins === undefined ? [] : text.split(logins.separator).map((name) => name.trim());
  const found = names
    .filter((name) => name !== '')
    .map((name) => expect(matching(name, login), row, logins?.column, 'logins without control characters'));
  return [...new Set(found)];
}

function statusOf(text: string, row: Row, config: HrConfig): PersonRecord['status'] {
  const statuses = config.statuses ?? {};
  const status = Object.hasOwn(statuses, text) ? statuses[text] : undefined;
  return expect(
    status,
    row,
    config.columns.status,
    `one of the configured statuses: ${Object.keys(statuses).join(', ')}`,
  );
}

function matching(text: string, pattern: RegExp): string | undefined {
  return pattern.test(text) ? text : undefined;
}

function expect<T>(value: T | undefined, row: Row, column: string | undefined, expected: string): T {
  if (value === undefined) {
    throw new CollectorError('malformed', `row ${row.number}, column ${column}: expected ${expected}`);
  }
  return value;
}

/**
 * A last row without a line end may be whole, or cut. Throws (`incomplete`) unless a cut within its last value would show, or that value is not
 * used: dates have a fixed width, and a status must not be the beginning of another.
 */
export function checkEnd(row: Row, layout: Layout, config: HrConfig): void {
  const index = layout.width - 1;
  const value = (row.values[index] ?? '').trim();
  const statuses = index === layout.status ? Object.keys(config.statuses ?? {}) : [];
  const cutUnseen =
    [layout.personId, layout.workEmail, layout.logins, layout.asOf].includes(index) ||
    ([layout.start, layout.lastDay].includes(index) && value === '') ||
    statuses.some((status) => status !== value && status.startsWith(value));
  if (cutUnseen) {
    throw new CollectorError(
      'incomplete',
      `row ${row.number}: the file ends within its last column and may have been cut there; expected a line end`,
    );
  }
}
