import http, { type IncomingMessage, type OutgoingHttpHeaders, type RequestOptions } from 'node:http';
import https from 'node:https';
import { z } from 'zod';
import { CollectorError } from '../error.ts';
import { LateError, StatusError } from './failure.ts';

export interface Answer {
  readonly text: string;
  readonly date: string | undefined;
  readonly requestId: string | undefined;
}

/** What a client adds to a request. */
export type ClientOptions = Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders };

export interface Question {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** TLS, agent and credentials. */
  readonly options: ClientOptions;
  /** Seconds for the whole attempt, the body included. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** One attempt. Resolves with the whole body of an answer that is a success; rejects with StatusError, LateError or a system error. */
export async function ask(question: Question): Promise<Answer> {
  const { seconds, signal } = question;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new LateError(`not answered in full within ${seconds} s`)),
    seconds * 1000,
  );
  const either = AbortSignal.any([signal, late.signal]);
  try {
    const response = await send(question, either);
    const text = await wholeBody(response);
    const requestId = headerOf(response, 'audit-id');
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299)
      throw new StatusError(status, reasonIn(text), { requestId, retryAfter: retryAfterOf(response) });
    return { text, date: headerOf(response, 'date'), requestId };
  } catch (error) {
    if (late.signal.aborted && !signal.aborted) throw late.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function send({ url, method, body, options }: Question, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = {
    ...options.headers,
    accept: 'application/json',
    'user-agent': 'annexa',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  const { request } = url.protocol === 'http:' ? http : https;
  const sent = request(url, { ...options, method, headers, signal }, resolve);
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

/** The most that an answer may hold: five thousand large objects. */
const LIMIT = 256 * 1024 * 1024;

/** Decoded as it comes: what is held is the text, not its bytes as well. */
async function wholeBody(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += z.string().parse(chunk);
    if (text.length > LIMIT)
      throw new CollectorError('malformed', `an answer is longer than ${LIMIT} characters`);
  }
  return text;
}

function headerOf(
  { headers }: IncomingMessage,
  name: 'audit-id' | 'date' | 'retry-after',
): string | undefined {
  return z.string().optional().catch(undefined).parse(headers[name]);
}

function retryAfterOf(response: IncomingMessage): number | undefined {
  const text = headerOf(response, 'retry-after');
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

const status = z.object({ kind: z.literal('Status'), reason: z.string().regex(/^[A-Za-z]{1,64}$/) });

/** The reason of a Status object, such as `Forbidden`; empty: the body is none. */
function reasonIn(text: string): string {
  try {
    return status.safeParse(JSON.parse(text)).data?.reason ?? '';
  } catch {
    return '';
  }
}
