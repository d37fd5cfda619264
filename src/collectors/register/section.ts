import { z } from 'zod';
import type { Kind } from '../../inventory/kind.ts';
import { asOf as exportAsOf, dateFormat, exportFields, timeZone } from '../exports/config.ts';
import { type Field, fieldsOf } from './field.ts';
import { type Constant, constantSchema, type Mapping, mappingSchema, placeholders } from './mapping.ts';

const text = z.string().min(1);

/**
 * Where the register's own time comes from: beside what every export can have, a key of a YAML file, a key of one file of the
 * directory, or a cell (or named range) of the spreadsheet.
 */
const asOf = z.union(
  [
    ...exportAsOf.options,
    z.strictObject({ key: text }),
    z.strictObject({ file: text, key: text }),
    z.strictObject({ cell: text }),
  ],
  { error: 'expected one of { column }, { fileName }, { declared }, { key }, { file, key } and { cell }' },
);

/** Columns without an end, so that a row that is added is read too. */
const range = z
  .string()
  .regex(
    /^.+![A-Z]{1,3}([1-9]\d*)?:[A-Z]{1,3}$/,
    'expected a sheet and columns without a last row, such as Suppliers!A1:H',
  );

const fields = {
  ...exportFields,
  asOf: asOf.optional(),
  /** A directory of files, one record each, that of its own directories included. Relative to the configuration's directory. */
  directory: text.optional(),
  /** Files of the directory that hold no record, by their paths within it. */
  ignore: z.array(text).optional(),
  sheet: z
    .strictObject({
      spreadsheet: z.string().regex(/^[\w-]{8,256}$/, "expected the spreadsheet's id, as in its address"),
      range,
    })
    .optional(),
  /** `csv` unless set; of a directory `yaml` or `markdown`. */
  format: z.enum(['csv', 'yaml', 'markdown']).optional(),
  /** The key under which a YAML file has its list. */
  list: text.optional(),
  delimiter: z.string().length(1).default(','),
  /** Those of the collector unless set. */
  dateFormat: dateFormat.optional(),
  timeZone: timeZone.optional(),
  /** The column, or the columns together, that tell a row from all others and never change. */
  id: z.union([text, z.array(text).min(1)]).optional(),
};

const shape = z.strictObject(fields);

export interface Section extends z.output<typeof shape> {
  readonly columns: Readonly<Record<string, string | Mapping | undefined>>;
  readonly constants: Readonly<Record<string, Constant | undefined>>;
}

/** The section of the settings for a register whose rows become records of the kind. */
export function sectionSchema(kind: Kind): z.ZodType<Section> {
  const told = fieldsOf(kind);
  return z
    .strictObject({
      ...fields,
      columns: z.strictObject(
        Object.fromEntries(told.map((field) => [field.name, mappingSchema(field).optional()])),
      ),
      constants: z
        .strictObject(
          Object.fromEntries(
            told.flatMap((field) => {
              const schema = constantSchema(field);
              return schema === undefined ? [] : [[field.name, schema.optional()]];
            }),
          ),
        )
        .default({}),
    })
    .superRefine((section, context) => {
      for (const [path, message] of [...sourceFaults(section), ...fieldFaults(section, told)])
        context.addIssue({ code: 'custom', path: [...path], message });
    });
}

type Fault = readonly [path: readonly string[], message: string];

const places = ['file', 'url', 'directory', 'sheet'] as const;

function* sourceFaults(section: Section): Generator<Fault> {
  if (places.filter((place) => section[place] !== undefined).length !== 1)
    yield [['file'], `expected one of ${places.join(', ')}`];
  if (section.token !== undefined && section.url === undefined)
    yield [['token'], 'expected a token for a url alone'];
  if (section.ignore !== undefined && section.directory === undefined)
    yield [['ignore'], 'expected it for a directory alone'];
  if (section.id === undefined && section.directory === undefined)
    yield [['id'], 'expected the column that tells a row from all others'];
  yield* formatFaults(section);
  yield* asOfFaults(section);
}

function* formatFaults(section: Section): Generator<Fault> {
  const { format = 'csv', directory, sheet, list } = section;
  if (sheet !== undefined && section.format !== undefined) yield [['format'], 'expected none for a sheet'];
  if (directory !== undefined && format === 'csv')
    yield [['format'], 'expected yaml or markdown for a directory'];
  if (directory === undefined && format === 'markdown')
    yield [['format'], 'expected markdown for a directory alone'];
  if (list !== undefined && (format !== 'yaml' || directory !== undefined))
    yield [['list'], 'expected it for a YAML file alone'];
}

function* asOfFaults({ asOf, format, directory, sheet, file, url }: Section): Generator<Fault> {
  if (asOf === undefined) return;
  const path = ['asOf'];
  if ('fileName' in asOf && file === undefined && url === undefined)
    yield [path, 'expected { fileName } for a file or url alone'];
  if ('cell' in asOf && sheet === undefined) yield [path, 'expected { cell } for a sheet alone'];
  if (!('key' in asOf)) return;
  if ('file' in asOf ? directory === undefined : directory !== undefined || format !== 'yaml')
    yield [path, 'expected { key } for a YAML file, { file, key } for a directory'];
}

function* fieldFaults(section: Section, told: readonly Field[]): Generator<Fault> {
  const keyed = section.format === 'yaml' || section.format === 'markdown';
  for (const field of told) {
    const mapping = section.columns[field.name];
    const constant = section.constants[field.name];
    if (mapping !== undefined && constant !== undefined)
      yield [['constants', field.name], 'expected a column or a constant, not both'];
    if (mapping === undefined && constant === undefined && !field.nullable && !field.blank)
      yield [['columns', field.name], 'expected a column, or a constant'];
    if (typeof mapping === 'object' && mapping.optional === true && !keyed)
      yield [['columns', field.name, 'optional'], 'expected it for YAML and front matter alone'];
  }
}

/** The mapping in its long form. */
export function mappingOf(section: Section, field: string): Mapping | undefined {
  const mapping = section.columns[field];
  return typeof mapping === 'string' ? { column: mapping } : mapping;
}

/** The columns that the section reads, each once, and whether an entry may be without one. */
export function columnsOf(section: Section): ReadonlyMap<string, { readonly optional: boolean }> {
  const columns = new Map<string, { optional: boolean }>();
  const add = (column: string, optional = false): void => {
    columns.set(column, { optional: optional && (columns.get(column)?.optional ?? true) });
  };
  for (const column of [section.id ?? []].flat()) add(column);
  if (section.asOf !== undefined && 'column' in section.asOf) add(section.asOf.column);
  for (const field of Object.keys(section.columns)) {
    const { column, template = '', optional } = mappingOf(section, field) ?? {};
    if (column !== undefined) add(column, optional);
    for (const name of placeholders(template)) add(name);
  }
  return columns;
}
