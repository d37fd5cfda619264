import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/**
 * - `unavailable`: 503 SlowDown, nothing done
 * - `cut before`, `cut after`: the connection breaks before or after the request took effect
 * - `slow`: it takes effect, and no answer comes within the client's patience
 * - `precondition`, `conflict`: 412 and 409 to a write, nothing done
 */
export type S3Fault = 'unavailable' | 'cut before' | 'cut after' | 'slow' | 'precondition' | 'conflict';

export const s3Faults: readonly S3Fault[] = [
  'unavailable',
  'cut before',
  'cut after',
  'slow',
  'precondition',
  'conflict',
];

/** Between a client and an S3 server. */
export interface FaultsProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Requests so far, since the last `plan`. */
  readonly count: number;
  /** Faults from the k-th request on (from 1), so many of them. */
  plan(fault: S3Fault, at: number, times?: number): void;
  heal(): void;
}

/** What becomes of every answer to a GET. */
export interface Answers {
  /** The connection breaks after so many bytes. */
  readonly cutAt?: number;
  /** Its first byte is another one. */
  readonly falsify?: boolean;
}

export async function faultsProxy(target: string, answers: Answers = {}): Promise<FaultsProxy> {
  const server = createServer((request, response) => void serve(request, response));
  let count = 0;
  let planned: { readonly fault: S3Fault; readonly at: number; readonly times: number } | undefined;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    count += 1;
    const { fault, at, times } = planned ?? { fault: undefined, at: 0, times: 0 };
    const now =
      fault !== undefined && count >= at && count < at + times ? applies(fault, request) : undefined;
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined) return;
    if (now === 'cut before') return void request.socket.destroy();
    if (now === 'unavailable') return refuse(response, 503, 'SlowDown');
    if (now === 'precondition') return refuse(response, 412, 'PreconditionFailed');
    if (now === 'conflict') return refuse(response, 409, 'ConditionalRequestConflict');
    const answer = await forward(target, request, body).catch(() => undefined);
    if (answer === undefined || now === 'cut after') return void request.socket.destroy();
    // The client gives up, and closes the connection.
    if (now === 'slow') return;
    response.writeHead(answer.status, answer.headers);
    if (request.method !== 'GET' || answer.body.length === 0) return void response.end(answer.body);
    if (answers.falsify === true) answer.body[0] = (answer.body[0] ?? 0) ^ 1;
    const { cutAt = Infinity } = answers;
    if (answer.body.length <= cutAt) return void response.end(answer.body);
    response.write(answer.body.subarray(0, cutAt), () => void request.socket.destroy());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    get count() {
      return count;
    },
    plan(fault, at, times = 1) {
      count = 0;
      planned = { fault, at, times };
    },
    heal: () => void (planned = undefined),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Only writes know conditions. */
function applies(fault: S3Fault, { method }: IncomingMessage): S3Fault {
  const conditional = fault === 'precondition' || fault === 'conflict';
  return conditional && method !== 'PUT' && method !== 'POST' ? 'unavailable' : fault;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
}

/** Headers go as they came, the signed Host among them. */
export async function forward(target: string, request: IncomingMessage, body: Uint8Array): Promise<Answer> {
  const { method, headers } = request;
  const outgoing = send(`${target}${request.url}`, { method, headers });
  outgoing.end(body);
  const [answer]: IncomingMessage[] = await once(outgoing, 'response');
  if (answer === undefined) throw new Error('no answer');
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await buffer(answer) };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
