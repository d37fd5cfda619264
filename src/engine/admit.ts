import type { Config } from '../config/contract.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { queryOf } from '../controls/check.ts';

/** What keeps checks from being compiled, a line each, naming file, check and place; none when all of them compile. */
export async function compileProblems(sandbox: Sandbox, config: Config): Promise<readonly string[]> {
  const files = new Map(config.documents.map(({ id, file }) => [id, file]));
  const problems: string[] = [];
  for (const check of config.checks) {
    try {
      await sandbox.compile(queryOf(check));
    } catch (error) {
      const file = files.get(`Check/${check.metadata.name}`) ?? 'builtin';
      problems.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return problems;
}
