import pLimit from 'p-limit';
import { typed } from '../../inventory/typed.ts';
import type { CollectorContext, SecretRef } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { GithubConfig } from './config.ts';
import { createAppAuth, Octokit, retry, throttling } from './octokit.ts';

/** What all collections of a connected collector share: the pace, and the token of an app's installation. */
export interface Access {
  readonly octokit: Octokit;
  /** Who asks, as far as it is known without asking: an app and its installation. */
  readonly caller: string | undefined;
  /** The token as it is now. `mint` has GitHub make one for an app, by its JWT. */
  token(mint: (jwt: string) => Promise<Minted>): Promise<Token>;
}

export interface Token {
  readonly value: string;
  /** What an app's installation was granted. A token of a user doesn't say. */
  readonly granted: Readonly<Record<string, unknown>> | undefined;
}

export interface Minted extends Token {
  /** Unix seconds. */
  readonly expiresAt: number;
}

const API = 'https://api.github.com';
/** GitHub asks for requests to be made one after the other; two don't let one that hangs stop everything. */
const SIDE_BY_SIDE = 2;
/** Mutations must be a second apart, which the SDK takes for each POST: queries are none. */
const UNPACED = { key: () => ({ schedule: async (_: object, task: () => Promise<void>) => task() }) };
/** What is worth telling is told by failures. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export function openAccess(config: GithubConfig, context: CollectorContext): Access {
  const limit = pLimit(SIDE_BY_SIDE);
  const inTurn = {
    key: () => ({
      schedule: (_: object, task: (options: unknown) => Promise<unknown>, options: unknown) =>
        limit(() => task(options)),
    }),
  };
  const Plugged = Octokit.plugin(retry, throttling);
  const again = (seconds: number, _: unknown, __: unknown, retries: number): boolean =>
    seconds <= config.rateLimitWait && retries < config.maxAttempts - 1;
  const options = {
    baseUrl: baseOf(config),
    userAgent: 'annexa',
    log: SILENT,
    // Without one of its own, what sends the requests writes deprecations to the console.
    request: { log: SILENT },
    retry: {
      retries: config.maxAttempts - 1,
      retryAfterBaseValue: config.retryDelay * 1000,
      doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451],
    },
    throttle: {
      global: inTurn,
      auth: UNPACED,
      write: UNPACED,
      search: UNPACED,
      notifications: UNPACED,
      onRateLimit: again,
      onSecondaryRateLimit: again,
    },
  };
  const { auth } = config;
  return {
    octokit: new Plugged(typed<ConstructorParameters<typeof Plugged>[0]>(options)),
    caller: 'app' in auth ? `app ${auth.app.appId}, installation ${auth.app.installationId}` : undefined,
    token: 'app' in auth ? tokensOfApp(auth.app, context) : tokenOf(auth.token, context),
  };
}

export function baseOf({ baseUrl }: GithubConfig): string {
  return (baseUrl ?? API).replace(/\/+$/, '');
}

/** Enterprise Server has GraphQL beside its REST API, github.com below it. */
export function graphqlOf(config: GithubConfig): string {
  const base = baseOf(config);
  return base.endsWith('/api/v3') ? base.replace(/\/v3$/, '/graphql') : '/graphql';
}

export function isVendor(config: GithubConfig): boolean {
  return /^https:\/\/(api\.github\.com|api\.[a-z0-9-]+\.ghe\.com)$/.test(baseOf(config));
}

const tokenOf =
  (ref: SecretRef, context: CollectorContext): Access['token'] =>
  async () => ({ value: await context.secret(ref), granted: undefined });

/** Seconds before its end from which a token isn't used any more. */
const MARGIN = 300;

/** The token is kept until it expires, or the app's key is another. It isn't the SDK that keeps it, since that tells no servers apart. */
function tokensOfApp(
  { appId, privateKey }: Extract<GithubConfig['auth'], { app: unknown }>['app'],
  context: CollectorContext,
): Access['token'] {
  let known: { readonly key: string; readonly minted: Minted } | undefined;
  return async (mint) => {
    const key = await context.secret(privateKey);
    if (known?.key === key && known.minted.expiresAt > context.now() + MARGIN) return known.minted;
    const minted = await mint(await jwtOf(appId, key));
    known = { key, minted };
    return minted;
  };
}

async function jwtOf(appId: number, privateKey: string): Promise<string> {
  try {
    return (await createAppAuth({ appId, privateKey })({ type: 'app' })).token;
  } catch {
    // What was wrong with the key may be told with a part of it.
    throw new CollectorError('configuration', "auth.app.privateKey: expected the app's private key, as PEM");
  }
}
