import { checkManifest, queryOf } from '../controls/check.ts';
import { builtinChecks } from '../controls/builtin.ts';
import { formatCheckTests, testChecks } from '../controls/check-test.ts';
import { explainCheck } from '../controls/explain.ts';
import { createSandbox } from '../inventory/sandbox.ts';
import { configOption, parse } from './arguments.ts';
import { type Command, type ExitCode, type Io, UsageError } from './command.ts';
import { readConfig } from './setup.ts';

export const checkCommand: Command = {
  name: 'check',
  usage: 'test [NAME] | explain NAME  [--config DIR]',
  summary:
    'run the cases of checks and set to NULL what may be NULL; or say what a check asks, of what, and why',
  async run(args, io) {
    const { values, positionals } = parse(args, configOption, { atLeast: 1, atMost: 2 });
    const [action, name] = positionals;
    const all = await checksInForce(values['config'], io);
    const checks = name === undefined ? all : all.filter((check) => check.metadata.name === name);
    if (checks.length === 0)
      throw new UsageError(
        `there is no check ${name}; there are: ${all.map((check) => check.metadata.name).join(', ')}`,
      );
    if (action === 'test') return test(checks, io);
    if (action === 'explain' && name !== undefined) return explain(checks[0]!, io);
    throw new UsageError(
      action === 'explain' ? 'which check? give its name' : `expected test or explain, not ${action}`,
    );
  },
};

type Check = Awaited<ReturnType<typeof checksInForce>>[number];

/** Of a configuration when one is named, else the product's own. */
async function checksInForce(directory: unknown, io: Io) {
  const named = typeof directory === 'string' ? directory : io.env['ANNEXA_CONFIG'];
  if (named !== undefined && named !== '') return (await readConfig(named, io)).checks;
  return (await builtinChecks()).map((manifest) => checkManifest.parse(manifest));
}

async function test(checks: readonly Check[], io: Io): Promise<ExitCode> {
  const results = await testChecks(checks);
  io.out(formatCheckTests(results).trimEnd());
  return results.every(({ ok }) => ok) ? 0 : 1;
}

async function explain(check: Check, io: Io): Promise<ExitCode> {
  await using sandbox = createSandbox();
  io.out(explainCheck(check, await sandbox.compile(queryOf(check))).trimEnd());
  return 0;
}
