import type { z } from 'zod';
import type { Sealed } from '../../evidence/contract.ts';
import type { Evidence } from '../contract.ts';
import { AuditError } from '../error.ts';

/** A body that fits into memory: what is left of it. */
export interface Body<T> {
  readonly records: readonly T[];
  /** Leaf hashes of the lines that were erased. */
  readonly erased: readonly string[];
  /** Erased whole, or not part of the answer. */
  readonly missing: boolean;
}

/** The digest of a statement's subject; undefined when it has none of this name. */
export function digestOf(entry: Sealed, name: string): string | undefined {
  return entry.subjects.find((subject) => subject.name === name)?.sha256;
}

/** The records of a subject's body, of the given form. Throws AuditError `invalid`, naming entry and field, for one of another form. */
export async function readBody<T>(
  evidence: Evidence,
  entry: Sealed,
  name: string,
  schema: z.ZodType<T>,
): Promise<Body<T>> {
  const sha256 = digestOf(entry, name);
  if (sha256 === undefined) return { records: [], erased: [], missing: true };
  return readLines(evidence, sha256, schema, `${name} of entry ${entry.index}`);
}

export async function readLines<T>(
  evidence: Evidence,
  sha256: string,
  schema: z.ZodType<T>,
  what: string,
): Promise<Body<T>> {
  const lines = await evidence.lines(sha256);
  if (lines === undefined) return { records: [], erased: [], missing: true };
  const records: T[] = [];
  const erased: string[] = [];
  for await (const line of lines) {
    if ('erased' in line) erased.push(line.erased);
    else records.push(parsed(schema, line.record, `${what}, ${line.record.id}`));
  }
  return { records, erased, missing: false };
}

export function parsed<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AuditError('invalid', `${what}: ${issue?.path.join('.')}: ${issue?.message}`);
}
