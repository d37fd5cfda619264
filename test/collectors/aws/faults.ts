import type { ServerResponse } from 'node:http';
import type { Answer } from './model-rest.ts';
import { escape } from './model-xml.ts';
import type { Operation } from './model.ts';
import type { Protocol } from './services.ts';

/**
 * - `denied`, `throttled`, `error`: refused, as the service's protocol says it
 * - `truncated`: a body that ends early, in an answer that is whole as HTTP; `cut`: the connection ends within the body; `empty`: no body
 * - `missing-page`: what it lists lacks a part, and nothing says so (only where `request.missing` is looked at)
 * - `no-token`: truncated without a way on; `same-token`: the way on leads back
 * - `hang`: no answer; `hang-body`: half an answer
 */
export type FaultKind =
  | 'denied'
  | 'throttled'
  | 'error'
  | 'truncated'
  | 'cut'
  | 'empty'
  | 'missing-page'
  | 'no-token'
  | 'same-token'
  | 'hang'
  | 'hang-body';

export interface Fault {
  readonly kind: FaultKind;
  /** Not the first so many calls that it would be for. */
  readonly after?: number;
  /** Only so many calls; absent: every call. */
  readonly times?: number;
  readonly account?: string;
  readonly region?: string;
}

/** By operation, such as `ec2:DescribeVolumes`; `*` is every operation that has none of its own. */
export type Faults = Readonly<Partial<Record<string, Fault>>>;

interface Words {
  readonly denied: readonly [code: string, status: number];
  readonly throttled: readonly [code: string, status: number];
  readonly error: readonly [code: string, status: number];
  readonly expired: readonly [code: string, status: number];
  readonly skewed: readonly [code: string, status: number];
}

const QUERY: Words = {
  denied: ['AccessDenied', 403],
  throttled: ['Throttling', 400],
  error: ['ServiceFailure', 500],
  expired: ['ExpiredToken', 403],
  skewed: ['SignatureDoesNotMatch', 403],
};
const JSON_WORDS: Words = {
  denied: ['AccessDeniedException', 400],
  throttled: ['ThrottlingException', 400],
  error: ['InternalServerException', 500],
  expired: ['ExpiredTokenException', 400],
  skewed: ['InvalidSignatureException', 400],
};
const WORDS: Readonly<Record<Protocol, Words>> = {
  query: QUERY,
  ec2: {
    denied: ['UnauthorizedOperation', 403],
    throttled: ['RequestLimitExceeded', 503],
    error: ['InternalError', 500],
    expired: ['RequestExpired', 400],
    skewed: ['AuthFailure', 401],
  },
  'rest-xml': {
    denied: ['AccessDenied', 403],
    throttled: ['SlowDown', 503],
    error: ['InternalError', 500],
    expired: ['ExpiredToken', 400],
    skewed: ['RequestTimeTooSkewed', 403],
  },
  'rest-json': {
    ...JSON_WORDS,
    denied: ['AccessDeniedException', 403],
    throttled: ['ThrottlingException', 429],
    expired: ['ExpiredTokenException', 403],
    skewed: ['InvalidSignatureException', 403],
  },
  'json-1.0': JSON_WORDS,
  'json-1.1': JSON_WORDS,
};

export function refusedAs(protocol: Protocol, word: keyof Words): Answer {
  const [code, status] = WORDS[protocol][word];
  return refusal(protocol, code, status);
}

/** An error as the protocol answers it. */
export function refusal(
  protocol: Protocol,
  code: string,
  status: number,
  said = `the stub says ${code}`,
): Answer {
  const error = `<Code>${escape(code)}</Code><Message>${escape(said)}</Message>`;
  switch (protocol) {
    case 'query':
      return {
        status,
        headers: {},
        body: `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>stub</RequestId></ErrorResponse>`,
      };
    case 'ec2':
      return {
        status,
        headers: {},
        body: `<Response><Errors><Error>${error}</Error></Errors><RequestID>stub</RequestID></Response>`,
      };
    case 'rest-xml':
      return { status, headers: {}, body: `<Error>${error}<RequestId>stub</RequestId></Error>` };
    case 'rest-json':
      return { status, headers: { 'x-amzn-errortype': code }, body: JSON.stringify({ message: said }) };
    default:
      return { status, headers: {}, body: JSON.stringify({ __type: code, message: said }) };
  }
}

/** Members that lead to the page after, and those that say whether there is one. */
const TOKENS = [
  'NextToken',
  'nextToken',
  'NextMarker',
  'Marker',
  'ContinuationToken',
  'PaginationToken',
  'LastEvaluatedTableName',
];
const FLAGS = ['IsTruncated', 'Truncated'];

/** The first of the names that the output has: beside a `NextMarker`, a `Marker` says which page this is. */
function memberOf({ output }: Operation, names: readonly string[]): string | undefined {
  const members = output.kind === 'structure' ? output.members.map(({ name }) => name) : [];
  return names.find((name) => members.includes(name));
}

const ANY: readonly FaultKind[] = [
  'denied',
  'throttled',
  'error',
  'truncated',
  'cut',
  'empty',
  'hang',
  'hang-body',
];

/** Where a missing page can be told, since the source states totals or says the same twice. */
const TOTALLED = ['GetCredentialReport', 'ListVirtualMFADevices', 'GetAccountAuthorizationDetails'];

/** The faults that an operation can have. */
export function faultsOf(operation: Operation): readonly FaultKind[] {
  const token = memberOf(operation, TOKENS);
  const flag = memberOf(operation, FLAGS);
  return [
    ...ANY,
    ...(TOTALLED.includes(operation.name) ? (['missing-page'] as const) : []),
    ...(token === undefined ? [] : (['same-token'] as const)),
    ...(token === undefined || flag === undefined ? [] : (['no-token'] as const)),
  ];
}

/** What the handler of a listing is asked under a fault: a way on that leads back leads to its beginning. */
export function askedWith(kind: FaultKind | undefined, operation: Operation, input: object): object {
  const token = memberOf(operation, TOKENS);
  if (kind !== 'same-token' || token === undefined) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== AGAIN));
}

const AGAIN = 'again';

export function spoilt(kind: FaultKind | undefined, operation: Operation, output: object): object {
  const token = memberOf(operation, TOKENS);
  const flag = memberOf(operation, FLAGS);
  if (token === undefined || (kind !== 'no-token' && kind !== 'same-token')) return output;
  return {
    ...output,
    ...(flag === undefined ? {} : { [flag]: true }),
    [token]: kind === 'same-token' ? AGAIN : undefined,
  };
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
      return void response.writeHead(status).end();
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
