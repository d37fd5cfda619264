import { once } from 'node:events';
import { typed } from '../../src/inventory/typed.ts';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Asked {
  /** From 1. */
  readonly number: number;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text. */
  readonly body: unknown;
}

/** What goes wrong with an answer: a status with headers, or the way that it comes. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly body: string }
  | 'cut'
  | 'truncated'
  | 'refused'
  | 'hang'
  | 'hang in the body';

/** Every fault that any source of JSON can have, and what it must end in. */
export const faults: readonly (readonly [name: string, fault: Fault, code: string])[] = [
  ['401', { status: 401 }, 'denied'],
  ['403', { status: 403, headers: { 'x-bamboohr-error-message': 'no access' } }, 'denied'],
  ['404', { status: 404 }, 'configuration'],
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'configuration'],
  ['429 that lasts', { status: 429, headers: { 'retry-after': '0' } }, 'throttled'],
  ['429 for longer than is waited', { status: 429, headers: { 'retry-after': '3600' } }, 'throttled'],
  ['500', { status: 500 }, 'unavailable'],
  ['503', { status: 503 }, 'unavailable'],
  ['an encoded body', { status: 200, headers: { 'content-encoding': 'gzip' } }, 'malformed'],
  ['a connection cut in mid-body', 'cut', 'incomplete'],
  ['a truncated body', 'truncated', 'malformed'],
  ['a connection closed without an answer', 'refused', 'unavailable'],
  ['an empty body', { body: '' }, 'malformed'],
  ['an empty object', { body: '{}' }, 'malformed'],
  ['null', { body: 'null' }, 'malformed'],
  ['text that is not JSON', { body: '<html></html>' }, 'malformed'],
  ['no answer', 'hang', 'timeout'],
  ['silence in the body', 'hang in the body', 'timeout'],
];

export interface Answering extends AsyncDisposable {
  readonly origin: string;
  readonly asked: readonly Asked[];
}

/** What is not as it should be. */
export interface Bending {
  readonly fault?: (asked: Asked) => Fault | undefined;
  readonly bend?: (body: never, asked: Asked) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server on loopback that answers GET as told, bent where that is said, and with the fault where there is one. */
export async function answering(
  answer: (asked: Asked) => Answer,
  { fault, bend, headers }: Bending = {},
): Promise<Answering> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const one: Asked = { number: asked.length + 1, url, headers: request.headers };
    asked.push(one);
    const told: Answer = request.method === 'GET' ? answer(one) : { status: 405, body: '' };
    const body = bend === undefined ? told.body : bend(typed<never>(told.body), one);
    send({ ...told, body, headers: { ...told.headers, ...headers } }, fault?.(one), response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function send(
  { status = 200, headers = {}, body }: Answer,
  fault: Fault | undefined,
  response: ServerResponse,
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  const half = text.slice(0, text.length / 2);
  if (fault === undefined) {
    response.writeHead(status, { ...length, ...headers }).end(text);
  } else if (fault === 'truncated') {
    response.writeHead(200, headers).end(half);
  } else if (fault === 'cut') {
    response.writeHead(200, { ...length, ...headers }).write(half, () => response.destroy());
  } else if (fault === 'refused') {
    response.destroy();
  } else if (fault === 'hang in the body') {
    response.writeHead(200, { ...length, ...headers }).write(half);
  } else if (fault !== 'hang') {
    const wrong = 'body' in fault ? { status: 200, ...fault } : { body: text, ...fault };
    response
      .writeHead(wrong.status, { ...headers, ...('headers' in wrong && wrong.headers) })
      .end(wrong.body);
  }
}
