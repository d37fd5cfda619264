import type { Config } from '../config/contract.ts';
import { failureCause } from '../engine/retry-policy.ts';
import type { AccessSpec, KubernetesAccessSpec, OidcSpec, TlsSpec } from '../engine/access-log.ts';
import { apiServer, type Surroundings } from '../server/access/kubernetes-api.ts';
import { readKeyPair } from '../server/tls.ts';
import type { Finding } from './finding.ts';
import { when } from './output.ts';

/** Seconds before its end at which another token, or another certificate, is asked for. */
const TOKEN_MARGIN = 30 * 86_400;
const CERTIFICATE_MARGIN = 14 * 86_400;

/** Whether callers can show who they are, and be told from others. Asks provider and cluster; changes nothing. `now` in Unix seconds. */
export async function examineAccess(
  {
    agent: { access, tls },
    directory,
  }: Pick<Config, 'directory'> & {
    readonly agent: { readonly access?: AccessSpec | undefined; readonly tls?: TlsSpec | undefined };
  },
  env: Surroundings['env'],
  now: number,
): Promise<readonly Finding[]> {
  const { tokens = [], oidc, kubernetes } = access ?? {};
  return [
    ...tokens.map(({ name, expires }) =>
      expiry(
        `token ${name}`,
        expires,
        now,
        TOKEN_MARGIN,
        'make another (annexa token), and take this one away',
      ),
    ),
    ...(oidc === undefined ? [] : [await examineProvider(oidc)]),
    ...(kubernetes === undefined ? [] : await examineCluster(kubernetes, { directory, env })),
    ...(tls === undefined ? [] : [await examineTls(tls, now)]),
  ];
}

function expiry(subject: string, expires: number, now: number, margin: number, remedy: string): Finding {
  if (expires <= now) return { subject, state: 'missing', detail: `expired on ${when(expires)}: ${remedy}` };
  return expires - now < margin
    ? { subject, state: 'missing', detail: `expires on ${when(expires)}: ${remedy}` }
    : { subject, state: 'ok', detail: `valid until ${when(expires)}` };
}

async function examineProvider({ issuer }: OidcSpec): Promise<Finding> {
  const subject = `provider ${issuer}`;
  try {
    const { publishedKeys } = await import('../server/access/oidc.ts');
    const keys = await publishedKeys(issuer);
    return keys === 0
      ? { subject, state: 'failed', detail: 'it publishes no key to verify tokens with' }
      : { subject, state: 'ok', detail: `describes itself as this issuer, with ${keys} keys` };
  } catch (error) {
    return { subject, state: 'failed', detail: failureCause(error).detail };
  }
}

const REVIEWS = [
  {
    group: 'authentication.k8s.io',
    kind: 'TokenReview',
    resource: 'tokenreviews',
    spec: { token: 'asked-by-annexa-doctor' },
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SubjectAccessReview',
    resource: 'subjectaccessreviews',
    spec: { user: 'annexa-doctor', nonResourceAttributes: { path: '/metrics', verb: 'get' } },
  },
] as const;

/** Reviews are answered, and nothing of them is kept. */
async function examineCluster(spec: KubernetesAccessSpec, around: Surroundings): Promise<readonly Finding[]> {
  const server = apiServer(spec, around);
  return Promise.all(
    REVIEWS.map(async ({ group, kind, resource, spec: asked }): Promise<Finding> => {
      const subject = `cluster of callers, create ${group}/${resource}`;
      const apiVersion = `${group}/v1`;
      try {
        await server.create(`/apis/${apiVersion}/${resource}`, { apiVersion, kind, spec: asked });
        return { subject, state: 'ok', detail: '' };
      } catch (error) {
        const { detail } = failureCause(error);
        const isDenied = detail.endsWith('answered 403');
        return isDenied
          ? { subject, state: 'missing', detail: `${detail}: grant it by a ClusterRole (docs/access.md)` }
          : { subject, state: 'failed', detail };
      }
    }),
  );
}

async function examineTls(tls: TlsSpec, now: number): Promise<Finding> {
  const subject = `certificate ${tls.certificate}`;
  try {
    const { expires } = await readKeyPair(tls);
    const found = expiry(subject, expires, now, CERTIFICATE_MARGIN, 'put another pair in its place');
    return expires <= now ? { ...found, state: 'failed' } : found;
  } catch (error) {
    return { subject, state: 'failed', detail: failureCause(error).detail };
  }
}
