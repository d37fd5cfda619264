import { CollectorError } from '../error.ts';
import type { Times } from '../exports/as-of.ts';
import { listedOf, type PersonTexts } from '../people/fields.ts';
import type { Listed } from '../people/listed.ts';
import type { JsonConfig } from './config.ts';
import { at } from './pointer.ts';

type Field = NonNullable<JsonConfig['fields'][keyof JsonConfig['fields']]>;

/** Reads items, each named by its place in the whole list. Throws (`malformed`) with place, pointer and what was expected, never a value. */
export function itemReader(config: JsonConfig, times: Times): (item: unknown, place: string) => Listed {
  const { fields, dateFormat, statuses, types } = config;
  const how = { prefix: `hr:${config.scope}:`, statuses, types, dateFormat, times };
  return (item, place) => {
    const textOf = (field: Field | undefined) => (field === undefined ? '' : textAt(item, field, place));
    const texts: PersonTexts = {
      personId: textOf(fields.personId),
      workEmail: textOf(fields.workEmail),
      logins: fields.logins === undefined ? [] : loginsAt(item, fields.logins, place),
      status: fields.status && textOf(fields.status),
      start: dayOf(textOf(fields.start)),
      lastDay: dayOf(textOf(fields.lastDay)),
      type: fields.type && textOf(fields.type),
      manager: textOf(fields.manager),
      department: textOf(fields.department),
    };
    return listedOf(texts, (field) => `${place}, ${fields[field]?.pointer}`, how);
  };
}

/** Of a date-time, the day as it is written there. */
function dayOf(text: string): string {
  return /^\d{4}-\d{2}-\d{2}T/.test(text) ? text.slice(0, 10) : text;
}

function valueAt(item: unknown, { pointer, optional }: Field, place: string): unknown {
  const value = at(item, pointer);
  if (value === undefined && !optional) {
    throw new CollectorError('malformed', `${place}, ${pointer}: is not there; expected it in every item`);
  }
  return value;
}

function textAt(item: unknown, field: Field, place: string): string {
  return expectText(valueAt(item, field, place), `${place}, ${field.pointer}`);
}

/** A number is taken as it is written, as long as JSON's readers agree on it. */
function expectText(value: unknown, place: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value)))
    return String(value);
  throw new CollectorError('malformed', `${place}: expected text, a whole number, a boolean or null`);
}

function loginsAt(item: unknown, field: Field, place: string): readonly string[] {
  const value = valueAt(item, field, place);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => expectText(one, `${place}, ${field.pointer}`));
}
