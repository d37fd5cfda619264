import { request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import type { AgentView } from '../../src/engine/view.ts';
import type { ServerLogger } from '../../src/server/errors.ts';
import { problem } from '../../src/server/problem.ts';
import type { Problem } from '../../src/server/problem.ts';
import { startServer } from '../../src/server/server.ts';
import type { RunningServer, ServerOptions } from '../../src/server/server.ts';
import { fakeBundles } from './fake-bundles.ts';
import { fakeView } from './fake-view.ts';

export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(): ServerLogger & { readonly lines: Logged[] } {
  const lines: Logged[] = [];
  const log = (level: Logged['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

/** A server on a free loopback port, closed when the test ends. */
export async function serve(
  replaced: Partial<AgentView> = {},
  options: Partial<ServerOptions> = {},
): Promise<RunningServer> {
  const server = await startServer({
    view: fakeView(replaced),
    logger: recordingLogger(),
    listen: '127.0.0.1:0',
    bundles: fakeBundles(),
    ...options,
  });
  onTestFinished(() => server.close(0));
  return server;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends the path as it is, without the normalisation that URL parsers do. */
export function send(
  server: RunningServer,
  path: string,
  options: { method?: string; headers?: OutgoingHttpHeaders; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: hostname.replaceAll(/[[\]]/g, ''), port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The answer's body as problem details; throws when it isn't one of this status. */
export function problemIn(answer: Answer): Problem {
  if (!answer.headers['content-type']?.startsWith('application/problem+json')) {
    throw new Error(`not a problem: ${answer.status} ${answer.headers['content-type']} ${answer.text}`);
  }
  const body = problem.parse(JSON.parse(answer.text));
  if (body.status !== answer.status) throw new Error(`status ${answer.status}, but ${answer.text}`);
  return body;
}
