import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Emulator } from './emulators.ts';

/** What the emulator should have answered, given what it did; undefined: nothing that is JSON. */
export type Correction = (answer: unknown) => object;

/**
 * The emulator behind a server that mends what it answers wrongly or doesn't know. Corrections are by operation, such as `ListTrails`, or where
 * the service speaks REST by method and path; all else passes as it is.
 */
export async function corrected(
  peer: Pick<Emulator, 'endpoint'>,
  corrections: Readonly<Record<string, Correction>>,
): Promise<{ readonly endpoint: string } & AsyncDisposable> {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { upstream, body } = await forward(peer.endpoint, incoming);
    for (const name of ['date', 'content-type', 'x-amzn-errortype']) {
      const value = upstream.headers.get(name);
      if (value !== null) response.setHeader(name, value);
    }
    const mend = corrections[nameOf(incoming)];
    if (mend === undefined) response.writeHead(upstream.status).end(body);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(mend(jsonOf(body))));
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
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

async function forward(endpoint: string, incoming: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    if (typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name))
      headers.set(name, value);
  const { method = 'GET' } = incoming;
  const upstream = await fetch(`${endpoint}${incoming.url ?? '/'}`, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
  });
  return { upstream, body: Buffer.from(await upstream.arrayBuffer()) };
}

function nameOf({ headers, method, url = '/' }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target.replace(/^.*\./, '') : `${method} ${url.replace(/\?.*$/, '')}`;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
