import { z } from 'zod';
import { oneOf, suggest } from './closest.ts';
import { describe, type Path } from './documents.ts';
import { secretPath } from './secrets.ts';

/** What is wrong at a path of a value that a schema refused. */
export interface Fault {
  readonly path: Path;
  readonly found: string;
  readonly expected: string;
}

export const secretExpected = 'a secret by name, never inline: { env: NAME } or { file: path }';

type Schema = z.core.$ZodType;

/** Puts a schema's issues into words: the field, what stands there (never a secret) and what was expected. */
export function explain(schema: Schema, value: unknown, error: z.core.$ZodError): readonly Fault[] {
  return error.issues.flatMap((issue) => explainIssue(schema, value, issue, []));
}

function explainIssue(
  schema: Schema,
  value: unknown,
  issue: z.core.$ZodIssue,
  above: Path,
): readonly Fault[] {
  const path = [
    ...above,
    ...issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment))),
  ];
  const there = valueAt(value, path);
  const expectedHere = schemasAt(schema, path);
  const isSecret = expectedHere.length > 0 && expectedHere.every(isSecretRef);
  if (isSecret && (typeof there === 'string' || typeof there === 'number')) {
    return [{ path, found: 'a value written inline (not shown)', expected: secretExpected }];
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      found: 'an unknown field',
      expected: suggest(key, knownKeys(expectedHere), 'a field that exists'),
    }));
  }
  const found = describe(there, isSecret || secretPath(path));
  if (issue.code === 'invalid_union') {
    return explainUnion(schema, value, issue, path, found, expectedHere);
  }
  return [{ path, found, expected: expectation(issue, expectedHere) }];
}

/** The one branch that the value was meant for, in detail; otherwise what the branches are. */
function explainUnion(
  schema: Schema,
  value: unknown,
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  found: string,
  expectedHere: readonly Schema[],
): readonly Fault[] {
  if (issue.message.startsWith('expected ')) {
    return [{ path, found, expected: issue.message.slice('expected '.length) }];
  }
  const meant = issue.errors.filter(
    (branch) => !branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type'),
  );
  const [only] = meant;
  if (only !== undefined && meant.length === 1) {
    return only.flatMap((inner) => explainIssue(schema, value, inner, path));
  }
  if (expectedHere.length > 0 && expectedHere.every(isSecretRef)) {
    return [{ path, found, expected: secretExpected }];
  }
  return [{ path, found, expected: oneOf([...new Set(expectedHere.map(nameOf))]) }];
}

function expectation(issue: z.core.$ZodIssue, expectedHere: readonly Schema[]): string {
  if (issue.code === 'invalid_type') {
    return expectedHere.length > 0 ? oneOf([...new Set(expectedHere.map(nameOf))]) : article(issue.expected);
  }
  if (issue.code === 'invalid_value') {
    return oneOf(issue.values.map(String));
  }
  return issue.message.replace(/^expected /, '').replace(/^(?:Too (?:small|big)|Invalid \w+): expected /, '');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, segment) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, segment)
        ? Reflect.get(inner, segment)
        : undefined,
    value,
  );
}

/** The schemas that a value at the path may have, wrappers taken off and unions spread out. */
function schemasAt(schema: Schema, path: Path): readonly Schema[] {
  return path.reduce(
    (here, segment) => here.flatMap((outer) => children(outer, segment)).flatMap(unwrap),
    unwrap(schema),
  );
}

function children(schema: Schema, segment: string | number): readonly Schema[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, Schema>> = schema.shape;
    const child = Object.hasOwn(shape, segment) ? shape[segment] : undefined;
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodArray) {
    return [schema.element];
  }
  return schema instanceof z.ZodRecord ? [schema.valueType] : [];
}

function unwrap(schema: Schema): readonly Schema[] {
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap(unwrap);
  }
  if (schema instanceof z.ZodPipe) {
    return unwrap(schema.in);
  }
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodLazy
  ) {
    return unwrap(schema.unwrap());
  }
  return [schema];
}

function knownKeys(schemas: readonly Schema[]): readonly string[] {
  return [...new Set(schemas.flatMap((schema) => shapeKeys(schema) ?? []))];
}

function shapeKeys(schema: Schema): readonly string[] | undefined {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
}

function isSecretRef(schema: Schema): boolean {
  const keys = shapeKeys(schema)?.join();
  return keys === 'env' || keys === 'file' || keys === 'kms,region';
}

function nameOf(schema: Schema): string {
  const keys = shapeKeys(schema);
  if (keys !== undefined) {
    return keys.length <= 3 ? `{ ${keys.join(', ')} }` : 'a mapping';
  }
  if (schema instanceof z.ZodLiteral) {
    return oneOf([...schema.values].map(String));
  }
  if (schema instanceof z.ZodEnum) {
    return oneOf(schema.options.map(String));
  }
  return schema instanceof z.ZodType ? article(schema.type) : 'another value';
}

function article(type: string): string {
  const words: Readonly<Record<string, string>> = {
    array: 'a list',
    record: 'a mapping',
    object: 'a mapping',
    int: 'an integer',
    unknown: 'a value',
  };
  return words[type] ?? `a ${type}`;
}
