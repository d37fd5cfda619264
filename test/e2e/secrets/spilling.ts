import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers as the first part of the path says (`/401/...`), and says in it all that it was sent, in every place of an answer. */
export interface Spilling extends AsyncDisposable {
  readonly url: string;
  /** First parts of the paths that were asked for. */
  readonly asked: ReadonlySet<string>;
}

export async function startSpilling(): Promise<Spilling> {
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => answer(request, response, asked));
  });
  // Asked as a proxy.
  server.on('connect', ({ url, headers }, socket) => {
    asked.add('407');
    const spilled = `${url} ${JSON.stringify(headers)} ${decoded(headers['proxy-authorization'])}`;
    socket.on('error', () => {});
    socket.end(`HTTP/1.1 407 ${spilled}\r\nproxy-authenticate: Basic realm="${spilled}"\r\n\r\n${spilled}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse, asked: Set<string>): void {
  // What a proxy is asked for is a whole URL.
  const [first = ''] = url
    .replace(/^http:\/\/[^/]+/, '/407')
    .slice(1)
    .split('/');
  asked.add(first);
  const spilled = `${url} ${JSON.stringify(headers)} ${decoded(headers.authorization)}`;
  const status = Number(first) || 500;
  const names = ['x-request-id', 'x-github-request-id', 'x-amzn-requestid', 'location', 'www-authenticate'];
  for (const name of names) response.setHeader(name, headers.authorization ?? 'none');
  // The reason phrase, too.
  response.writeHead(status, headers.authorization ?? 'none', { 'content-type': 'application/json' });
  const body = { message: spilled, error: spilled, kind: spilled, items: [{ [spilled]: spilled }] };
  response.end(first === '200' ? `{"cut": ${JSON.stringify(spilled)},` : JSON.stringify(body));
}

function decoded(authorization: string | undefined): string {
  return Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString('latin1');
}
