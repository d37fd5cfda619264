import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

export interface Asking {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Of the JSON protocols, such as `TrentService.ListKeys`. */
  readonly target: string;
  readonly body: string;
}

export interface Answer {
  /** 200 unless given. */
  readonly status?: number;
  readonly type: string;
  readonly answer: string;
}

/** Text: in place of the body alone. */
type Told = (answer: string) => string | Answer;

/** Answered in the server's stead, or asked otherwise, or its answer told otherwise. */
export type Amendment = Answer | { readonly body?: string; readonly told?: Told };

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
      return 'answer' in amendment
        ? reply(response, amendment)
        : forward(endpoint, incoming, amendment.body ?? body, response, amendment.told);
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

function reply(response: ServerResponse, { status = 200, type, answer }: Answer): void {
  response.writeHead(status, { 'content-type': type, date: new Date().toUTCString() }).end(answer);
}

/** What the emulator should have answered, given what it did; undefined: nothing that is JSON. */
export type Correction = (answer: unknown) => object;

/**
 * An emulator of which some answers in JSON are put right, by operation, such as `ListTrails`, or by method and path where the service speaks
 * REST.
 */
export function corrected(
  { endpoint }: { readonly endpoint: string },
  corrections: Readonly<Record<string, Correction>>,
): Promise<Amended> {
  return startAmended(endpoint, ({ method, path, target }) => {
    const name = target === '' ? `${method} ${path.replace(/\?.*$/, '')}` : target.replace(/^.*\./, '');
    const mend = corrections[name];
    if (mend === undefined) return undefined;
    return {
      told: (answer) => ({ type: 'application/json', answer: JSON.stringify(mend(jsonOf(answer))) }),
    };
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
  told: Told = (answer) => answer,
): void {
  const onward = request(
    new URL(url, endpoint),
    { method, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
    (answer) => void tell(answer, told, response),
  );
  onward.on('error', () => response.destroy()).end(body);
}

async function tell(answer: IncomingMessage, told: Told, response: ServerResponse): Promise<void> {
  const said = told(await textOf(answer));
  if (typeof said !== 'string') return reply(response, said);
  const kept = { ...answer.headers, 'content-length': String(Buffer.byteLength(said)) };
  delete kept['transfer-encoding'];
  response.writeHead(answer.statusCode ?? 500, kept).end(said);
}
