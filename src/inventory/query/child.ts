import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { InventoryError } from '../error.ts';
import { typed } from '../typed.ts';
import type { Reply, Request } from './protocol.ts';

export interface ChildSettings {
  readonly entry: string;
  readonly start: Extract<Request, { type: 'start' }>;
  /** Seconds. */
  readonly deadline: number;
  /** Bytes. */
  readonly memory: number;
  /** Seconds without a request after which it is ended. */
  readonly idle: number;
}

/** Seconds that a start may take: nothing hostile runs then, and a busy machine is slow. */
const START_DEADLINE = 60;
const WATCH_INTERVAL_MS = 20;
/** One heap of the C library for all threads: each of its own keeps what another could use. */
const ENV = { MALLOC_ARENA_MAX: '1' };
/**
 * Little JavaScript heap: the queries' memory is SQLite's. The parser's WebAssembly is compiled once, simply: optimizing it takes more
 * than 150 MB for a while.
 */
const V8_FLAGS = ['--max-old-space-size=96', '--max-semi-space-size=1', '--liftoff-only'];

/** The process that runs checks: started on demand, asked one thing at a time, killed when it takes too long or too much. */
export class Child {
  readonly #settings: ChildSettings;
  #process: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(settings: ChildSettings) {
    this.#settings = settings;
  }

  /**
   * Resolves to the last reply; those before it go to `take` as they come. Rejects with `query-deadline`, `query-memory`, or what the child
   * refused with. `name` is the check's.
   */
  ask(request: Request, name: string, take: (part: Reply) => void = () => {}): Promise<Reply> {
    clearTimeout(this.#idle);
    const answer = this.#turn.then(async () => {
      if (this.#stopped) throw new InventoryError('query-failed', `check ${name}: the sandbox is closed`);
      const child = await this.#started(name);
      return this.#exchange(child, request, name, this.#settings.deadline, take);
    });
    const turn = Promise.allSettled([answer]).finally(() => {
      if (this.#turn === turn) this.#endWhenIdle();
    });
    this.#turn = turn;
    return answer;
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.rest(), this.#settings.idle * 1_000).unref();
  }

  /** Starts the process ahead of the first request. A failure shows with that request. */
  warm(): void {
    this.#turn = this.#turn.then(() => this.#started('(start)')).catch(() => {});
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Ends the process once what was asked is answered; the next request starts another. */
  rest(): Promise<void> {
    const turn = this.#turn.then(() => this.#end());
    this.#turn = turn;
    return turn;
  }

  async #end(): Promise<void> {
    if (this.#process !== undefined) await kill(this.#process);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#idle);
    await this.#end();
    await this.#turn;
    clearTimeout(this.#idle);
  }

  async #started(name: string): Promise<ChildProcess> {
    if (this.#process !== undefined) return this.#process;
    const child = fork(this.#settings.entry, [], {
      env: ENV,
      serialization: 'advanced',
      execArgv: V8_FLAGS,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.once('exit', () => {
      if (this.#process === child) this.#process = undefined;
    });
    this.#process = child;
    try {
      await this.#exchange(child, this.#settings.start, name, START_DEADLINE, () => {});
    } catch (error) {
      await kill(child);
      throw error;
    }
    return child;
  }

  async #exchange(
    child: ChildProcess,
    request: Request,
    name: string,
    deadline: number,
    take: (part: Reply) => void,
  ): Promise<Reply> {
    const stop = (code: 'query-deadline' | 'query-memory', why: string) => {
      stopped ??= new InventoryError(code, `check ${name}: stopped, ${why}`);
      child.kill('SIGKILL');
    };
    let stopped: InventoryError | undefined;
    const timer = setTimeout(() => {
      stop('query-deadline', `it took longer than ${deadline} s`);
    }, deadline * 1_000);
    const watch = setInterval(() => {
      const resident = residentBytes(child.pid);
      if (resident <= this.#settings.memory) return;
      stop(
        'query-memory',
        `it took ${megabytes(resident)} MB; ${megabytes(this.#settings.memory)} are allowed`,
      );
    }, WATCH_INTERVAL_MS);
    try {
      return await talk(child, request, name, take);
    } catch (error) {
      // Whatever went wrong with the process itself, the next request gets a new one.
      if (!(error instanceof InventoryError)) await kill(child);
      throw stopped ?? toInventoryError(error, name);
    } finally {
      clearTimeout(timer);
      clearInterval(watch);
    }
  }
}

/** The answer to one request; rejects with the child's refusal, or with an Error when the process ended. */
function talk(
  child: ChildProcess,
  request: Request,
  name: string,
  take: (part: Reply) => void,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      act();
    };
    const onMessage = (message: unknown) => {
      const reply = typed<Reply>(message);
      if (reply.type === 'rows' || reply.type === 'tallies') take(reply);
      else if (reply.type === 'error') settle(() => reject(refusal(reply, name)));
      else settle(() => resolve(reply));
    };
    const onExit = (code: number | null, signal: string | null) => {
      settle(() =>
        reject(new Error(signal === 'SIGABRT' ? 'SIGABRT' : `ended with ${signal ?? `code ${code}`}`)),
      );
    };
    const onError = (error: Error) => settle(() => reject(error));
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(request, (error) => {
      if (error !== null) onError(error);
    });
  });
}

function refusal(reply: Extract<Reply, { type: 'error' }>, name: string): InventoryError {
  const { code, message } = reply;
  return new InventoryError(code, code === 'query-invalid' ? message : `check ${name}: ${message}`);
}

function toInventoryError(error: unknown, name: string): InventoryError {
  if (error instanceof InventoryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // V8 aborts when its heap is full.
  if (message === 'SIGABRT')
    return new InventoryError('query-memory', `check ${name}: stopped, its memory was used up`);
  return new InventoryError('query-failed', `check ${name}: the process that runs checks ${message}`, {
    cause: error,
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** 0 where the system doesn't tell: on other systems than Linux, or once the process is gone. */
function residentBytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
