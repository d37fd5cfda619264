import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import type { Faults } from '../../collectors/aws/faults.ts';
import type { Holdings } from './estate.ts';

const calls = z.array(z.object({ operation: z.string(), account: z.string(), region: z.string() }));

/** AWS in a process of its own, so that it takes neither memory nor the thread from what is measured. */
export interface StubProcess extends AsyncDisposable {
  readonly endpoint: string;
  /** From now on these faults; the calls until now. */
  setFaults(faults: Faults): Promise<z.infer<typeof calls>>;
}

export async function startStubProcess(holdings: Holdings): Promise<StubProcess> {
  const child = fork(new URL('./stub-child.ts', import.meta.url), [JSON.stringify(holdings)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const endpoint = z.string().parse(await answer(child));
  return {
    endpoint,
    async setFaults(faults) {
      child.send(faults);
      return calls.parse(await answer(child));
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the stub of AWS ended')));
  ended.catch(() => {});
  const [message]: unknown[] = await Promise.race([once(child, 'message'), ended]);
  return message;
}
