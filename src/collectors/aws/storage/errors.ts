import { z } from 'zod';

const thrown = z.object({ name: z.string().optional(), cause: z.unknown().optional() });

/** Whether AWS refused with one of these codes, told by the SDK's error or by ours that it caused. */
export function refusedAs(error: unknown, ...codes: readonly string[]): boolean {
  const { name, cause } = thrown.safeParse(error).data ?? {};
  if (name !== undefined && codes.includes(name)) return true;
  return cause !== undefined && refusedAs(cause, ...codes);
}

/** What `ask` gives; undefined where AWS says by this very code that there is none. */
export async function named<T>(code: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (refusedAs(error, code)) return undefined;
    throw error;
  }
}
