import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Exchange } from '../../src/sample/estate.ts';

export interface Recorder extends AsyncDisposable {
  /** Calls to it go to the server behind, and are written down. */
  readonly endpoint: string;
  /** In the order of the answers. */
  readonly exchanges: readonly Exchange[];
}

/** What is between two servers only, or follows from the body; nothing of the request's signature is kept. */
const DROPPED = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'server']);

/** A proxy on loopback in front of `target` that keeps operation, parameters and answer of each call of the AWS Query protocol. */
export async function startRecorder(target: string): Promise<Recorder> {
  const exchanges: Exchange[] = [];
  const forward = async (request: IncomingMessage): Promise<Exchange> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    const answer = await fetch(target, {
      method: 'POST',
      headers: {
        authorization: request.headers.authorization ?? '',
        'content-type': request.headers['content-type'] ?? '',
      },
      body: form.toString(),
    });
    const { Action, Version: _, ...parameters } = Object.fromEntries(form);
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => !DROPPED.has(name)));
    return { operation: Action ?? '', parameters, status: answer.status, headers, body: await answer.text() };
  };
  const relay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const entry = await forward(request);
      exchanges.push(entry);
      response.writeHead(entry.status, entry.headers).end(entry.body);
    } catch (error) {
      response.destroy(error instanceof Error ? error : undefined);
    }
  };
  const server = createServer((request, response) => {
    void relay(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    exchanges,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
