import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AccessLog, AccessRole } from '../../engine/access-log.ts';
import { masked } from '../masked.ts';
import { makeProblem, type Problem, sendProblem } from '../problem.ts';
import type { Caller, DenialReason, RouteAccess } from './contract.ts';
import type { Gate } from './gate.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** JSON may come with the request. */
    takesContent?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; null where nobody has to say. */
    caller: Caller | null;
    /** What was done, to be sealed; undefined: path and status say it. */
    what: string | undefined;
  }
}

export interface AccessHooks {
  readonly gate: Gate;
  readonly log: Pick<AccessLog, 'admits' | 'record'>;
  /** Unix seconds. */
  readonly now: () => number;
}

/** How many requests were denied since the start, by reason. */
export type Denials = Readonly<Record<DenialReason, number>>;

const answers: Readonly<Record<DenialReason, readonly [status: number, detail: string]>> = {
  missing: [401, 'this needs a bearer token, in the Authorization header'],
  invalid: [401, 'the bearer token is not one that is taken here'],
  expired: [401, 'the bearer token has expired'],
  role: [403, 'the caller may not do this'],
  rate: [429, 'too many requests'],
  unavailable: [503, 'who is asking can not be found out at the moment'],
  link: [401, 'this link opens nothing here'],
  spent: [410, 'this link has been used, was revoked or has expired: ask for another'],
  unsealed: [503, 'access to evidence can not be recorded at the moment, so none is given'],
};
/** Seconds. */
const RETRY_AFTER: Readonly<Partial<Record<DenialReason, string>>> = {
  rate: '1',
  unavailable: '5',
  unsealed: '60',
};

/** Texts of so many characters are sealed whole. */
const LONGEST = 2048;

/**
 * Lets in who may do what the route is for, and records what is to be sealed before it is sent. A route that doesn't say what it needs is
 * refused when it is added.
 */
export function addAccess(app: FastifyInstance, { gate, log, now }: AccessHooks): Denials {
  const denials: Record<DenialReason, number> = {
    missing: 0,
    invalid: 0,
    expired: 0,
    role: 0,
    rate: 0,
    unavailable: 0,
    link: 0,
    spent: 0,
    unsealed: 0,
  };
  app.decorateRequest('caller', null);
  app.decorateRequest('what', undefined);
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.access === undefined)
      throw new Error(`${String(method)} ${url} doesn't say which role it needs`);
  });

  const deny = (reply: FastifyReply, reason: DenialReason, role: AccessRole): FastifyReply => {
    denials[reason] += 1;
    const retryAfter = RETRY_AFTER[reason];
    if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
    const challenge = challengeOf(reason);
    if (challenge !== undefined) void reply.header('www-authenticate', challenge);
    return sendProblem(reply, problemOf(reason, role));
  };

  app.addHook('onRequest', async (request, reply) => {
    const access = request.routeOptions.config.access;
    if (gate.isOpen() || access?.role === 'open') return undefined;
    if (access === undefined) return deny(reply, 'role', 'operator');
    const { role, sealed } = access;
    const admission = await gate.admit({
      link: access.link === true ? linkIn(request) : undefined,
      authorization: request.headers.authorization,
      remote: request.ip,
      operation: { role, verb: request.method.toLowerCase(), path: pathOf(request) },
    });
    if ('denied' in admission) return deny(reply, admission.denied, role);
    if (sealed && !log.admits()) return deny(reply, 'unsealed', role);
    request.caller = admission.caller;
    return undefined;
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    const { caller, routeOptions } = request;
    if (caller !== null && routeOptions.config.access?.sealed === true) {
      log.record({
        at: Math.floor(now()),
        who: caller.name,
        roles: caller.roles,
        operation: `${request.method} ${routeOptions.url}`,
        subject: subjectOf(request, reply.statusCode),
        ...(request.what === undefined ? {} : { what: cut(request.what) }),
        status: reply.statusCode,
        bytes: typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : null,
      });
    }
    done(null, payload);
  });
  return denials;
}

function problemOf(reason: DenialReason, role: AccessRole): Problem {
  const [status, detail] = answers[reason];
  return makeProblem(status, reason === 'role' ? `${detail}: it needs the role ${role}` : detail);
}

/** RFC 6750, 3. */
function challengeOf(reason: DenialReason): string | undefined {
  if (reason === 'missing' || reason === 'link') return 'Bearer realm="annexa"';
  if (reason === 'invalid' || reason === 'expired') return 'Bearer realm="annexa", error="invalid_token"';
  return reason === 'role' ? 'Bearer realm="annexa", error="insufficient_scope"' : undefined;
}

const params = z.record(z.string(), z.string());

/** The path in its one spelling: what the cluster is asked about is what the router found, however it was escaped. */
function pathOf({ routeOptions, params: given }: FastifyRequest): string {
  const { url = '' } = routeOptions;
  if (!url.includes(':')) return url;
  const values = params.safeParse(given).data ?? {};
  return url.replaceAll(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(values[name] ?? ''));
}

/** What was refused as it was sent may hold anything, a secret too: then only the route is told. */
function subjectOf(request: FastifyRequest, status: number): string {
  if (status === 400) return request.routeOptions.url ?? '';
  const query = request.url.indexOf('?');
  const whole = pathOf(request) + (query < 0 ? '' : request.url.slice(query));
  return cut(masked(whole));
}

const query = z.looseObject({ link: z.unknown() });

/** The only thing that lets in from a query (docs/adr/0037). Beside another parameter, or twice, it opens nothing. */
function linkIn(request: FastifyRequest): { readonly bundle: string; readonly secret: string } | undefined {
  const given = query.safeParse(request.query).data;
  if (given === undefined || !('link' in given)) return undefined;
  const isAlone = Object.keys(given).length === 1 && typeof given.link === 'string';
  return {
    bundle: params.safeParse(request.params).data?.['id'] ?? '',
    secret: isAlone ? String(given.link) : '',
  };
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
