import { createSandbox } from '../inventory/sandbox.ts';
import { configOption, parse } from './arguments.ts';
import type { Command } from './command.ts';
import { configDirectory, readConfig } from './setup.ts';

export const run: Command = {
  name: 'run',
  usage: '[--config DIR]',
  summary: 'the agent: collect by schedule, seal, assess and serve until it is asked to end',
  async run(args, io) {
    const { values } = parse(args, configOption, { atLeast: 0, atMost: 0 });
    const directory = configDirectory(values['config'], io);
    await using sandbox = createSandbox();
    // While the rest is loaded and read, so that checks compile at once afterwards.
    sandbox.warm();
    const [config, { serve }] = await Promise.all([readConfig(directory, io), import('./serve.ts')]);
    return await serve({ config, directory, sandbox }, io);
  },
};
