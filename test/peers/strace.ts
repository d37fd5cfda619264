import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createLog, openLog } from '../../src/evidence/log.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { appendAll, batches, missing } from '../evidence/acknowledged.ts';
import { draft, temporaryDirectory, testClock, testKeys } from '../evidence/helpers.ts';

/** System calls of the commit path, and how each may fail. SQLite, as Node builds it, calls fsync, too. */
export const calls: readonly {
  readonly call: string;
  readonly faults: readonly string[];
}[] = [
  { call: 'openat', faults: ['error=ENOSPC', 'error=EIO', 'error=EINTR', 'error=EMFILE'] },
  { call: 'write', faults: ['error=ENOSPC', 'error=EIO', 'error=EINTR', 'retval=1'] },
  { call: 'pwrite64', faults: ['error=ENOSPC', 'error=EIO', 'error=EINTR'] },
  { call: 'fsync', faults: ['error=EIO', 'error=ENOSPC'] },
  { call: 'link', faults: ['error=ENOSPC', 'error=EIO', 'error=EINTR'] },
  { call: 'rename', faults: ['error=ENOSPC', 'error=EIO', 'error=EINTR'] },
  { call: 'unlink', faults: ['error=EIO', 'error=EINTR'] },
  { call: 'mkdir', faults: ['error=ENOSPC', 'error=EIO'] },
  { call: 'close', faults: ['error=EIO', 'error=EINTR'] },
];

export interface StraceReport {
  readonly rounds: number;
  /** Rounds in which the call was met. */
  readonly injected: number;
  /** Rounds in which the writer ended early: it may crash, but not lose. */
  readonly crashed: number;
  readonly acknowledged: number;
  readonly faults: readonly string[];
}

/** Entries before the first fault: the commits fill a tile, and partial tiles go. */
const BEFORE = 253;
const options = { keys: testKeys(), now: testClock(), agent: { version: '0.0.0', build: 'faults' } };
const sealedSchema = z.strictObject({
  runId: z.string(),
  stream: z.string(),
  index: z.int(),
  leafHash: z.string(),
});

/**
 * Lets the n-th call of a kind fail in each thread of a writer that opens a log and appends: for each n in turn, from `first`, by `step`,
 * until there is no such call. Nothing acknowledged may be lost or sealed twice, and the log must go on and verify.
 */
export async function straceRounds(
  call: string,
  fault: string,
  { first = 1, step = 1 } = {},
): Promise<StraceReport> {
  const base = await temporaryDirectory();
  const faults: string[] = [];
  let [rounds, injected, crashed, acknowledged] = [0, 0, 0, 0];
  try {
    const prepared = join(base, 'prepared');
    await using log = await createLog({
      ...options,
      directory: prepared,
      domain: 'acme.example',
      sample: false,
    });
    await log.append(Array.from({ length: BEFORE - 1 }, (_, i) => draft(`before-${i}`)));
    await log[Symbol.asyncDispose]();
    for (let at = first; ; at += step) {
      const directory = join(base, 'round');
      await rm(directory, { recursive: true, force: true });
      cpSync(prepared, directory, { recursive: true });
      const seen = await life(
        directory,
        `${call}:${fault}:when=${at}`,
        fault.startsWith('retval') ? '' : 'bodies',
      );
      rounds += 1;
      acknowledged += seen.acknowledged.size;
      if (!seen.done) crashed += 1;
      const found = await afterwards(directory, seen.acknowledged).catch((error: unknown) => [String(error)]);
      faults.push(...found.map((text) => `${call} ${fault}, the ${at}th: ${text}`));
      if (!seen.injected) break;
      injected += 1;
    }
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return { rounds, injected, crashed, acknowledged, faults };
}

interface Life {
  readonly acknowledged: Map<string, z.infer<typeof sealedSchema>>;
  readonly done: boolean;
  readonly injected: boolean;
}

/** One writer under strace, from the moment when its code is loaded. One thread does the file system's work. */
async function life(directory: string, inject: string, bodies: string): Promise<Life> {
  const script = fileURLToPath(new URL('../evidence/faults-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, bodies], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  const acknowledged: Life['acknowledged'] = new Map();
  const ready = Promise.withResolvers<void>();
  let done = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready.resolve();
    if (line === 'done') done = true;
    const sealed = /^acknowledged (\{.*\})$/.exec(line)?.[1];
    if (sealed === undefined) return;
    const entry = sealedSchema.parse(JSON.parse(sealed));
    acknowledged.set(`${entry.runId} ${entry.stream}`, entry);
  });
  const closed = new Promise((resolve) => void child.once('close', resolve));
  await ready.promise;
  const traced = trace(child, inject);
  await traced.attached;
  child.stdin.write('go\n');
  // A call whose failure is not told to anybody may leave it waiting: then it is killed.
  const overdue = setTimeout(() => child.kill('SIGKILL'), 5000);
  await closed;
  clearTimeout(overdue);
  return { acknowledged, done, injected: (await traced.ended).includes('(INJECTED)') };
}

/** Attaches to every thread. Rejects when it may not: peers are never skipped. */
function trace(child: ChildProcess, inject: string): { attached: Promise<void>; ended: Promise<string> } {
  if (!existsSync('/usr/bin/strace')) throw new Error('strace is missing: run test/peers/install.sh');
  const call = inject.slice(0, inject.indexOf(':'));
  const args = ['-f', '-e', `trace=${call}`, '-e', `inject=${inject}`, '-p', String(child.pid)];
  const strace = spawn('/usr/bin/strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const attached = Promise.withResolvers<void>();
  strace.stderr.on('data', (text) => {
    said += String(text);
    if (said.includes('attached')) attached.resolve();
  });
  const ended = new Promise<string>((resolve) => {
    strace.once('close', () => {
      attached.reject(new Error(`strace could not attach: ${said}`));
      resolve(said);
    });
  });
  return { attached: attached.promise, ended };
}

/** As the next writer finds it, without faults. */
async function afterwards(directory: string, told: Life['acknowledged']): Promise<string[]> {
  await using log = await openLog({ ...options, directory });
  const faults = await missing(log, BEFORE, told);
  const acknowledged = new Map();
  await appendAll(log, acknowledged);
  faults.push(...(await missing(log, BEFORE, acknowledged)));
  const size = BEFORE + batches.flat().length;
  if (log.checkpoint().size !== size)
    faults.push(`the log has ${log.checkpoint().size} entries, not ${size}`);
  const { problems } = await verifyDirectory(directory);
  return [...faults, ...problems.map(({ where, message }) => `verify: ${where}: ${message}`)];
}
