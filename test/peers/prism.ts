import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { installed } from './descriptions.ts';
import { freePort } from './authorities.ts';

export interface Prism extends AsyncDisposable {
  /** Of a front that asks Prism for `application/json`, whatever media type its own client asks for. */
  readonly endpoint: string;
  /** `GET /orgs/acme/repos 200`, in the order of the answers. */
  readonly answered: readonly string[];
}

/**
 * Prism (Apache-2.0), which answers by a published OpenAPI description: a request that the description doesn't allow is refused with 4xx, an
 * answer is the description's own example, or made by its schema. It keeps no state.
 */
export async function startPrism(description: string): Promise<Prism> {
  const port = await freePort();
  const program = installed('node_modules/@stoplight/prism-cli/dist/index.js');
  const child = spawn(
    process.execPath,
    [program, 'mock', '-h', '127.0.0.1', '-p', String(port), description],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (said = (said + chunk.toString()).slice(-4000)));
  const answered: string[] = [];
  const front = createServer((incoming, outgoing) => void forward(port, incoming, outgoing, answered));
  const stop = async (): Promise<void> => {
    front.closeAllConnections();
    front.close();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  try {
    for (let attempt = 0; !said.includes('Prism is listening'); attempt++) {
      if (child.exitCode !== null || attempt > 1200) throw new Error(`Prism did not start: ${said}`);
      await sleep(100);
    }
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  const address = front.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { endpoint: `http://127.0.0.1:${address.port}`, answered, [Symbol.asyncDispose]: stop };
}

/** GitHub's own media types are not among those of its description. */
async function forward(
  port: number,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answered: string[],
): Promise<void> {
  const { method = 'GET', url = '/' } = incoming;
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path: url,
    headers: { ...incoming.headers, host: `127.0.0.1:${port}`, accept: 'application/json' },
  });
  asked.on('response', (answer) => {
    answered.push(`${method} ${url} ${answer.statusCode}`);
    outgoing.writeHead(answer.statusCode ?? 502, { date: new Date().toUTCString(), ...answer.headers });
    pipeline(answer, outgoing).catch(() => outgoing.destroy());
  });
  asked.on('error', () => outgoing.destroy());
  await pipeline(incoming, asked).catch(() => outgoing.destroy());
}
