import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Emulator } from './emulators.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly error: string;
  readonly body: string;
}

/**
 * In front of moto, which has no selections and no list of protected resources, and leaves out the region of a bucket that AWS tells when it
 * is asked for those of one.
 */
export async function fronted(
  peer: Pick<Emulator, 'name' | 'endpoint'>,
): Promise<{ readonly endpoint: string } & AsyncDisposable> {
  const server = createServer((incoming, response) => {
    void answerOf(peer, incoming).then(
      ({ status, type, error, body }) =>
        response
          .writeHead(status, {
            date: new Date().toUTCString(),
            'content-type': type,
            'x-amzn-errortype': error,
          })
          .end(body),
      (failed: unknown) => response.writeHead(502).end(String(failed)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answerOf(
  { name, endpoint }: Pick<Emulator, 'name' | 'endpoint'>,
  incoming: IncomingMessage,
): Promise<Answer> {
  const url = new URL(incoming.url ?? '/', endpoint);
  const own = name === 'moto' ? lacking(url.pathname) : undefined;
  if (own !== undefined)
    return { status: 200, type: 'application/json', error: '', body: JSON.stringify(own) };
  const answer = await forwarded(url, incoming);
  const text = await answer.text();
  const region = name === 'moto' ? url.searchParams.get('bucket-region') : null;
  const told = `</Name><BucketRegion>${region}</BucketRegion>`;
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? 'text/plain',
    error: answer.headers.get('x-amzn-errortype') ?? '',
    body: region === null ? text : text.replaceAll('</Name>', told),
  };
}

function lacking(path: string): object | undefined {
  if (/^\/backup\/plans\/[^/]+\/selections\/?$/.test(path))
    return { BackupSelectionsList: [{ SelectionId: 's1' }, { SelectionId: 's2' }] };
  return /^\/resources\/?$/.test(path) ? { Results: [] } : undefined;
}

const HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect']);

async function forwarded(url: URL, incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const { method = 'GET' } = incoming;
  const headers = Object.fromEntries(
    Object.entries(incoming.headers)
      .filter(([header]) => !HOP.has(header))
      .map(([header, value]) => [header, String(value)]),
  );
  const text = Buffer.concat(chunks).toString();
  return fetch(url, { method, headers, ...(method === 'GET' ? {} : { body: text }) });
}
