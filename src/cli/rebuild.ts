import { rebuildState } from '../engine/stores.ts';
import { build } from './build-info.ts';
import { configOption, parse } from './arguments.ts';
import type { Command } from './command.ts';
import { configDirectory, createLogger, now, readConfig } from './setup.ts';

export const rebuild: Command = {
  name: 'rebuild',
  usage: '[--config DIR] [--accept-lost-state]',
  summary: 'make the state and the inventory anew from the log; the agent must not be running',
  async run(args, io) {
    const { values } = parse(
      args,
      { ...configOption, 'accept-lost-state': { type: 'boolean' } },
      { atLeast: 0, atMost: 0 },
    );
    const config = await readConfig(configDirectory(values['config'], io), io);
    const entries = await rebuildState({
      config,
      logger: createLogger(config, io),
      now,
      env: io.env,
      build,
      notice: io.err,
      ...(values['accept-lost-state'] === true ? { lostState: 'accept' } : {}),
    });
    io.out(`rebuilt from ${entries} entries`);
    return 0;
  },
};
