import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { limits, podman, startPodman } from './podman.ts';

/** How the chart runs it: nothing of the image can be written, no capability, no more memory than the chart gives. */
const confined = [
  '--read-only',
  '--read-only-tmpfs=false',
  '--tmpfs=/tmp:rw,size=64m,mode=1777',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--pids-limit=64',
  '--memory=512m',
  // The machine's loopback: what stands in for a source listens there.
  '--network=host',
  ...limits,
];

export interface Mounts {
  readonly config: string;
  readonly data: string;
  /** What configurations lie beside: `../isms`. */
  readonly isms: string;
}

function mounted({ config, data, isms }: Mounts): readonly string[] {
  const volumes = [`${config}:/etc/annexa:ro`, `${data}:/var/lib/annexa`, `${isms}:/etc/isms:ro`];
  return volumes.flatMap((one) => ['--volume', one]);
}

export interface Container extends AsyncDisposable {
  readonly name: string;
  /** All that it has said, in lines. */
  readonly lines: readonly string[];
  /** Resolves with the last of as many matches as are asked for; rejects when the container ends before. */
  said(pattern: RegExp, times?: number): Promise<RegExpExecArray>;
  /** Of its first process, as this machine sees it. */
  pid(): Promise<number>;
  /** Runs JavaScript in it, by the image's own Node. */
  evaluate(script: string): Promise<string>;
  /** Asks it to end by the image's signal, kills it after the grace (seconds), and tells its exit code: 137 when it was killed. */
  stop(grace: number): Promise<number | null>;
}

/** `entrypoint` takes the place of the image's own. */
export function startContainer(
  image: string,
  mounts: Mounts,
  environment: Readonly<Record<string, string>>,
  entrypoint?: readonly string[],
): Container {
  const name = `annexa-test-${randomBytes(6).toString('hex')}`;
  const variables = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const entry = entrypoint === undefined ? [] : ['--entrypoint', JSON.stringify(entrypoint)];
  const options = ['--rm', '--name', name, ...confined, ...mounted(mounts), ...variables, ...entry];
  const child = startPodman('run', ...options, image);
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  const lines: string[] = [];
  const heard = new EventTarget();
  for (const input of [child.stdout!, child.stderr!])
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      heard.dispatchEvent(new Event('line'));
    });
  const find = (pattern: RegExp) => lines.map((line) => pattern.exec(line)).filter((match) => match !== null);
  return {
    name,
    lines,
    said(pattern, times = 1) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const match = find(pattern)[times - 1];
        if (match !== undefined) resolve(match);
      };
      heard.addEventListener('line', look);
      void ended.then((code) =>
        reject(new Error(`ended with ${code} before ${pattern}: ${lines.join('\n')}`)),
      );
      look();
      return promise.finally(() => heard.removeEventListener('line', look));
    },
    pid: async () => Number(await podman('inspect', '--format', '{{.State.Pid}}', name)),
    evaluate: (script) => podman('exec', name, 'node', '--print', script),
    async stop(grace) {
      await podman('stop', '--time', String(grace), name);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await podman('rm', '--force', '--time', '0', '--ignore', name);
      await ended;
    },
  };
}

/** One command of the command line, confined as the agent is. */
export function runOnce(image: string, mounts: Mounts, ...args: readonly string[]): Promise<string> {
  return podman('run', '--rm', ...confined, ...mounted(mounts), image, ...args);
}
