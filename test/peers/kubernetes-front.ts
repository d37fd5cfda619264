import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'node:https';

/** Stands before the API server, on loopback, and passes on what it is asked. */
export interface Front extends AsyncDisposable {
  readonly url: string;
  /** Called before a request is passed on; `cut` ends the connection in the midst of the answer. */
  before: (path: string) => Promise<'pass' | 'cut'>;
  readonly paths: string[];
}

export async function startFront(server: string, certificate: string): Promise<Front> {
  const ca = await readFile(certificate, 'utf8');
  const hooks: Pick<Front, 'before' | 'paths'> = { paths: [], before: async () => 'pass' };
  const http = createServer((asked, answer) => {
    const path = asked.url ?? '';
    hooks.paths.push(path);
    hooks.before(path).then(
      (fate) => passOn({ server, ca, asked, answer, cut: fate === 'cut' }),
      () => answer.destroy(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(hooks, {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  });
}

function passOn(parts: {
  readonly server: string;
  readonly ca: string;
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
  readonly cut: boolean;
}): void {
  const { server, ca, asked, answer, cut } = parts;
  const { method, headers, url } = asked;
  const { host: _, ...rest } = headers;
  const sent = request(`${server}${url}`, { method, headers: rest, ca, agent: false }, (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    if (!cut) {
      response.pipe(answer);
      return;
    }
    response.once('data', (chunk: Buffer) => {
      answer.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => {
        answer.destroy();
        response.destroy();
      });
    });
  });
  sent.on('error', () => answer.destroy());
  asked.pipe(sent);
}
