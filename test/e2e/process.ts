import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the output as soon as the text is in it; rejects when the process ends before. */
  said(text: string): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** The command line from source, as `npx annexa` runs it. */
export function annexa(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return watched(
    spawn(process.execPath, ['src/main.ts', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ANNEXA_CONFIG: '', ...env },
    }),
  );
}

/** A child whose output is read. */
export function watched(child: ChildProcessByStdio<null, Readable, Readable>): Running {
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => ({
    code: typeof code === 'number' ? code : null,
    out,
    err,
  }));
  return {
    child,
    ended,
    async said(text) {
      const look = async (): Promise<string> => {
        while (!out.includes(text)) await once(child.stdout, 'data');
        return out;
      };
      const early = ended.then(({ code, err: why }) => {
        throw new Error(`it ended with ${code} before it said ${JSON.stringify(text)}: ${why}`);
      });
      return Promise.race([look(), early]);
    },
  };
}
