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
    const detail = where === 'content' ? 'there is no such field' : 'there is no such parameter';
    return issue.keys.map((key) => {
      const name = NAME.test(key) ? key : '?';
      return { in: where, parameter: [...issue.path, name].join('.'), detail };
    });
  }
  const parameter = issue.path.join('.');
  const detail = isRepeated(query, parameter)
    ? 'expected once, found several times'
    : issue.message.replace(/^Invalid (?:input|option|string): /, '');
  return [{ in: where, parameter, detail }];
}

/** What was not as expected, by where it stood. */
type Wrong = { readonly [where in Parameter['in']]?: z.ZodError | undefined };

/** The 400 that names each parameter and field that was not as expected. `query` is the query as it came. */
export function badParameters(found: Wrong, query: unknown): Problem {
  const errors = [
    ...(found.path?.issues.flatMap((issue) => parametersOf('path', issue, {})) ?? []),
    ...(found.query?.issues.flatMap((issue) => parametersOf('query', issue, query)) ?? []),
    ...(found.content?.issues.flatMap((issue) => parametersOf('content', issue, {})) ?? []),
  ];
  const detail = errors.map(told).join('; ');
  return makeProblem(400, detail, { errors });
}

/** The 400 for a field of the content that is refused by what is known here. */
export function badField(parameter: string, detail: string): Problem {
  const error = { in: 'content', parameter, detail } as const;
  return makeProblem(400, told(error), { errors: [error] });
}

function told({ in: where, parameter, detail }: Parameter): string {
  if (where !== 'content') return `${where} parameter "${parameter}": ${detail}`;
  return parameter === '' ? `content: ${detail}` : `content: field "${parameter}": ${detail}`;
}
