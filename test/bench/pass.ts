import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from '../../build.ts';
import { watchFamily } from './resident.ts';

const root = resolve(import.meta.dirname, '../..');

/** A bundle is started so where memory counts: V8 would else let garbage lie until the heap is several times what lives in it. */
const SMALL_HEAP = [
  '--initial-heap-size=40',
  '--max-semi-space-size=4',
  '--no-parallel-scavenge',
  '--optimize-for-size',
];

export const AGENT = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: bench }
spec: { organisation: Bench, domain: bench.example, data: data, commitWindow: 1s, listen: '127.0.0.1:0' }
`;

/** Builds the bundle once; `work` runs it as often as it likes. */
export async function withBundle<T>(work: (program: readonly string[]) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-bundle-'));
  try {
    await bundle(directory);
    return await work([...SMALL_HEAP, join(directory, 'annexa.mjs')]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The most that the agent and its children were resident while they collected and judged everything once, in megabytes; pages of files count
 * once. Rejects when a dataset failed.
 */
export async function peakOf(
  program: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-bench-'));
  try {
    for (const [name, text] of Object.entries({ 'agent.yaml': AGENT, ...files }))
      await writeFile(join(directory, name), text);
    const data = join(directory, 'data');
    return await collect([...program, 'collect', '--config', directory, '--json'], data);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** One pass of the agent, watched; what manifests call `{ env: KEY }` is a word. */
export async function collect(program: readonly string[], data: string): Promise<number> {
  const child = spawn(process.execPath, [...program], {
    cwd: root,
    env: { ...process.env, ANNEXA_DATA: data, ANNEXA_LOG_LEVEL: 'error', KEY: 'bench' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = watchFamily(child.pid ?? 0);
  await once(child, 'close');
  const most = stop();
  if (child.exitCode !== 0) throw new Error(`the agent ended with ${child.exitCode}: ${said.slice(0, 4000)}`);
  return most;
}
