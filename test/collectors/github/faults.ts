import type { ServerResponse } from 'node:http';

/**
 * - `unauthorized`, `denied`, `not-found`: refused; in GraphQL as an error beside data
 * - `throttled`: 429; `primary`, `secondary`: 403 with the headers and words of either limit; `limited`: 200 with an error of GraphQL
 * - `error`: 500; `heavy`: GraphQL gives up on the query
 * - `truncated`: a body that ends early, in an answer that is whole as HTTP; `cut`: the connection ends within the body
 * - `empty`: no body; `bare`: an empty object
 * - `missing-page`: what it lists lacks an entry, and nothing says so; `no-token`: a next page without a way to it; `same-token`: one that
 *   leads back
 * - `hang`: no answer; `hang-body`: half an answer
 */
export type FaultKind =
  | 'unauthorized'
  | 'denied'
  | 'not-found'
  | 'throttled'
  | 'primary'
  | 'secondary'
  | 'limited'
  | 'error'
  | 'heavy'
  | 'truncated'
  | 'cut'
  | 'empty'
  | 'bare'
  | 'missing-page'
  | 'no-token'
  | 'same-token'
  | 'hang'
  | 'hang-body';

export interface Fault {
  readonly kind: FaultKind;
  /** Only so many calls; absent: every call. */
  readonly times?: number;
  /** Only queries that ask for more than so many. */
  readonly above?: number;
}

/** By operation, as the datasets name them. */
export type Faults = Readonly<Partial<Record<string, Fault>>>;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
export const ok = (body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  headers: { ...JSON_TYPE, ...headers },
  body: JSON.stringify(body),
});
export const refusal = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({ status, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ message }) });

const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

const inGraph = (type: string, message: string): Answer => ok({ data: null, errors: [{ type, message }] });

/** The answer that stands for what would have been answered, where the fault is one of what is said. */
export function refusedAs(kind: FaultKind | undefined, graph: boolean): Answer | undefined {
  switch (kind) {
    case 'unauthorized':
      return refusal(401, 'Bad credentials');
    case 'denied':
      return graph
        ? inGraph('FORBIDDEN', 'Resource not accessible by integration')
        : refusal(403, 'Resource not accessible by integration');
    case 'not-found':
      return graph ? inGraph('NOT_FOUND', 'Could not resolve to a node') : refusal(404, 'Not Found');
    case 'throttled':
      return refusal(429, 'Too Many Requests', { 'retry-after': '0' });
    case 'secondary':
      return refusal(403, SECONDARY, { 'retry-after': '1' });
    case 'primary':
      return refusal(403, 'API rate limit exceeded', {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) - 1),
      });
    case 'limited':
      return inGraph('RATE_LIMITED', 'API rate limit exceeded');
    case 'error':
      return refusal(500, 'Server Error');
    case 'heavy':
      return inGraph('RESOURCE_LIMITS_EXCEEDED', 'Resource limits for this query exceeded');
    case 'bare':
      return ok({});
    default:
      return undefined;
  }
}

/** Sends an answer, as far as the fault lets it. */
export function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  kind: FaultKind | undefined,
): void {
  const half = body.slice(0, Math.floor(body.length / 2));
  switch (kind) {
    case 'truncated':
      return void response.writeHead(status, headers).end(half);
    case 'empty':
      return void response.writeHead(status, headers).end();
    case 'cut':
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      return void response.write(half, () => response.socket?.destroy());
    case 'hang-body':
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      return void response.write(half);
    case 'hang':
      return;
    default:
      return void response.writeHead(status, headers).end(body);
  }
}

/** Counts down the faults that pass. */
export function pickerOf(faults: Faults): (operation: string, first: number) => FaultKind | undefined {
  const left = new Map(
    Object.entries(faults).map(([operation, fault]) => [operation, fault?.times ?? Infinity]),
  );
  return (operation, first) => {
    const fault = faults[operation];
    const times = left.get(operation) ?? 0;
    if (fault === undefined || times <= 0 || (fault.above !== undefined && first <= fault.above))
      return undefined;
    left.set(operation, times - 1);
    return fault.kind;
  };
}
