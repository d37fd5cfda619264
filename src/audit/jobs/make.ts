import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Signer } from '../../evidence/keys.ts';
import type { BundleProgress } from '../bundle/write.ts';
import { AuditError } from '../error.ts';
import { manifestNoteText } from '../layout.ts';
import type { MadeBundle } from './contract.ts';
import { type Reply, reply, type Request, type StorePlace, type Task } from './protocol.ts';

export interface MakeOptions {
  /** Signs the manifest's note, and nothing else. */
  readonly signer: Signer;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Megabytes that the process may have resident. Watched on Linux alone. */
  readonly memory: number;
  /** Seconds that it may take. */
  readonly deadline: number;
  readonly progress: (progress: BundleProgress) => void;
  /** The process's entry. Unless set, `bundle-child` beside this file, with this file's extension. */
  readonly entry?: string | undefined;
}

export interface Making {
  /** Rejects with AuditError `io`, saying why; the process is gone then, as when it resolves. */
  readonly made: Promise<MadeBundle>;
  /** Kills the process. */
  stop(why: string): void;
}

/** Milliseconds between two looks at the process and at the disk. */
const WATCH = 250;
/** Bytes that stay free, or a tenth of a smaller disk: the evidence needs them. */
const RESERVE = 256 * 1_048_576;

/** Makes a bundle in a process of its own, which has no key, little of the environment, and what time and memory nothing else wants. */
export function makeBundle(task: Task, options: MakeOptions): Making {
  const child = fork(options.entry ?? defaultEntry(), [], {
    env: environmentFor(task.place, options.env),
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${Math.floor(options.memory * 0.6)}`, '--max-semi-space-size=2'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  yieldToOthers(child.pid);
  let stopped: string | undefined;
  const stop = (why: string): void => {
    stopped ??= why;
    child.kill('SIGKILL');
  };
  const deadline = setTimeout(
    () => stop(`it took longer than ${options.deadline} s`),
    options.deadline * 1000,
  );
  const watch = setInterval(() => void look(), WATCH);
  async function look(): Promise<void> {
    const resident = residentMegabytes(child.pid);
    if (resident > options.memory)
      stop(
        `it took ${resident} MB of memory; ${options.memory} are allowed (bundles.memory of the Agent manifest)`,
      );
    if (!(await hasRoom(dirname(task.file)))) stop(NO_ROOM);
  }
  async function finish(): Promise<MadeBundle> {
    try {
      return await talk(child, task, options);
    } catch (error) {
      const why = stopped ?? (error instanceof Error ? error.message : String(error));
      throw new AuditError('io', why, { cause: error });
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      await kill(child);
    }
  }
  return { made: finish(), stop };
}

const NO_ROOM = 'no room is left: what remains of the disk is for the evidence';

async function hasRoom(directory: string): Promise<boolean> {
  try {
    const { bsize, bavail, blocks } = await statfs(directory);
    return bavail * bsize >= Math.min(RESERVE, (blocks * bsize) / 10);
  } catch {
    // It is gone, and so is the need of room.
    return true;
  }
}

function defaultEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./bundle-child${extension}`, import.meta.url));
}

/** One heap of the C library for all threads. Whoever reads a bucket finds its credentials, its CA and its proxy as the agent does. */
function environmentFor(place: StorePlace, env: MakeOptions['env']): Record<string, string> {
  const ours = /^(?:AWS_.+|HOME|PATH|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|(?:https?|no)_proxy)$/i;
  const passed = 's3' in place ? Object.entries(env).filter(([name]) => ours.test(name)) : [];
  const set = passed.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return { MALLOC_ARENA_MAX: '1', ...Object.fromEntries(set) };
}

/** What is collected goes first; of all processes here, this one is the first to be killed when memory runs out. */
function yieldToOthers(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // Not on this system, or the process is gone already: it does without.
  }
}

/** Resolves to what was made, at its end. */
function talk(child: ChildProcess, task: Task, { signer, progress }: MakeOptions): Promise<MadeBundle> {
  const { promise, resolve, reject } = Promise.withResolvers<MadeBundle>();
  let signed: string | undefined;
  const send = (request: Request): void => {
    child.send(request, (error) => {
      if (error !== null) reject(error);
    });
  };
  const answer = async (said: Reply): Promise<void> => {
    if (said.type === 'progress') return progress(said.progress);
    if (said.type === 'failed') throw new Error(said.why);
    if (said.type === 'sign') {
      if (signed !== undefined) throw new Error('it asked for a second signature');
      signed = manifestIn(said.message, task.origin);
      return send({ type: 'signed', signature: await signer.sign(said.message) });
    }
    if (signed !== said.made.manifest) throw new Error('what was signed is not what it made');
    return resolve(said.made);
  };
  child.on('message', (message) => {
    Promise.resolve(message)
      .then((one) => answer(reply.parse(one)))
      .catch(reject);
  });
  child.on('error', reject);
  child.on('exit', (code, signal) => reject(new Error(endWords(code, signal))));
  send({ type: 'make', task });
  return promise;
}

function endWords(code: number | null, signal: string | null): string {
  // V8 aborts when its heap is full.
  if (signal === 'SIGABRT')
    return 'its memory was used up; bundles.memory of the Agent manifest says how much it may have';
  return `the process that makes it ended with ${signal ?? `code ${code}`}`;
}

/** The digest in a manifest's note of this log. Throws for anything else: the key also signs checkpoints. */
function manifestIn(message: Uint8Array, origin: string): string {
  const text = Buffer.from(message).toString('utf8');
  const digest = /\n([0-9a-f]{64})\n$/.exec(text)?.[1] ?? '';
  if (text !== manifestNoteText(origin, digest))
    throw new Error('it asked for a signature on what is no manifest');
  return digest;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** 0 where the system doesn't tell, or once the process is gone. */
function residentMegabytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
