import { annexa, type Ended } from '../e2e/process.ts';

/** The command line, as `npx annexa` runs it. Rejects with what it said when it ends with another code than 0 or those that are expected. */
export async function main(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  codes: readonly number[] = [0],
): Promise<Ended> {
  const ended = await annexa(args, env).ended;
  if (!codes.includes(ended.code ?? -1))
    throw new Error(`annexa ${args.join(' ')} ended with ${ended.code}: ${ended.err}`);
  return ended;
}
