import { z } from 'zod';
import { CollectorError } from './error.ts';

/** The value in the form that is expected of it. Throws `malformed`, naming the operation, what it is about, and the field. */
export function read<S extends z.ZodType>(
  operation: string,
  what: string,
  schema: S,
  value: unknown,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new CollectorError(
    'malformed',
    `${operation}: ${what}${field === '' ? '' : `: ${field}`}: ${issue?.message ?? 'not as expected'}`,
    { cause: result.error },
  );
}

/** A list that the answer must hold, though it may be empty: a body that was cut off or emptied has none. */
export function listed<T>(operation: string, name: string, list: readonly T[] | undefined): readonly T[] {
  if (list === undefined) throw new CollectorError('malformed', `${operation}: the answer has no ${name}`);
  return list;
}

/** Unix seconds of a date that the SDK read. */
export const moment = z.date().transform((date) => Math.floor(date.getTime() / 1000));
