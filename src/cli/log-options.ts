import { type LoggerOptions, stdTimeFunctions } from 'pino';
import type { Config } from '../config/contract.ts';
import type { Io } from './command.ts';

/** Shorter values are too likely to stand in a line by chance. */
const SHORTEST_SECRET = 8;

const TELLING_NAME = /token|secret|passw|credential|(?:^|_)key(?:$|_)/i;

/** Of a configuration: what its logger depends on. */
export interface Logged {
  readonly agent: Pick<Config['agent'], 'logLevel'>;
  readonly documents: Config['documents'];
}

/** How a line is written: what is told of an error is chosen, and no known secret leaves. */
export function logOptions(config: Logged, env: Io['env']): LoggerOptions {
  const secrets = secretValues(config, env);
  return {
    level: config.agent.logLevel,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => told(error) },
    hooks: { streamWrite: (line) => masked(line, secrets) },
  };
}

/** Errors of libraries carry requests and answers, with their headers: of all that only what says what went wrong. */
function told(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined || depth > 3 ? {} : { cause: told(error.cause, depth + 1) };
  return { type: error.name, ...code, message: error.message, stack: error.stack, ...cause };
}

/** Values of the environment that the configuration names, or whose names tell, as JSON text writes them. */
function secretValues({ documents }: Pick<Logged, 'documents'>, env: Io['env']): readonly string[] {
  const named = new Set(documents.flatMap(({ manifest }) => namesIn(manifest)));
  return Object.entries(env)
    .filter(([name]) => named.has(name) || TELLING_NAME.test(name))
    .flatMap(([, value]) => (value === undefined || value.length < SHORTEST_SECRET ? [] : [value]))
    .sort((one, other) => other.length - one.length)
    .map((value) => JSON.stringify(value).slice(1, -1));
}

/** The NAMEs of all `{ env: NAME }`. */
function namesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('env' in value && typeof value.env === 'string') return [value.env];
  return Object.values(value).flatMap(namesIn);
}

function masked(line: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
}
