import { z } from 'zod';
import type { KubernetesAccessSpec } from '../../engine/access-log.ts';
import { ServerError } from '../error.ts';
import { createCache } from './cache.ts';
import { type Caller, type Identified, isCallerName } from './contract.ts';
import type { ApiServer } from './kubernetes-api.ts';
import { digestOf } from './tokens.ts';

// As controller-runtime guards metrics (pkg/metrics/filters): TokenReview, then SubjectAccessReview of the path.

/**
 * What the cluster is asked about. Every cluster lets whoever is known there `get` `/api/*`, `/openapi/*` and more (system:discovery), since
 * these are the API server's own: ours stand below `/annexa`. `/metrics` is what scrapers have rules for.
 */
function reviewedPath(path: string): string {
  return path === '/metrics' ? path : `/annexa${path}`;
}

/** Seconds that answers count. */
const REVIEWED = 60;
const ALLOWED = 300;
const DENIED = 30;
/** Answers remembered of each kind. */
const REMEMBERED = 4096;

/** Of a token that is refused the API server tells an empty one. */
const user = z.object({
  username: z.string().default(''),
  uid: z.string().optional(),
  groups: z.array(z.string()).optional(),
  extra: z.record(z.string(), z.array(z.string())).optional(),
});
const tokenReview = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: user.optional(),
    audiences: z.array(z.string()).default([]),
  }),
});
const accessReview = z.object({ status: z.object({ allowed: z.boolean(), denied: z.boolean().optional() }) });

export interface Cluster {
  /** `spend` is asked before a token that isn't known yet is reviewed. Rejects with ServerError `unavailable`. */
  identify(token: string, spend: () => boolean): Promise<Identified>;
}

/** Reviews callers by the cluster's own authentication and authorisation. `now` in Unix seconds. */
export function createCluster(
  { audiences }: KubernetesAccessSpec,
  server: ApiServer,
  now: () => number,
): Cluster {
  const reviews = createCache<Identified>(REMEMBERED, now);
  const rights = createCache<boolean>(REMEMBERED, now);

  async function ask<T>(path: string, schema: z.ZodType<T>, body: object): Promise<T> {
    try {
      return schema.parse(await server.create(path, body));
    } catch (error) {
      throw new ServerError('unavailable', `the cluster can't be asked: ${String(error)}`, { cause: error });
    }
  }

  async function review(token: string, key: string): Promise<Identified> {
    const { status } = await ask('/apis/authentication.k8s.io/v1/tokenreviews', tokenReview, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audiences === undefined ? {} : { audiences }) },
    });
    if (!status.authenticated || status.user === undefined) return 'invalid';
    // A server that knows nothing of audiences takes a token that is meant for anybody.
    if (audiences !== undefined && !audiences.some((one) => status.audiences.includes(one))) return 'invalid';
    return isCallerName(status.user.username) ? callerOf(status.user, key) : 'invalid';
  }

  function callerOf({ username, ...rest }: z.infer<typeof user>, key: string): Caller {
    return {
      name: `kubernetes:${username}`,
      roles: [],
      may: ({ verb, path }) =>
        rights.get(
          `${key} ${verb} ${path}`,
          () =>
            isAllowed({
              user: username,
              ...rest,
              nonResourceAttributes: { path: reviewedPath(path), verb },
            }),
          (allowed) => (allowed ? ALLOWED : DENIED),
        ),
    };
  }

  async function isAllowed(spec: object): Promise<boolean> {
    const { status } = await ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', accessReview, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec,
    });
    return status.allowed && status.denied !== true;
  }

  return {
    identify(token, spend) {
      const key = digestOf(token);
      return reviews.get(
        key,
        async () => (spend() ? review(token, key) : 'rate'),
        (answer) => (answer === 'rate' ? 0 : REVIEWED),
      );
    },
  };
}
