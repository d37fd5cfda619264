import { CollectorError } from '../error.ts';
import type { Cell, Entry } from './cell.ts';
import { durationOf } from './duration.ts';
import type { Field, Form } from './field.ts';
import { filled, type Mapping, placeholders } from './mapping.ts';
import type { Clock, When } from './times.ts';

/** What a spreadsheet shows where a formula has no value, or has none yet. */
const formulaError = /^(#(REF!|N\/A|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!|ERROR!|SPILL!|CALC!)|Loading\.\.\.)$/;

/** What is wrong in an entry. Values are never shown: they may be personal. */
export function fault(entry: Entry, column: string, expected: string): CollectorError {
  return new CollectorError('malformed', `${entry.place}, column ${column}: expected ${expected}`);
}

/** The text of a cell, without white space around it. */
export function textOf(entry: Entry, column: string): string {
  const cell = entry.cell(column) ?? '';
  if (typeof cell === 'object') throw fault(entry, column, 'one value, not a list');
  return ownText(entry, column, cell);
}

function ownText(entry: Entry, column: string, cell: string | number | boolean): string {
  const text = typeof cell === 'boolean' ? String(cell).toUpperCase() : String(cell).trim();
  if (formulaError.test(text)) throw fault(entry, column, "a value, not a formula's error");
  return text;
}

/**
 * Reads a field. `latest`, Unix seconds, is the last moment that the register can know of: what took place after it can't be true. Throws `malformed`
 * with the entry, the column and what was expected.
 */
export type Convert = (entry: Entry, latest: number) => unknown;

export function converter(field: Field, mapping: Mapping, clock: Clock, dateFormat: string): Convert {
  const { template, column = '' } = mapping;
  if (template !== undefined) return (entry) => ofTemplate(entry, template, field);
  const one = (entry: Entry, cell: Cell, latest: number): unknown => {
    const text = typeof cell === 'object' ? undefined : ownText(entry, column, cell);
    if (text === undefined) throw fault(entry, column, 'one value, not a list');
    if (mapping.values !== undefined && Object.hasOwn(mapping.values, text)) return mapping.values[text];
    if (text === '') return empty(entry, column, field);
    if (field.form.type === 'instant') {
      const day = mapping.day ?? field.form.day;
      return instantOf(entry, column, cell, {
        clock,
        dateFormat,
        day,
        latest: field.form.ahead ? undefined : latest,
      });
    }
    return ofText(entry, column, text, field.form, mapping);
  };
  if (mapping.present === true) return (entry) => textOf(entry, column) !== '';
  if (!field.list) return (entry, latest) => one(entry, entry.cell(column) ?? '', latest);
  return (entry, latest) =>
    itemsOf(entry, column, mapping.separator ?? ';').map((item) => one(entry, item, latest));
}

function itemsOf(entry: Entry, column: string, separator: string): readonly Cell[] {
  const cell = entry.cell(column) ?? '';
  if (typeof cell === 'object') return cell;
  return ownText(entry, column, cell)
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function empty(entry: Entry, column: string, { nullable, blank, list }: Field): unknown {
  if (nullable && !list) return null;
  if (blank && !list) return '';
  throw fault(entry, column, 'a value');
}

/** All of its columns, or none of them. */
function ofTemplate(entry: Entry, template: string, field: Field): unknown {
  const columns = placeholders(template);
  const blank = columns.filter((column) => textOf(entry, column) === '');
  if (blank.length === columns.length) return empty(entry, columns.join(', '), field);
  if (blank.length > 0) throw fault(entry, blank.join(', '), `a value, as ${template} needs it`);
  return filled(template, (column) => textOf(entry, column));
}

function ofText(entry: Entry, column: string, text: string, form: Form, mapping: Mapping): unknown {
  if (form.type === 'text') return text;
  const value = plain(text, form, mapping);
  if (value === undefined) throw fault(entry, column, expectation(form, mapping));
  return value;
}

function plain(text: string, form: Form, { unit, values }: Mapping): unknown {
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

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['false', false],
  ['no', false],
]);

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

interface Reading {
  readonly clock: Clock;
  readonly dateFormat: string;
  readonly day: 'start' | 'end';
  /** Undefined: it may lie ahead. */
  readonly latest: number | undefined;
}

function instantOf(entry: Entry, column: string, cell: Cell, reading: Reading): number {
  const when =
    typeof cell === 'number' ? reading.clock.readSerial(cell) : reading.clock.read(String(cell).trim());
  if (when === undefined)
    throw fault(entry, column, `a date like ${reading.dateFormat}, or a date-time, that there is`);
  const instant = instantIn(when, reading.day, reading.clock);
  if (reading.latest !== undefined && instant > reading.latest)
    throw fault(entry, column, "a time that isn't after the register's own");
  return instant;
}

/** Of a day, its first or its last second. */
export function instantIn(when: When, day: 'start' | 'end', { days }: Clock): number {
  if ('instant' in when) return when.instant;
  return day === 'end' ? days.endOf(when.day) : days.startOf(when.day);
}
