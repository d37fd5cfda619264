import { z } from 'zod';
import type { Faults } from '../../collectors/aws/faults.ts';
import { forked } from '../forked.ts';
import type { Holdings } from './estate.ts';

const calls = z.array(z.object({ operation: z.string(), account: z.string(), region: z.string() }));

/** AWS in a process of its own. */
export interface StubProcess extends AsyncDisposable {
  readonly endpoint: string;
  /** From now on these faults; the calls until now. */
  setFaults(faults: Faults): Promise<z.infer<typeof calls>>;
}

export async function startStubProcess(holdings: Holdings): Promise<StubProcess> {
  const child = await forked(new URL('./stub-child.ts', import.meta.url), [JSON.stringify(holdings)]);
  return {
    endpoint: z.string().parse(child.told),
    setFaults: async (faults) => calls.parse(await child.ask(faults)),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
