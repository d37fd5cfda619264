import type { InventoryRecord, Kind } from '../../inventory/kind.ts';
import { CollectorError } from '../error.ts';
import type { Entry } from './cell.ts';
import { kindOf, type RegisterConfig } from './config.ts';
import { type Convert, converter } from './convert.ts';
import { durationOf } from './duration.ts';
import { type Field, fieldsOf } from './field.ts';
import type { Constant } from './mapping.ts';
import type { RegisterSpec } from './registers.ts';
import { mappingOf, type Section } from './section.ts';
import { type Clock, clock } from './times.ts';
import { fault, instantIn, textOf } from './value.ts';

const source = 'register';

/** A register's day as its own time means all of it. */
const aDay = 86_399;

/** Reads the entries of one register. All throw a CollectorError that names the entry and the column, never a value. */
export interface RecordReader {
  readonly clock: Clock;
  /** The register's own time, where each entry states it. */
  asOf(entry: Entry): number | undefined;
  record(entry: Entry, asOf: number): InventoryRecord;
}

export function recordReader(spec: RegisterSpec, config: RegisterConfig, section: Section): RecordReader {
  const kind = kindOf(spec.kind);
  const { timeZone = config.timeZone, dateFormat = config.dateFormat } = section;
  const times = clock(timeZone, dateFormat);
  const fields = fieldsOf(kind).map((field) => {
    const mapping = mappingOf(section, field.name);
    const convert = mapping && converter(field, mapping, times, dateFormat);
    return { field, convert: convert ?? always(valueOf(field, section.constants[field.name])) };
  });
  return {
    clock: times,
    asOf: (entry) => {
      if (section.asOf === undefined || !('column' in section.asOf)) return undefined;
      return statedIn(entry, section.asOf.column, times);
    },
    record: (entry, asOf) => {
      const told = fields.map(({ field, convert }) => [field.name, convert(entry, asOf + aDay)]);
      const { scope } = config;
      const id = `${source}:${scope}:${spec.dataset}/${nativeId(entry, section)}`;
      return valid(kind, { id, kind: kind.name, source, scope, ...Object.fromEntries(told) }, entry, section);
    },
  };
}

/** The time that a cell states as the register's own: a date means its first second. */
export function statedIn(entry: Entry, column: string, times: Clock): number {
  const cell = entry.cell(column);
  const when = typeof cell === 'number' ? times.readSerial(cell) : times.readStated(textOf(entry, column));
  if (when === undefined) {
    const expected = 'expected a date, or a date-time with its offset';
    throw new CollectorError('as-of', `${entry.place}, column ${column}: ${expected}`);
  }
  return instantIn(when, 'start', times);
}

function always(value: unknown): Convert {
  return () => value;
}

/** What a field is that no column tells. */
function valueOf({ form, list, nullable }: Field, constant: Constant | undefined): unknown {
  if (constant === undefined) return nullable ? null : list ? [] : '';
  return form.type === 'duration' && typeof constant === 'string'
    ? durationOf(constant, undefined)
    : constant;
}

const idPart = /^[^\p{Cc}\p{Cs}]{1,256}$/u;

function nativeId(entry: Entry, { id }: Section): string {
  if (id === undefined) return entry.path ?? '';
  const columns = [id].flat();
  const parts = columns.map((column) => {
    const part = textOf(entry, column);
    if (!idPart.test(part)) throw fault(entry, column, 'an id of 1 to 256 characters');
    return part;
  });
  // Of several columns, so that two different rows are never joined to one id.
  return columns.length === 1
    ? parts.join('')
    : parts.map((part) => part.replace(/[%/]/g, encoded)).join('/');
}

function encoded(character: string): string {
  return encodeURIComponent(character);
}

function valid(kind: Kind, record: InventoryRecord, entry: Entry, section: Section): InventoryRecord {
  const { data, error } = kind.schema.safeParse(record);
  if (data !== undefined) return data;
  const field = String(error?.issues[0]?.path[0]);
  const { column = field, template = column } = mappingOf(section, field) ?? {};
  throw fault(entry, template, `what ${field} of a ${kind.name} can be`);
}
