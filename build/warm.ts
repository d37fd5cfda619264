import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * Fills the compile cache: `node FLAGS warm.ts ENTRY WORK CACHE` runs the agent once, without a source, until it has assessed, and asks it to
 * end. The cache is of use to the same binary, flags, paths and user alone, so this runs in the image itself, which need have no shell. Rejects
 * when the agent doesn't start, or doesn't end well: an image that doesn't run isn't built.
 */

const agent = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: warm }
spec: { organisation: Warm, domain: warm.example, listen: "127.0.0.1:0" }
`;

const PATIENCE_MS = 120_000;

async function runOnce(entry: string, work: string, cache: string): Promise<void> {
  const config = join(work, 'config');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'agent.yaml'), agent);
  const child = spawn(process.execPath, [...process.execArgv, entry, 'run'], {
    env: {
      ...process.env,
      ANNEXA_CONFIG: config,
      ANNEXA_DATA: join(work, 'data'),
      NODE_COMPILE_CACHE: cache,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    process.stdout.write(`${line}\n`);
    // The last that is said once all is assessed.
    if (line.startsWith('It goes on collecting')) child.kill('SIGTERM');
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the agent ended with ${code}`);
}

/** Node writes its cache for the owner alone; in the image that is root, and the agent is not. */
async function readable(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  await Promise.all(files.map(({ parentPath, name }) => chmod(join(parentPath, name), 0o644)));
  return files.length;
}

const [entry, work, cache] = process.argv.slice(2);
if (entry === undefined || work === undefined || cache === undefined)
  throw new Error('usage: node FLAGS warm.ts ENTRY WORK CACHE');
await runOnce(entry, work, cache);
const count = await readable(cache);
if (count === 0) throw new Error(`${cache}: nothing was compiled into it`);
process.stdout.write(`${cache}: ${count} modules compiled\n`);
