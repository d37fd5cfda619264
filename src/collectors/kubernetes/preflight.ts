import { z } from 'zod';
import type { CollectorContext, PermissionReport } from '../contract.ts';
import { read } from '../read.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { openAccess } from './access.ts';
import type { KubernetesConfig } from './config.ts';
import { datasets as every } from './datasets.ts';
import { failure } from './failure.ts';
import { ruleOf, ruleText } from './permissions.ts';
import { introduce, openSession, type Session } from './session.ts';

type Line = PermissionReport['permissions'][number];
type Finding = Pick<Line, 'held' | 'detail'>;

/** Asked of the API server itself; `system:basic-user` lets everybody ask about themselves. */
const REVIEW = 'create authorization.k8s.io/selfsubjectaccessreviews';
const answer = z.object({
  kind: z.literal('SelfSubjectAccessReview'),
  status: z.object({ allowed: z.boolean(), evaluationError: z.string().optional() }),
});

/** A question is answered within a few seconds, or not at all. */
const TIMEOUT = 5;
const ATTEMPTS = 2;

/** Each permission of each dataset, as the API server's own authorisation tells it. Changes nothing. */
export async function preflight(
  configured: KubernetesConfig,
  context: CollectorContext,
  signal: AbortSignal,
  names: readonly string[] = every.map(({ name }) => name),
): Promise<PermissionReport> {
  const config: KubernetesConfig = {
    ...configured,
    requestTimeout: Math.min(configured.requestTimeout, TIMEOUT),
    maxAttempts: Math.min(configured.maxAttempts, ATTEMPTS),
  };
  const chosen = every.filter(({ name }) => names.includes(name));
  const findings = new Map<string, Finding>();
  let caller = '';
  let otherwise = '';
  try {
    using access = await openAccess(config, context);
    const provenance = { ...UNRECORDED, setCaller: (name: string) => void (caller = name) };
    const session = openSession({ access, config, context, provenance, signal });
    for (const permission of new Set(chosen.flatMap(({ permissions }) => permissions)))
      findings.set(permission, await examine(session, permission));
    await introduce(session);
  } catch (error) {
    otherwise = failure('preflight', error, signal).message;
  }
  const permissions = chosen.flatMap(({ name: dataset, permissions }) =>
    permissions.map((permission): Line => {
      const found = findings.get(permission) ?? { held: 'unknown', detail: otherwise };
      return { dataset, permission, scope: config.cluster, ...found };
    }),
  );
  return { caller, permissions };
}

async function examine(session: Session, permission: string): Promise<Finding> {
  const { apiGroups, resources, resourceNames, verbs } = ruleOf(permission);
  const attributes = {
    group: apiGroups[0],
    resource: resources[0],
    verb: verbs[0],
    ...(resourceNames === undefined ? {} : { name: resourceNames[0] }),
  };
  const told = await session.post(REVIEW, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: attributes },
  });
  const { allowed, evaluationError } = read(REVIEW, permission, answer, told).status;
  if (allowed) return { held: true };
  if (evaluationError !== undefined)
    return { held: 'unknown', detail: 'the API server could not decide: see the roles bound to the caller' };
  return { held: false, detail: `not allowed; add the rule ${ruleText(permission)}` };
}
