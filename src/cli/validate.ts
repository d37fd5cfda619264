import { compileProblems } from '../engine/admit.ts';
import { createSandbox } from '../inventory/sandbox.ts';
import { parse } from './arguments.ts';
import type { Command } from './command.ts';
import { readConfig } from './setup.ts';

export const validate: Command = {
  name: 'validate',
  usage: 'DIR',
  summary: 'check every manifest of a directory and compile every check; all errors at once',
  async run(args, io) {
    const { positionals } = parse(args, {}, { atLeast: 1, atMost: 1 });
    const config = await readConfig(positionals[0]!, io);
    await using sandbox = createSandbox();
    const problems = await compileProblems(sandbox, config);
    for (const problem of problems) io.err(problem);
    if (problems.length > 0) return 2;
    const datasets = config.collectors.flatMap((collector) => collector.datasets).length;
    io.out(
      `${positionals[0]} is valid: ${config.collectors.length} collectors with ${datasets} datasets, ${config.checks.length} checks, ` +
        `${config.exceptions.length} exceptions, ${config.attestations.length} attestations`,
    );
    return 0;
  },
};
