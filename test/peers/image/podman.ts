import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const cache = join(homedir(), '.cache/annexa/image');

/** Images stay between runs, apart from the machine's own. */
const own = [
  `--root=${join(cache, 'storage')}`,
  '--runroot=/run/annexa-image',
  '--storage-driver=overlay',
  '--runtime=runc',
  '--cgroup-manager=cgroupfs',
  '--events-backend=none',
];

/** Higher limits than this process has need a capability that a machine may not give. */
export const limits = ['--ulimit=nofile=4096:4096', '--ulimit=nproc=4096:4096'];

/** Standard output. Rejects with what podman said. */
export async function podman(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('podman', [...own, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

export function startPodman(...args: readonly string[]): ChildProcess {
  return spawn('podman', [...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}
