import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from '../../build.ts';
import { type Running, watched } from '../e2e/process.ts';

/** The blocks of a page with these words after the fence, by the heading (`## Back up`) that they stand under. */
export async function blocksOf(page: string, fence: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const parts = (await readFile(page, 'utf8')).split(/^## /m).slice(1);
  const pattern = new RegExp(`^\`\`\`${fence}\\n(.*?)^\`\`\`$`, 'gms');
  return new Map(
    parts.map((part) => [
      part.slice(0, part.indexOf('\n')),
      [...part.matchAll(pattern)].map(([, block = '']) => block),
    ]),
  );
}

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A machine on which a page's commands run as they stand, but for its paths and its port, which lie in a temporary directory. */
export interface Machine extends AsyncDisposable {
  /** Where a path of the page is. */
  at(path: string): string;
  /** Runs blocks as one script. */
  run(blocks: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** Starts a script that goes on. */
  start(script: string, env?: Readonly<Record<string, string>>): Running;
}

const PATHS = /(?<![\w.])\/(?:etc\/annexa|var\/lib\/annexa|secrets|backup|elsewhere)\b/g;
const ROOT = resolve(import.meta.dirname, '../..');

/**
 * What a checkout and systemd do on a real one: `npx annexa` runs the bundle, `systemctl start` returns when the agent has settled, `stop` when
 * it has ended.
 */
const programs: Readonly<Record<string, string>> = {
  npx: `[ "$1" = annexa ] || exit 99
shift
exec "$NODE" "$PROGRAM" "$@"
`,
  systemctl: `cd "$CHECKOUT"
start() {
  rm -f "$RUN/out"
  mkfifo "$RUN/out"
  "$NODE" "$PROGRAM" run > "$RUN/out" 2>> "$RUN/err" &
  echo $! > "$RUN/pid"
  grep -q -m1 'Ctrl-C ends it' < "$RUN/out" || { cat "$RUN/err"; exit 1; }
}
stop() {
  kill -TERM "$(cat "$RUN/pid")"
  tail --pid="$(cat "$RUN/pid")" -f /dev/null
}
[ "$2" = annexa ] || exit 99
case $1 in
  start) start ;;
  stop) stop ;;
  restart) stop && start ;;
  *) exit 99 ;;
esac
`,
};

export async function createMachine(listen: string): Promise<Machine> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-machine-'));
  const at = (path: string) => path.replace(PATHS, (found) => join(directory, found));
  const bin = join(directory, 'bin');
  await bundle(join(directory, 'program'));
  for (const folder of ['/bin', '/run', '/etc/annexa', '/var/lib', '/secrets', '/backup', '/elsewhere'])
    await mkdir(join(directory, folder), { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/bash\nset -eu\n${script}`);
    await chmod(join(bin, name), 0o755);
  }
  const own = {
    PATH: `${bin}:${process.env['PATH']}`,
    NODE: process.execPath,
    CHECKOUT: ROOT,
    PROGRAM: join(directory, 'program/annexa.mjs'),
    RUN: join(directory, 'run'),
    ANNEXA_CONFIG: at('/etc/annexa'),
    ANNEXA_DATA: at('/var/lib/annexa'),
    ANNEXA_LISTEN: listen,
    NODE_COMPILE_CACHE: join(directory, 'cache'),
  };
  return {
    at,
    run: (blocks, env = {}) => {
      const script = at(blocks.join('\n'));
      return new Promise((done) => {
        const options = { cwd: ROOT, env: { ...process.env, ...own, ...env }, maxBuffer: 1 << 26 };
        const child = execFile('bash', ['-euo', 'pipefail', '-c', script], options, (_, out, err) =>
          done({ code: child.exitCode ?? -1, output: `${out}${err}` }),
        );
      });
    },
    start: (script, env = {}) =>
      watched(
        spawn('bash', ['-euo', 'pipefail', '-c', at(script)], {
          cwd: ROOT,
          env: { ...process.env, ...own, ...env },
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ),
    async [Symbol.asyncDispose]() {
      const pid = await readFile(join(own.RUN, 'pid'), 'utf8').catch(() => '');
      try {
        if (pid !== '') process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It has ended.
      }
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
