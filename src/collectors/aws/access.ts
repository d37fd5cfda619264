import { NodeHttpHandler } from '@smithy/node-http-handler';
import { proxied } from '../../network/proxy.ts';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { Asking, Common } from './client.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import { type AccountKeys, accountKeys, ownKeys, stsOf } from './keys.ts';
import { openSession, type Session } from './session.ts';
import { rememberSilences } from './silence.ts';

/**
 * What all collections of a connected collector share: the credentials of each account, the connections, and which places answered nothing a
 * moment ago. Clients live as long as a collection.
 */
export interface Access extends Disposable {
  session(account: AwsAccount, region: string, asking: Asking): Promise<Session>;
}

/** Milliseconds within which a connection must stand; a region that is cut off is told by this. */
const CONNECT = 5000;

export function openAccess(config: AwsConfig, context: CollectorContext): Access {
  const handler = handlerOf(config);
  const common: Common = { config, handler, silences: rememberSilences(context.now) };
  const endpoint = () => endpointOf(config, context);
  const own = ownKeys(config, context, handler);
  const sts = stsOf(config, endpoint, common);
  const known = new Map<string, { readonly account: AwsAccount; readonly keys: AccountKeys }>();
  const keysOf = (account: AwsAccount): AccountKeys => {
    const before = known.get(account.id);
    if (before !== undefined && sameRole(before.account, account)) return before.keys;
    const keys = accountKeys(account, own, sts);
    known.set(account.id, { account, keys });
    return keys;
  };
  return {
    session: async (account, region, asking) =>
      openSession(
        { account: account.id, region, endpoint: await endpoint(), keys: keysOf(account) },
        common,
        asking,
      ),
    [Symbol.dispose]: () => handler.destroy(),
  };
}

function sameRole(a: AwsAccount, b: AwsAccount): boolean {
  return a.roleArn === b.roleArn && a.externalId === b.externalId;
}

function handlerOf({ requestTimeout }: AwsConfig): NodeHttpHandler {
  const milliseconds = requestTimeout * 1000;
  // How many calls are under way is limited by who makes them: those that hang must not keep others waiting for a connection.
  const agent = { keepAlive: true, maxSockets: Infinity, ...proxied() };
  return new NodeHttpHandler({
    connectionTimeout: Math.min(CONNECT, milliseconds),
    requestTimeout: milliseconds,
    socketTimeout: milliseconds,
    throwOnRequestTimeout: true,
    httpAgent: agent,
    httpsAgent: agent,
  });
}

async function endpointOf(config: AwsConfig, context: CollectorContext): Promise<string | undefined> {
  if (config.endpoint === undefined || typeof config.endpoint === 'string') return config.endpoint;
  const value = await context.secret(config.endpoint);
  if (!URL.canParse(value))
    throw new CollectorError(
      'configuration',
      `endpoint: expected a URL in the environment variable ${config.endpoint.env}`,
    );
  return value;
}
