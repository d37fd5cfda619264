import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installed } from './descriptions.ts';
import { freePort } from './authorities.ts';

export interface Emulate extends AsyncDisposable {
  readonly endpoint: string;
  /** What a client of the API gets. Rejects unless it is answered with 2xx. */
  ask(method: string, path: string, body?: object): Promise<unknown>;
  /** Every entry of a listing. */
  list(path: string): Promise<readonly unknown[]>;
}

/** emulate (Apache-2.0), a stateful GitHub on the loopback, which holds what the seed says. `token` is one that the seed has. */
export async function startEmulate(seed: object, token: string): Promise<Emulate> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-emulate-'));
  const file = join(directory, 'seed.json');
  await writeFile(file, JSON.stringify(seed));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const program = installed('node_modules/emulate/dist/index.js');
  const child = spawn(
    process.execPath,
    [program, 'start', '--service', 'github', '--port', String(port), '--base-url', endpoint, '--seed', file],
    {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: directory, NO_COLOR: '1' },
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (said = (said + chunk.toString()).slice(-4000)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  };
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}${path}`, {
      method,
      headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const list = async (path: string): Promise<readonly unknown[]> => {
    const all: unknown[] = [];
    for (let page = 1; ; page++) {
      const found = await ask('GET', `${path}${path.includes('?') ? '&' : '?'}per_page=100&page=${page}`);
      if (!Array.isArray(found)) throw new Error(`GET ${path}: no list`);
      all.push(...found);
      if (found.length < 100) return all;
    }
  };
  try {
    for (let attempt = 0; !said.includes('Ready.'); attempt++) {
      if (child.exitCode !== null || attempt > 600) throw new Error(`emulate did not start: ${said}`);
      await sleep(50);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, ask, list, [Symbol.asyncDispose]: stop };
}
