import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/contract.ts';
import { configDigest } from '../config/digest.ts';
import { watchConfig } from '../config/watch.ts';
import { compileProblems } from '../engine/admit.ts';
import type { Sandbox } from '../inventory/query-contract.ts';
import { isLoopback, resolveListen } from '../server/loopback.ts';
import { type RunningServer, startServer } from '../server/server.ts';
import { openAgent, type Session } from './agent.ts';
import { keptBundles } from './bundles.ts';
import type { ExitCode, Io } from './command.ts';
import { loadOptions, now } from './setup.ts';
import { summary } from './summary.ts';

const IN_THE_CLEAR =
  'tokens and answers cross the network in the clear, unless something before the agent encrypts them';

export interface Served {
  readonly config: Config;
  readonly directory: string;
  readonly sandbox: Sandbox;
}

/** Runs the agent and its server until the stop is asked for. */
export async function serve({ config, directory, sandbox }: Served, io: Io): Promise<ExitCode> {
  const { access, tls, listen } = config.agent;
  // Before anything is opened or made.
  const { host } = await resolveListen(listen, access !== undefined);
  await using session = await openAgent(config, sandbox, io);
  const { agent, logger } = session;
  await using bundles = await keptBundles(session, config, io);
  const guard = {
    configured: access !== undefined,
    log: agent.access,
    now,
    directory: config.directory,
    env: io.env,
  };
  const server = await startServer({ view: agent.view, listen, logger, guard, tls, bundles });
  if (tls === undefined && !isLoopback(host)) logger.warn({ event: 'no_tls', listen }, IN_THE_CLEAR);
  io.out(`${config.agent.organisation}: Annexa ${agent.view.build.version} listens on ${server.url}`);
  await agent.load();
  // Sealed by now.
  server.useAccess(access);
  const watch = watchConfig(await watched(directory, config, { session, server }, io));
  agent.start();
  void agent
    .settled()
    .then(() => printSummary(session, server.url, config, io))
    .catch((error: unknown) => logger.error({ event: 'summary_failed', err: error }, 'no summary'));
  await stopAsked(io);
  io.err('stopping: what is being collected is given up or finished, then sealed');
  await watch[Symbol.asyncDispose]();
  const grace = config.agent.shutdownGrace;
  await Promise.race([
    Promise.all([stopped(agent, server.close(grace)), bundles[Symbol.asyncDispose]()]),
    delay(grace * 1000, undefined, { ref: false }).then(() =>
      logger.warn({ event: 'stop_deadline' }, 'stopped at the deadline'),
    ),
  ]);
  return 0;
}

async function stopped(agent: Session['agent'], answered: Promise<void>): Promise<void> {
  await Promise.all([answered, agent.close(answered)]);
}

async function printSummary({ agent }: Session, url: string, config: Config, io: Io): Promise<void> {
  if (io.stop.aborted) return;
  for (const line of await summary(agent.view)) io.out(line);
  io.out('');
  io.out(
    `Where to look: ${url}/api/v1/controls  ${url}/api/v1/deviations?state=open  ${url}/metrics  ${url}/openapi.json`,
  );
  io.out(`The evidence: npx annexa verify ${config.agent.data}/evidence`);
  io.out('It goes on collecting; Ctrl-C ends it.');
}

/** A reload is taken whole or not at all: a check that does not compile leaves the configuration in force. */
async function watched(
  directory: string,
  first: Config,
  { session: { agent, logger, stores }, server }: { session: Session; server: RunningServer },
  io: Io,
) {
  let options = await loadOptions(io);
  let inForce = first;
  const take = async (config: Config): Promise<void> => {
    const problems = await compileProblems(stores.sandbox, config);
    if (problems.length > 0) {
      logger.error(
        { event: 'reload_refused', problems },
        'the configuration in force stays: checks do not compile',
      );
      return;
    }
    const fixed = (['data', 'listen', 'tls', 'keys', 'sample', 'bundles'] as const).filter(
      (field) => JSON.stringify(config.agent[field]) !== JSON.stringify(inForce.agent[field]),
    );
    if (fixed.length > 0)
      logger.warn(
        { event: 'restart_needed', fields: fixed },
        'these fields of the Agent take effect at the next start',
      );
    await agent.reload(config);
    if (!server.useAccess(config.agent.access))
      logger.error(
        { event: 'access_kept' },
        'without access everybody on the network would be let in: what was in force stays',
      );
    inForce = config;
    logger.info(
      { event: 'reloaded', digest: configDigest(config.documents) },
      'the configuration was taken over',
    );
  };
  return {
    directory,
    options: () => (options = { ...options, now: now() }),
    onConfig: (config: Config) =>
      void take(config).catch((error: unknown) =>
        logger.error({ event: 'reload_failed', err: error }, 'the configuration in force stays'),
      ),
    onError: (error: Error) =>
      logger.error({ event: 'reload_refused', detail: error.message }, 'the configuration in force stays'),
  };
}

function stopAsked({ stop }: Io): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stop.aborted) resolve();
  stop.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
