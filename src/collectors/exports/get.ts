import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { sourceFailure, statusFailure } from './failure.ts';

/** One GET, and how it is made. */
export interface Request {
  /** What it is called in the provenance and in errors; `GET` unless given. */
  readonly operation?: string;
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
  /** How often it is made when the source asks to slow down, the first time included; once unless given. */
  readonly attempts?: number;
  /** Whether the source asks to slow down by 503 with Retry-After, too. */
  readonly throttles503?: boolean;
}

type Response = Dispatcher.ResponseData;

/** The longest wait, in seconds, that is waited out before another attempt. */
const LONGEST_WAIT = 60;

/**
 * The answer to a GET, 200 and whole in its length. Redirects are not followed: they would take the token elsewhere. An answer of unstated
 * length could end early unseen. Each attempt is counted. Rejects with a CollectorError, a system's error, or the signal's reason.
 */
export async function get(request: Request, provenance: Provenance, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await once(request, provenance, signal);
    if (!isThrottled(request, response)) return expectWhole(request, response);
    const wait = waitOf(response, attempt);
    await response.body.dump();
    if (attempt >= (request.attempts ?? 1) || wait > LONGEST_WAIT) {
      throw new CollectorError('throttled', `${told(request)}the register answered ${response.statusCode}`);
    }
    await setTimeout(wait * 1000, undefined, { signal });
  }
}

async function once(
  { operation = 'GET', url, dispatcher, headers, throttles503 }: Request,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Response> {
  const { request } = await import('../../network/undici.ts');
  let response: Response;
  try {
    response = await request(url, { dispatcher, headers, signal });
  } catch (error) {
    provenance.call(operation, { throttled: false });
    throw error;
  }
  provenance.call(operation, {
    throttled: isThrottled({ throttles503 }, response),
    requestId: single(response.headers['x-request-id']),
  });
  return response;
}

function isThrottled(
  { throttles503 }: { readonly throttles503?: boolean | undefined },
  response: Response,
): boolean {
  const { statusCode, headers } = response;
  return (
    statusCode === 429 ||
    (throttles503 === true && statusCode === 503 && headers['retry-after'] !== undefined)
  );
}

/** Seconds: as the source says, else twice as long each time. */
function waitOf({ headers }: Response, attempt: number): number {
  const said = single(headers['retry-after']);
  if (said === undefined || !/^\d+$/.test(said)) return 2 ** (attempt - 1);
  return Number(said);
}

function expectWhole(request: Request, response: Response): Response {
  const { statusCode, headers } = response;
  if (statusCode !== 200) {
    const { code, message } = statusFailure(statusCode);
    throw new CollectorError(code, told(request) + message);
  }
  const encoding = single(headers['content-encoding']) ?? 'identity';
  if (encoding !== 'identity') {
    throw new CollectorError(
      'malformed',
      `${told(request)}the answer is encoded (${encoding}): expected none`,
    );
  }
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    throw new CollectorError(
      'incomplete',
      `${told(request)}the answer states neither its length nor chunks: it could be cut`,
    );
  }
  return response;
}

function told({ operation }: Request): string {
  return operation === undefined ? '' : `${operation}: `;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** The body's bytes; one that ends early rejects with `incomplete`. */
export async function* guarded(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw sourceFailure(error, signal, 'incomplete');
  }
}
