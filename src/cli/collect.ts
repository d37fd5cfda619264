import { createSandbox } from '../inventory/sandbox.ts';
import { openAgent } from './agent.ts';
import { configOption, jsonOption, parse } from './arguments.ts';
import type { Command, ExitCode } from './command.ts';
import { configDirectory, readConfig } from './setup.ts';
import { summary } from './summary.ts';

export const collect: Command = {
  name: 'collect',
  usage: '[--config DIR] [--strict] [--json]',
  summary:
    'collect every dataset once, seal, assess, and exit; --strict: 1 unless every control that a check answers is effective',
  async run(args, io) {
    const { values } = parse(
      args,
      { ...configOption, ...jsonOption, strict: { type: 'boolean' } },
      { atLeast: 0, atMost: 0 },
    );
    const config = await readConfig(configDirectory(values['config'], io), io);
    await using sandbox = createSandbox();
    await using session = await openAgent(config, sandbox, io);
    const { agent } = session;
    const stop = () => void agent[Symbol.asyncDispose]();
    io.stop.addEventListener('abort', stop, { once: true });
    await agent.open();
    const results = await agent.collectOnce();
    const failed = results.flatMap((run) => run.results).filter(({ failure }) => failure !== null);
    if (values['json'] === true) io.out(JSON.stringify(await agent.view.controls({ limit: 1000 })));
    else for (const line of await summary(agent.view)) io.out(line);
    for (const { dataset, scope, failure } of failed)
      io.err(`not collected: ${dataset} ${scope}: ${failure?.code}: ${failure?.detail}`);
    if (failed.length > 0) return 3;
    return values['strict'] === true ? strictAnswer(await worstOf(agent.view)) : 0;
  },
};

function strictAnswer(statuses: readonly string[]): ExitCode {
  return statuses.every((status) => status === 'effective' || status === 'not_applicable') ? 0 : 1;
}

/** The statuses of the aspects that checks answer. */
async function worstOf(
  view: Awaited<ReturnType<typeof openAgent>>['agent']['view'],
): Promise<readonly string[]> {
  const { items } = await view.checks({ limit: 1000 });
  const controls = new Set(
    items.flatMap((check) => check.aspects.map((aspect) => aspect.split('/')[0] ?? aspect)),
  );
  const details = await Promise.all([...controls].map((id) => view.control(id)));
  return details
    .flatMap((detail) => detail?.aspects ?? [])
    .filter((aspect) => aspect.checks.length > 0)
    .map((aspect) => aspect.status);
}
