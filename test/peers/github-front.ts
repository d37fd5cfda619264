import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { openAccess } from '../../src/collectors/github/client.ts';
import { githubConfig } from '../../src/collectors/github/config.ts';
import { openSession, type Session } from '../../src/collectors/github/session.ts';
import type { Estate } from '../collectors/github/estate.ts';
import { execute, graphOf } from '../collectors/github/graph.ts';
import { TOKEN } from '../collectors/github/harness.ts';
import { contextOf, type Told } from '../collectors/harness.ts';

export interface Front extends AsyncDisposable {
  readonly endpoint: string;
}

/** A server on the loopback. What `answer` rejects with destroys the connection. */
export async function startFront(
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
): Promise<Front> {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
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

const query = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).optional() });

/** A query of the collector's, answered over GitHub's own schema from what the estate says. Those of other names than `only` are not found. */
export async function answerQuery(
  estateOf: () => Promise<Estate>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  only?: readonly string[],
): Promise<void> {
  const { query: source, variables = {} } = query.parse(await json(incoming));
  const [, name = ''] = /^\s*query (\w+)/.exec(source) ?? [];
  outgoing.setHeader('content-type', 'application/json');
  if (only?.includes(name) === false) return void outgoing.writeHead(404).end('{"message":"Not Found"}');
  const result = await execute(graphOf(await estateOf(), 100), source, variables);
  if (result.errors !== undefined) throw new AggregateError(result.errors, 'not a query of GitHub');
  outgoing.end(JSON.stringify(result));
}

/** The collector's own session, and what it told. */
export async function openPeerSession(
  endpoint: string,
  organization: string,
  token = 'ghp_stub',
): Promise<{ readonly session: Session; readonly told: Told }> {
  const config = githubConfig.parse({
    organizations: [organization],
    auth: TOKEN,
    baseUrl: endpoint,
    retryDelay: 0.001,
  });
  const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { TOKEN: token });
  const provenance = context.provenance('peer', organization);
  const { signal } = new AbortController();
  return { session: await openSession(config, openAccess(config, context), { provenance, signal }), told };
}
