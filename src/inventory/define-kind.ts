import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { InventoryRecord, Kind, KindTable, Named, Rows } from './kind.ts';

/** Unix seconds, whole; before 1970 is negative. */
export const instant = z.int();

/** Text that identifies: no control characters, no lone surrogates (SQLite would store both as something else). */
export const identifier = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,512}$/u);

/** Text for people, possibly empty. */
export const text = z.string().regex(/^[^\p{Cs}\0]*$/u);

/** The fields that every record of a kind has. */
export function recordShape<const Name extends string>(name: Name) {
  return {
    id: identifier,
    kind: z.literal(name),
    source: identifier,
    scope: identifier,
    raw: z.record(z.string(), z.unknown()).exactOptional(),
  };
}

/**
 * A kind from its schema, its tables and the rows of a record. Fields that are columns of the first table bear the column's name;
 * booleans become 0 and 1. A record's id must begin with its source and scope.
 */
export function defineKind<R extends InventoryRecord>(definition: {
  readonly name: string;
  readonly schema: z.ZodType<R>;
  readonly tables: readonly [KindTable, ...KindTable[]];
  readonly rows: (record: R) => Rows;
  readonly computed?: Readonly<Record<string, readonly string[]>>;
  readonly names?: Readonly<Record<string, Named>>;
}): Kind {
  const schema = definition.schema.refine((record) => hasOwnId(record), {
    path: ['id'],
    error: 'expected the form source:scope:native id, with the source and the scope of the record',
  });
  let digest: string | undefined;
  return {
    name: definition.name,
    schema,
    tables: definition.tables,
    rows: definition.rows,
    computed: definition.computed ?? {},
    names: definition.names ?? {},
    get digest() {
      digest ??= digestOf(definition);
      return digest;
    },
  };
}

function hasOwnId(record: InventoryRecord): boolean {
  const prefix = `${record.source}:${record.scope}:`;
  return record.id.length > prefix.length && record.id.startsWith(prefix);
}

function digestOf(definition: Pick<Kind, 'name' | 'schema' | 'tables'>): string {
  const canonical = canonicalize({
    name: definition.name,
    schema: z.toJSONSchema(definition.schema),
    tables: definition.tables,
  });
  return createHash('sha256').update(canonical!).digest('hex');
}

export function flag(value: boolean): 0 | 1;
export function flag(value: boolean | null): 0 | 1 | null;
export function flag(value: boolean | null): 0 | 1 | null {
  return value === null ? null : value ? 1 : 0;
}

/** The values without those that differ from an earlier one in the case of ASCII letters alone, as COLLATE NOCASE compares. */
export function distinctNoCase(values: readonly string[]): string[] {
  if (values.length < 2) return [...values];
  const seen = new Map<string, string>();
  for (const value of values) {
    const key = value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}
