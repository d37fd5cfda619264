import { z } from 'zod';
import type { BundleLink, Bundles } from '../../audit/jobs/contract.ts';
import type { AccessSpec, OidcSpec } from '../../engine/access-log.ts';
import { ServerError } from '../error.ts';
import type { ServerLogger } from '../errors.ts';
import { createBuckets } from './buckets.ts';
import type { Caller, DenialReason, Identified, Operation } from './contract.ts';
import { type Cluster, createCluster } from './kubernetes.ts';
import { apiServer, type Surroundings } from './kubernetes-api.ts';
import type { Provider } from './oidc.ts';
import { identifyToken, type KnownTokens, knownTokens, TOKEN_PREFIX } from './tokens.ts';

/** Of one caller, whoever it is. */
const CALLER = { perSecond: 50, burst: 500, keys: 10_000 };
/** Of one address whose tokens are not known yet, or not taken: a proxy may stand there, so who is known isn't counted. */
const STRANGER = { perSecond: 10, burst: 200, keys: 10_000 };

/** Seconds between two lines of the log about the same trouble. */
const QUIET = 60;

export interface GateOptions extends Surroundings {
  /** Unix seconds. */
  readonly now: () => number;
  readonly logger: ServerLogger;
  /** Absent: no link lets in. */
  readonly bundles?: Pick<Bundles, 'findLink'> | undefined;
}

export interface Asked {
  /** The header of that name. */
  readonly authorization: string | undefined;
  /** Address of the other end of the connection. */
  readonly remote: string;
  readonly operation: Operation;
  /** Shown in place of a token: a secret, and the bundle that it has to be of. */
  readonly link?: { readonly bundle: string; readonly secret: string } | undefined;
}

export type Admission = { readonly caller: Caller } | { readonly denied: DenialReason };

/** Says who is let in. */
export interface Gate {
  /** Nothing is configured: everybody who reaches the port is let in. */
  isOpen(): boolean;
  /** Undefined opens it. */
  use(spec: AccessSpec | undefined): void;
  admit(asked: Asked): Promise<Admission>;
  /** In force. */
  spec(): AccessSpec | undefined;
}

interface Methods {
  readonly spec: AccessSpec;
  readonly tokens: KnownTokens;
  readonly provider: (() => Promise<Provider>) | undefined;
  readonly cluster: Cluster | undefined;
}

/** `closed` until `use` is called: nobody is let in. */
export function createGate(start: 'open' | 'closed', options: GateOptions): Gate {
  const { now, logger } = options;
  const callers = createBuckets(CALLER, now);
  const strangers = createBuckets(STRANGER, now);
  let state: Methods | 'open' | 'closed' = start;
  let toldAt = -Infinity;

  const inForce = () => (typeof state === 'string' ? undefined : state.spec);

  /** Whoever holds it is a stranger. With a token as well, it isn't clear who asks. */
  function admitByLink(
    { bundle, secret }: NonNullable<Asked['link']>,
    authorization: string | undefined,
  ): Admission {
    const found = authorization === undefined ? options.bundles?.findLink(bundle, secret) : undefined;
    if (found === undefined) return { denied: 'link' };
    if (found.standing === 'open') return { caller: callerOf(found) };
    const { id, standing } = found;
    logger.warn(
      { event: 'link_refused', bundle, link: id, standing },
      'a link that has ended was used: somebody may have a copy',
    );
    return { denied: 'spent' };
  }

  async function admit({ authorization, remote, operation, link }: Asked): Promise<Admission> {
    if (typeof state === 'string') return { denied: 'unavailable' };
    const spend = () => strangers.take(remote);
    if (link !== undefined) return spend() ? admitByLink(link, authorization) : { denied: 'rate' };
    const token = bearer(authorization);
    const found = token === undefined ? 'missing' : await identify(token, state, now(), spend);
    if (typeof found === 'string') return { denied: found === 'rate' || spend() ? found : 'rate' };
    if (!callers.take(found.name)) return { denied: 'rate' };
    return (await found.may(operation)) ? { caller: found } : { denied: 'role' };
  }

  return {
    isOpen: () => state === 'open',
    use(spec) {
      // What is known of keys and callers outlives a change of something else.
      if (spec !== undefined && JSON.stringify(spec) === JSON.stringify(inForce())) return;
      state = spec === undefined ? 'open' : methodsOf(spec, options);
    },
    spec: inForce,
    async admit(asked) {
      try {
        return await admit(asked);
      } catch (error) {
        if (!(error instanceof ServerError && error.code === 'unavailable')) throw error;
        if (now() - toldAt >= QUIET) {
          toldAt = now();
          logger.error(
            { event: 'access_unavailable', detail: error.message },
            'who is asking can not be found out',
          );
        }
        return { denied: 'unavailable' };
      }
    },
  };
}

function callerOf({ id, for: whom }: BundleLink): Caller {
  const link = { id, for: whom };
  return { name: `link:${id}`, roles: [], may: () => Promise.resolve(true), link };
}

function methodsOf(spec: AccessSpec, options: GateOptions): Methods {
  const { oidc, kubernetes } = spec;
  return {
    spec,
    tokens: knownTokens(spec.tokens),
    provider: oidc && providerOf(oidc, options.now),
    cluster: kubernetes && createCluster(kubernetes, apiServer(kubernetes, options), options.now),
  };
}

/** Its library is loaded when the first token comes. */
function providerOf(spec: OidcSpec, now: () => number): () => Promise<Provider> {
  let provider: Promise<Provider> | undefined;
  return () => (provider ??= import('./oidc.ts').then(({ createProvider }) => createProvider(spec, now)));
}

/** RFC 6750, 2.1. */
function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '')?.[1];
}

/** Each token is judged by one method alone, that it is made for: what one refuses no other one sees. */
async function identify(
  token: string,
  { spec, tokens, provider, cluster }: Methods,
  now: number,
  spend: () => boolean,
): Promise<Identified> {
  if (token.startsWith(TOKEN_PREFIX)) return identifyToken(tokens, token, now);
  if (provider !== undefined && (cluster === undefined || issuerIn(token) === spec.oidc?.issuer))
    return (await provider()).identify(token);
  return cluster === undefined ? 'invalid' : cluster.identify(token, spend);
}

const issued = z.object({ iss: z.string() });

/** Not verified: it only says who verifies. */
function issuerIn(token: string): string | undefined {
  const [, payload = ''] = token.split('.');
  try {
    return issued.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data?.iss;
  } catch {
    return undefined;
  }
}
