import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A stub in a process of its own, so that it takes neither memory nor the thread from what is measured. */
export interface Forked extends AsyncDisposable {
  /** Its first message. */
  readonly told: unknown;
  /** Sends it something; resolves to its next message. */
  ask(message: object): Promise<unknown>;
}

/** Resolves when the program has told something; rejects when it ends before. It ends with this process at the latest. */
export async function forked(program: URL, args: readonly (string | number)[]): Promise<Forked> {
  const child = fork(program, args.map(String), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    told: await answer(child),
    async ask(message) {
      child.send(message);
      return answer(child);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the stub ended')));
  ended.catch(() => {});
  const [message]: unknown[] = await Promise.race([once(child, 'message'), ended]);
  return message;
}
