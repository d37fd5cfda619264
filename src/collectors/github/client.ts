import pLimit from 'p-limit';
import { typed } from '../../inventory/typed.ts';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { GithubConfig } from './config.ts';
import { createAppAuth, Octokit, retry, throttling } from './octokit.ts';

/** What all collections of a connected collector share: the pace, and the tokens of an app's installation. */
export interface Access {
  /** A client with its credentials as they are now; `meter` is the fetch of what asks for a token, `signal` ends it. */
  client(meter: typeof fetch, signal: AbortSignal): Promise<Client>;
}

export interface Client {
  readonly octokit: Octokit;
  /** Who asks, as far as it is known without asking: an app and its installation. */
  readonly caller: string | undefined;
  /** What an app's installation was granted, once it has asked for anything. A token doesn't say. */
  granted(): Promise<Readonly<Record<string, unknown>> | undefined>;
}

const API = 'https://api.github.com';
/** GitHub asks for requests to be made one after the other; two don't let one that hangs stop everything. */
const SIDE_BY_SIDE = 2;
/** Mutations must be a second apart, which the SDK takes for each POST: queries are none. */
const UNPACED = { key: () => ({ schedule: async (_: object, task: () => Promise<void>) => task() }) };

export function openAccess(config: GithubConfig, context: CollectorContext): Access {
  const limit = pLimit(SIDE_BY_SIDE);
  const inTurn = {
    key: () => ({
      schedule: (_: object, task: (options: unknown) => Promise<unknown>, options: unknown) =>
        limit(() => task(options)),
    }),
  };
  const authOf = rememberAuth(config, context);
  const Plugged = Octokit.plugin(retry, throttling);
  const again = (seconds: number, _: unknown, __: unknown, retries: number): boolean =>
    seconds <= config.rateLimitWait && retries < config.maxAttempts - 1;
  return {
    client: async (meter, signal) => {
      const { auth, caller, granted } = await authOf();
      const options = {
        ...auth,
        baseUrl: baseOf(config),
        userAgent: 'annexa',
        log: { debug() {}, info() {}, warn() {}, error() {} },
        request: { fetch: meter, signal },
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
      return {
        octokit: new Plugged(typed<ConstructorParameters<typeof Plugged>[0]>(options)),
        caller,
        granted,
      };
    },
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

interface Auth extends Omit<Client, 'octokit'> {
  readonly auth: object;
}

/** An app's tokens are kept until they expire, or its key is another. */
function rememberAuth(config: GithubConfig, context: CollectorContext): () => Promise<Auth> {
  const { auth } = config;
  if ('token' in auth)
    return async () => ({
      auth: { auth: await context.secret(auth.token) },
      caller: undefined,
      granted: async () => undefined,
    });
  const { appId, installationId } = auth.app;
  let known: { readonly key: string; readonly auth: Auth } | undefined;
  return async () => {
    const key = await context.secret(auth.app.privateKey);
    if (known?.key !== key) known = { key, auth: ofApp(appId, installationId, key) };
    return known.auth;
  };
}

function ofApp(appId: number, installationId: number, privateKey: string): Auth {
  if (!privateKey.includes('PRIVATE KEY-----'))
    throw new CollectorError('configuration', "auth.app.privateKey: expected the app's private key, as PEM");
  const strategy = createAppAuth({ appId, installationId, privateKey });
  return {
    auth: { authStrategy: () => strategy },
    caller: `app ${appId}, installation ${installationId}`,
    granted: async () => (await strategy({ type: 'installation' })).permissions,
  };
}
