import type { z } from 'zod';
import { makeProblem } from './problem.ts';
import type { Problem } from './problem.ts';

type Parameter = NonNullable<Problem['errors']>[number];

/** What isn't like a name may be a secret that was sent in the wrong place: it is not given back. */
const NAME = /^[A-Za-z_]{1,24}$/;

function isRepeated(query: unknown, name: string): boolean {
  return Array.isArray(new Map(Object.entries(Object(query))).get(name));
}

function parametersOf(where: Parameter['in'], issue: z.core.$ZodIssue, query: unknown): readonly Parameter[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      in: where,
      parameter: NAME.test(key) ? key : '?',
      detail: 'there is no such parameter',
    }));
  }
  const parameter = issue.path.join('.');
  const detail = isRepeated(query, parameter)
    ? 'expected once, found several times'
    : issue.message.replace(/^Invalid (?:input|option|string): /, '');
  return [{ in: where, parameter, detail }];
}

/** The 400 that names each parameter that was not as expected. `query` is the query as it came. */
export function badParameters(
  found: { readonly path?: z.ZodError | undefined; readonly query?: z.ZodError | undefined },
  query: unknown,
): Problem {
  const errors = [
    ...(found.path?.issues.flatMap((issue) => parametersOf('path', issue, {})) ?? []),
    ...(found.query?.issues.flatMap((issue) => parametersOf('query', issue, query)) ?? []),
  ];
  const detail = errors.map((one) => `${one.in} parameter "${one.parameter}": ${one.detail}`).join('; ');
  return makeProblem(400, detail, { errors });
}
