import { problemMediaType } from './problem.ts';

// How OpenAPI tells what an operation may answer besides what its route says.

const text = { type: 'string' } as const;
const header = (description: string) => ({ description, required: true, schema: text });
const etag = { ETag: header('Of this content: give it as If-None-Match.') };
const retryAfter = { 'Retry-After': header('Seconds.') };

function refusal(description: string, headers: object = {}) {
  return {
    description,
    headers,
    content: { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

/** By status: the responses under `components`. */
export const refusals = {
  304: { description: 'What If-None-Match names is still so.', headers: etag },
  400: refusal('The request is not as expected; `errors` names each parameter.'),
  401: refusal('No token, or none that is taken here.', {
    'WWW-Authenticate': header('RFC 6750, 3.'),
  }),
  403: refusal('The caller may not do this; without `access`, a Host header that is not of this machine.'),
  404: refusal('There is no such thing.'),
  408: refusal('The request took too long to arrive.'),
  413: refusal('The content is too large.'),
  414: refusal('A part of the path is too long.'),
  415: refusal('The content is of another type.'),
  429: refusal('Too many requests.', retryAfter),
  431: refusal('The headers are too large.'),
  500: refusal('The agent failed while answering; its log says why.'),
  503: refusal('The agent is not able to answer at the moment.'),
} as const;

type Refusal = keyof typeof refusals;

interface Told {
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

/** The responses of an operation that is described without what any request may get. */
export function answersOf(method: string, path: string, { security, responses }: Told): object {
  const isGuarded = Array.isArray(security) && security.length > 0;
  const ok = jsonIn(responses['200']);
  const hasTag = method === 'get' && ok !== undefined;
  const may: readonly (readonly [Refusal, boolean])[] = [
    [304, hasTag],
    [400, true],
    [401, isGuarded],
    [403, true],
    [408, true],
    [413, method !== 'get'],
    [414, path.includes('{')],
    [415, method !== 'get'],
    [429, isGuarded],
    [431, true],
    [500, true],
    [503, true],
  ];
  const refused = may.flatMap(([status, holds]) =>
    holds ? [[status, { $ref: `#/components/responses/${status}` }] as const] : [],
  );
  const { default: _, ...own } = responses;
  return { ...Object.fromEntries(refused), ...own, ...(hasTag ? { 200: { ...ok, headers: etag } } : {}) };
}

/** A response, when it is JSON. */
function jsonIn(response: unknown): object | undefined {
  if (typeof response !== 'object' || response === null || !('content' in response)) return undefined;
  const { content } = response;
  return typeof content === 'object' && content !== null && 'application/json' in content
    ? response
    : undefined;
}
