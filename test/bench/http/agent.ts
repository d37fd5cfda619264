import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../../..');

/** The sample as a user runs it, in a process of its own, with static tokens for viewers. */
export interface SampleAgent extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly tokens: readonly string[];
}

export async function startSample(tokenCount: number): Promise<SampleAgent> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-http-'));
  const tokens = Array.from({ length: tokenCount }, () => `annexa_${randomBytes(32).toString('base64url')}`);
  await cp(join(root, 'examples/acme'), join(directory, 'acme'), { recursive: true });
  const entries = tokens.map((token, at) => {
    const sha256 = createHash('sha256').update(token).digest('hex');
    return `      - { name: bench-${at}, sha256: ${sha256}, roles: [viewer], expires: 2099-01-01T00:00:00Z }\n`;
  });
  await appendFile(join(directory, 'acme/annexa.yaml'), `  access:\n    tokens:\n${entries.join('')}`);
  const child = spawn(process.execPath, ['src/main.ts', 'run', '--config', join(directory, 'acme')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ANNEXA_DATA: join(directory, 'data'), ANNEXA_LISTEN: '127.0.0.1:0' },
  });
  try {
    const port = await portOf(child);
    return {
      port,
      pid: z.int().parse(child.pid),
      tokens,
      [Symbol.asyncDispose]: () => end(child, directory),
    };
  } catch (error) {
    await end(child, directory);
    throw error;
  }
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true, force: true });
}

/** Resolves when everything was collected once. */
async function portOf(child: ChildProcess): Promise<number> {
  let said = '';
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    if (said.includes('Ctrl-C')) break;
  }
  return Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
}
