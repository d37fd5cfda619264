import { z } from 'zod';
import type { InventoryRecord, Kind } from '../inventory/kind.ts';
import { kinds } from '../inventory/kinds.ts';
import type { CheckCase } from './check.ts';
import { ControlsError } from './error.ts';
import { seconds } from './fields.ts';

/** The source and the scope of records that don't say. */
export const caseSource = 'case';

/** A case's records, whole and by kind; kinds without records are there with none when they were asked for. */
export type CaseRecords = ReadonlyMap<string, readonly InventoryRecord[]>;

/** What a case writes of a record: any of the kind's fields. */
type Written = CheckCase['records'][string][number];

/**
 * Completes a case's records. A field that is left out is null where the kind allows it, else false, 0, '' or []; `id` gets source and
 * scope in front unless it holds a colon; a field named like a kind, such as `identity`, takes the written id of one of the case's
 * records; in a field of whole numbers `now`, `now-91d` or `now+2h` is that instant. Throws a ControlsError (`case-invalid`).
 */
export function completeRecords(
  check: string,
  item: CheckCase,
  kindsRead: readonly string[],
  now: number,
): CaseRecords {
  const names = new Set([...kindsRead, ...Object.keys(item.records), ...(item.missing ?? [])]);
  return new Map(
    [...names].map((name) => {
      const kind = kinds.get(name);
      if (kind === undefined) {
        const known = [...kinds.keys()].join(', ');
        throw new ControlsError(
          'case-invalid',
          `check ${check}, case "${item.name}": no kind ${name}; expected one of ${known}`,
        );
      }
      const written = item.records[name] ?? [];
      return [name, written.map((record, index) => complete(check, item, kind, record, index, now))];
    }),
  );
}

/** The whole id of a record as a case writes it: of the record of that kind, or else of the default source and scope. */
export function wholeId(item: CheckCase, kind: string, written: string): string {
  if (written.includes(':')) {
    return written;
  }
  const record = item.records[kind]?.find((candidate) => candidate['id'] === written);
  return `${textOf(record, 'source')}:${textOf(record, 'scope')}:${written}`;
}

function textOf(record: Written | undefined, field: 'source' | 'scope'): string {
  const value = record?.[field];
  return typeof value === 'string' ? value : caseSource;
}

function complete(
  check: string,
  item: CheckCase,
  kind: Kind,
  written: Written,
  index: number,
  now: number,
): InventoryRecord {
  const { properties = {}, required = [] } = z.toJSONSchema(kind.schema);
  const given = { id: String(index + 1), kind: kind.name, source: caseSource, scope: caseSource, ...written };
  const fields = new Set([...required, ...Object.keys(given)]);
  const record = Object.fromEntries(
    [...fields].map((name) => [name, fieldOf(item, kind.name, name, given, properties[name], now)]),
  );
  const parsed = kind.schema.safeParse(record);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    const place = `check ${check}, case "${item.name}", ${kind.name} ${index + 1}`;
    throw new ControlsError(
      'case-invalid',
      `${place}, ${field === '' ? 'record' : field}: ${issue?.message}`,
    );
  }
  return parsed.data;
}

function fieldOf(
  item: CheckCase,
  kind: string,
  name: string,
  given: Written,
  schema: z.core.JSONSchema._JSONSchema | undefined,
  now: number,
): unknown {
  const value = given[name];
  if (value === undefined) {
    return leftOut(schema);
  }
  if (typeof value !== 'string') {
    return value;
  }
  if (name === 'id') {
    return value.includes(':') ? value : `${textOf(given, 'source')}:${textOf(given, 'scope')}:${value}`;
  }
  if (name !== 'kind' && name !== kind && kinds.has(name) && item.records[name] !== undefined) {
    return wholeId(item, name, value);
  }
  return typesOf(schema).includes('integer') ? instantOf(value, now) : value;
}

function leftOut(schema: z.core.JSONSchema._JSONSchema | undefined): unknown {
  const types = typesOf(schema);
  const defaults = { null: null, boolean: false, integer: 0, string: '', array: [] } as const;
  const type = (['null', 'boolean', 'integer', 'string', 'array'] as const).find((known) =>
    types.includes(known),
  );
  return type === undefined ? undefined : defaults[type];
}

function typesOf(schema: z.core.JSONSchema._JSONSchema | undefined): readonly string[] {
  if (schema === undefined || typeof schema === 'boolean') {
    return [];
  }
  const here = schema.type === undefined ? [] : [schema.type].flat();
  return [...here, ...(schema.anyOf ?? []).flatMap(typesOf)];
}

/** `now`, `now-91d`, `now+2h` as Unix seconds; anything else as it is, for the kind's schema to refuse. */
function instantOf(value: string, now: number): number | string {
  const match = /^now(?:([+-])([1-9]\d{0,6}[smhdw]))?$/.exec(value);
  if (match === null) {
    return value;
  }
  const [, sign, length] = match;
  return length === undefined ? now : now + (sign === '-' ? -1 : 1) * seconds(length);
}
