import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const agent = [process.execPath, join(root, 'src/main.ts')];

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves with what the text matched as soon as it is on standard output or error; rejects when the process ends before. */
  said(text: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Mounts, and a network with the loopback alone, that nobody else sees: what is done here ends with it. Needs root. */
export interface Machine extends AsyncDisposable {
  /** A directory that everybody sees. */
  readonly directory: string;
  write(file: string, text: string): Promise<string>;
  start(command: readonly string[], env?: Readonly<Record<string, string>>): Started;
  run(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The command line from source. */
  annexa(args: readonly string[], env?: Readonly<Record<string, string>>): Started;
}

/** `prepare`: lines of a shell, run inside before anything else; `$DIR` is the directory. `network`: its own, with the loopback alone. */
export async function startMachine(prepare: readonly string[], { network = false } = {}): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-machine-'));
  await chmod(directory, 0o755);
  const script = [
    'set -e',
    ...(network ? ['ip link set lo up'] : []),
    ...prepare,
    'echo prepared',
    'exec cat',
  ].join('\n');
  const holder = launch(
    ['unshare', '--mount', ...(network ? ['--net'] : []), '--propagation', 'private', 'sh', '-c', script],
    { DIR: directory },
    'pipe',
  );
  await holder.said(/prepared/);
  const inside = ['nsenter', '--target', String(holder.child.pid), '--mount', ...(network ? ['--net'] : [])];
  const running = new Set<Started>();
  const start: Machine['start'] = (command, env = {}) => {
    const started = launch([...inside, ...command], env);
    running.add(started);
    void started.ended.finally(() => running.delete(started));
    return started;
  };
  return {
    directory,
    async write(file, text) {
      const path = join(directory, file);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, text);
      return path;
    },
    start,
    run: (command, env) => start(command, env).ended,
    annexa: (args, env) => start([...agent, ...args], env),
    async [Symbol.asyncDispose]() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all([...running].map(({ ended }) => ended));
      holder.child.stdin?.end();
      await holder.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the tests' own surroundings say of proxies doesn't count. */
const UNSET = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

function launch(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: 'ignore' | 'pipe' = 'ignore',
): Started {
  const kept = Object.entries(process.env).filter(([name]) => !UNSET.includes(name));
  const child = spawn(program, args, {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { ...Object.fromEntries(kept), ...env },
  });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => ({
    code: typeof code === 'number' ? code : null,
    out,
    err,
  }));
  return {
    child,
    ended,
    async said(text) {
      const look = async (): Promise<RegExpExecArray> => {
        for (;;) {
          const found = text.exec(out) ?? text.exec(err);
          if (found !== null) return found;
          await Promise.race([once(child.stdout!, 'data'), once(child.stderr!, 'data')]);
        }
      };
      const early = ended.then((end) => {
        const found = text.exec(end.out) ?? text.exec(end.err);
        if (found !== null) return found;
        throw new Error(`it ended with ${end.code} before it said ${text}: ${end.out}${end.err}`);
      });
      return Promise.race([look(), early]);
    },
  };
}

/** The lines of the agent's log. */
export function logLines(err: string): readonly Readonly<Record<string, unknown>>[] {
  return err
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Record<string, unknown> => JSON.parse(line));
}
