import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { body, children, readDer, TAG } from '../../src/evidence/timestamp/der.ts';
import { type Forgery, forgeToken } from './timestamp-forge.ts';

/** What a client asked for. */
export interface Query {
  readonly imprint: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface Authority extends AsyncDisposable {
  readonly url: string;
  readonly queries: readonly Query[];
  /** What it answers from now on. */
  answer: (query: Query, response: ServerResponse) => void;
}

/** An authority on loopback whose tokens are forged; `honest` unless told otherwise. */
export async function startAuthority(forge: () => Forgery): Promise<Authority> {
  const queries: Query[] = [];
  const authority: Authority = {
    url: '',
    queries,
    answer: (query, response) => reply(response, forgeToken({ ...query, ...forge() })),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = await readQuery(request);
    queries.push(query);
    authority.answer(query, response);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address
  const { port } = server.address() as AddressInfo;
  return Object.assign(authority, { url: `http://127.0.0.1:${port}/tsa` });
}

export function reply(response: ServerResponse, token: Uint8Array): void {
  response.setHeader('content-type', 'application/timestamp-reply').end(token);
}

async function readQuery(request: IncomingMessage): Promise<Query> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  const [, imprint, nonce] = children(readDer(Buffer.concat(pieces)), TAG.sequence, 'query');
  return {
    imprint: body(children(imprint, TAG.sequence, 'imprint')[1], TAG.octetString, 'imprint'),
    nonce: body(nonce, TAG.integer, 'nonce'),
  };
}

/** Unix seconds as GeneralizedTime. */
export function generalized(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.000/g, '');
}
