import { pino, destination, type Logger } from 'pino';
import { plugins } from '../collectors/registry.ts';
import type { Config } from '../config/contract.ts';
import { loadConfig, type LoadOptions } from '../config/load.ts';
import { builtinChecks } from '../controls/builtin.ts';
import { type Io, UsageError } from './command.ts';
import { logOptions, type Logged } from './log-options.ts';

/** Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** The directory named on the command line, else ANNEXA_CONFIG. */
export function configDirectory(option: unknown, io: Io): string {
  const directory = typeof option === 'string' ? option : io.env['ANNEXA_CONFIG'];
  if (directory === undefined || directory === '') {
    throw new UsageError(
      'no configuration: give --config DIR, or set ANNEXA_CONFIG to the directory of the manifests',
    );
  }
  return directory;
}

export async function loadOptions(io: Io): Promise<LoadOptions> {
  return { env: io.env, plugins: [...plugins.values()], builtinChecks: await builtinChecks(), now: now() };
}

export async function readConfig(directory: string, io: Io): Promise<Config> {
  return loadConfig(directory, await loadOptions(io));
}

/** JSON lines on standard error: standard output is for what was asked. */
export function createLogger(config: Logged, io: Pick<Io, 'env'>): Logger {
  const out = destination(2);
  // Where it leads may be full: that must not end the agent.
  out.on('error', () => {});
  return pino(logOptions(config, io.env), out);
}

/** The environment that collectors see: with a sample organisation, its estate runs on a free loopback port and is named there. */
export interface Estate extends AsyncDisposable {
  readonly env: Io['env'];
}

export async function startSample(config: Config, io: Io): Promise<Estate> {
  if (config.agent.sample === undefined)
    return { env: io.env, [Symbol.asyncDispose]: () => Promise.resolve() };
  const { startEstate } = await import('../sample/estate.ts');
  const estate = await startEstate(config.agent.sample.estate, { now: Date.now() });
  return {
    env: {
      ...io.env,
      ANNEXA_SAMPLE_ESTATE: estate.url,
      ANNEXA_SAMPLE_HR: `${estate.url}/hr/people.csv`,
      ANNEXA_SAMPLE_ACCESS_KEY_ID: 'sample',
      ANNEXA_SAMPLE_SECRET_ACCESS_KEY: 'sample',
    },
    [Symbol.asyncDispose]: () => estate.close(),
  };
}
