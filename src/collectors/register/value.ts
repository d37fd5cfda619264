import { CollectorError } from '../error.ts';
import type { Cell, Entry } from './cell.ts';
import { durationOf } from './duration.ts';
import type { Form } from './field.ts';
import type { Mapping } from './mapping.ts';
import type { Clock, When } from './times.ts';

/** What a spreadsheet shows where a formula has no value, or has none yet. */
const formulaError = /^(#(REF!|N\/A|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!|ERROR!|SPILL!|CALC!)|Loading\.\.\.)$/;

/** What is wrong in an entry. Values are never shown: they may be personal. */
export function fault(entry: Entry, column: string, expected: string): CollectorError {
  return new CollectorError('malformed', `${entry.place}, column ${column}: expected ${expected}`);
}

/** The text that a column has, without white space around it; '' for an empty cell. */
export function textOf(entry: Entry, column: string): string {
  return exactText(entry, column, entry.cell(column) ?? '');
}

/** The text of a cell as it was written. A sheet keeps 1.10 as 1.1, and long numbers rounded: what they were can't be told. */
export function exactText(entry: Entry, column: string, cell: Cell): string {
  if (typeof cell === 'number' && !Number.isSafeInteger(cell))
    throw fault(entry, column, 'text; format the column as plain text');
  return shownText(entry, column, cell);
}

/** The text of a cell, numbers as they are kept. */
export function shownText(entry: Entry, column: string, cell: Cell): string {
  if (typeof cell === 'object') throw fault(entry, column, 'one value, not a list');
  const text = typeof cell === 'boolean' ? String(cell).toUpperCase() : String(cell).trim();
  if (formulaError.test(text)) throw fault(entry, column, "a value, not a formula's error");
  return text;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['false', false],
  ['no', false],
]);

/** What a text means that isn't empty. Throws `malformed`. */
export function meant(entry: Entry, column: string, text: string, form: Form, mapping: Mapping): unknown {
  const value = meaning(text, form, mapping);
  if (value === undefined) throw fault(entry, column, expectation(form, mapping));
  return value;
}

function meaning(text: string, form: Form, { unit, values }: Mapping): unknown {
  switch (form.type) {
    case 'word':
      return form.words.includes(text) ? text : undefined;
    case 'boolean':
      return values === undefined ? booleans.get(text.toLowerCase()) : undefined;
    case 'duration':
      return durationOf(text, unit);
    case 'number':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
    default:
      return text;
  }
}

function expectation(form: Form, { values = {}, unit }: Mapping): string {
  const words = Object.keys(values);
  switch (form.type) {
    case 'word':
      return `one of ${[...words, ...form.words].join(', ')}`;
    case 'boolean':
      return `one of ${(words.length > 0 ? words : [...booleans.keys()]).join(', ')}`;
    case 'duration':
      return unit === undefined ? 'a duration such as 30m, 4h or 2d' : `a duration, or a number of ${unit}`;
    default:
      return 'a whole number';
  }
}

export interface Timing {
  readonly clock: Clock;
  readonly dateFormat: string;
  readonly day: 'start' | 'end';
  /** The last moment that the register can know of, Unix seconds; undefined: the instant may lie ahead. */
  readonly latest: number | undefined;
}

/** The instant that a cell states; undefined for an empty one. Throws `malformed`. */
export function instantOf(entry: Entry, column: string, cell: Cell, timing: Timing): number | undefined {
  const text = shownText(entry, column, cell);
  if (text === '') return undefined;
  const { clock, dateFormat, day, latest } = timing;
  const when = typeof cell === 'number' ? clock.readSerial(cell) : clock.read(text);
  if (when === undefined)
    throw fault(entry, column, `a date like ${dateFormat}, or a date-time, that there is`);
  const instant = instantIn(when, day, clock);
  if (latest !== undefined && instant > latest)
    throw fault(entry, column, "a time that isn't after the register's own");
  return instant;
}

/** Of a day, its first or its last second. */
export function instantIn(when: When, day: 'start' | 'end', { days }: Clock): number {
  if ('instant' in when) return when.instant;
  return day === 'end' ? days.endOf(when.day) : days.startOf(when.day);
}
