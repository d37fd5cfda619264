import type { Cell, Entry } from './cell.ts';
import type { Field } from './field.ts';
import { filled, type Mapping, placeholders } from './mapping.ts';
import type { Clock } from './times.ts';
import { exactText, fault, instantOf, meant, shownText, textOf, type Timing } from './value.ts';

/**
 * Reads a field. `latest`, Unix seconds, is the last moment that the register can know of: what took place after it can't be true. Throws `malformed`
 * with the entry, the column and what was expected.
 */
export type Convert = (entry: Entry, latest: number) => unknown;

export function converter(field: Field, mapping: Mapping, clock: Clock, dateFormat: string): Convert {
  const { template, column = '', separator = ';' } = mapping;
  if (template !== undefined) return (entry) => ofTemplate(entry, template, field);
  if (mapping.dated === true)
    return (entry, latest) =>
      instantOf(entry, column, entry.cell(column) ?? '', { clock, dateFormat, day: 'start', latest }) !==
      undefined;
  const one = oneOf(field, mapping, clock, dateFormat);
  if (!field.list) return (entry, latest) => one(entry, entry.cell(column) ?? '', latest);
  return (entry, latest) => itemsOf(entry, column, separator).map((item) => one(entry, item, latest));
}

function oneOf(
  field: Field,
  mapping: Mapping,
  clock: Clock,
  dateFormat: string,
): (entry: Entry, cell: Cell, latest: number) => unknown {
  const { form } = field;
  const { column = '', values = {} } = mapping;
  return (entry, cell, latest) => {
    const text = form.type === 'text' ? exactText(entry, column, cell) : shownText(entry, column, cell);
    if (Object.hasOwn(values, text)) return values[text];
    if (text === '') return empty(entry, column, field);
    if (form.type !== 'instant') return meant(entry, column, text, form, mapping);
    const timing: Timing = {
      clock,
      dateFormat,
      day: mapping.day ?? form.day,
      latest: form.ahead ? undefined : latest,
    };
    return instantOf(entry, column, cell, timing);
  };
}

function itemsOf(entry: Entry, column: string, separator: string): readonly Cell[] {
  const cell = entry.cell(column) ?? '';
  if (typeof cell === 'object') return cell;
  return exactText(entry, column, cell)
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
