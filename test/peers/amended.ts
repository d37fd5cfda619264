import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface Asking {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Of the JSON protocols, such as `TrentService.ListKeys`. */
  readonly target: string;
  readonly body: string;
}

/** Answered in the server's stead, or asked otherwise, or its answer told otherwise. */
export type Amendment =
  | { readonly status?: number; readonly type: string; readonly answer: string }
  | { readonly body?: string; readonly told?: (answer: string) => string };

export interface Amended extends AsyncDisposable {
  readonly endpoint: string;
}

/** A way to the server at `endpoint` by which some of what it gets wrong is put right. */
export async function startAmended(
  endpoint: string,
  amend: (asking: Asking) => Amendment | undefined,
): Promise<Amended> {
  const server = createServer((incoming, response) => {
    void textOf(incoming).then((body) => {
      const target = String(incoming.headers['x-amz-target'] ?? '');
      const { method = 'GET', url: path = '/' } = incoming;
      const amendment = amend({ method, path, target, body }) ?? {};
      if ('answer' in amendment) {
        const headers = { 'content-type': amendment.type, date: new Date().toUTCString() };
        return void response.writeHead(amendment.status ?? 200, headers).end(amendment.answer);
      }
      return forward(endpoint, incoming, amendment.body ?? body, response, amendment.told);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

function forward(
  endpoint: string,
  { method, url = '/', headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
  told: (answer: string) => string = (answer) => answer,
): void {
  const onward = request(
    new URL(url, endpoint),
    { method, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
    (answer) => void tell(answer, told, response),
  );
  onward.on('error', () => response.destroy()).end(body);
}

async function tell(
  answer: IncomingMessage,
  told: (answer: string) => string,
  response: ServerResponse,
): Promise<void> {
  const said = told(await textOf(answer));
  const kept = { ...answer.headers, 'content-length': String(Buffer.byteLength(said)) };
  delete kept['transfer-encoding'];
  response.writeHead(answer.statusCode ?? 500, kept).end(said);
}
