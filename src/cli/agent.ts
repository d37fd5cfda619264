import type { Config } from '../config/contract.ts';
import { Agent } from '../engine/agent.ts';
import { compileProblems } from '../engine/admit.ts';
import { type Clock, createClock } from '../engine/clock.ts';
import { EngineError } from '../engine/error.ts';
import { openStores, type Stores } from '../engine/stores.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { build } from './build-info.ts';
import type { Io } from './command.ts';
import { createLogger, now, startSample } from './setup.ts';

export interface Session extends AsyncDisposable {
  readonly agent: Agent;
  readonly stores: Stores;
  readonly logger: ReturnType<typeof createLogger>;
  readonly clock: Clock;
}

/** The agent with its stores and, for a sample organisation, its estate; not yet opened. Nothing is collected before `agent.open()`. */
export async function openAgent(config: Config, sandbox: Sandbox, io: Io): Promise<Session> {
  const logger = createLogger(config, io);
  await using cleanup = new AsyncDisposableStack();
  const [estate, problems] = await Promise.all([startSample(config, io), compileProblems(sandbox, config)]);
  cleanup.use(estate);
  if (problems.length > 0) throw new EngineError('configuration', problems.join('\n'));
  const clock = createClock({ system: now, elapsed: () => performance.now() / 1000 });
  const stores = await openStores(
    { config, logger, now: () => clock.now(), env: io.env, build, notice: io.err },
    sandbox,
  );
  const agent = cleanup.use(
    new Agent({ config, stores, logger, clock, env: estate.env, build, random: Math.random }),
  );
  const owned = cleanup.move();
  return { agent, stores, logger, clock, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
