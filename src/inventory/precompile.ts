import { kinds } from './kinds.ts';
import type { CheckQuery } from './query-contract.ts';
import { type CompiledByDigest, compileDigest } from './query/shipped.ts';
import { createSandbox, describeKinds } from './sandbox.ts';

/** What the build ships. Rejects when one of the queries does not compile. */
export async function precompile(queries: readonly CheckQuery[]): Promise<CompiledByDigest> {
  const digestOf = compileDigest(describeKinds(kinds));
  await using sandbox = createSandbox({ kinds, compiled: {} });
  const compiled: Record<string, CompiledByDigest[string]> = {};
  for (const query of queries) compiled[digestOf(query)] = await sandbox.compile(query);
  return compiled;
}
