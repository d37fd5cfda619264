import { z } from 'zod';
import type { Work } from '../dataset.ts';
import { listAll, metadata } from '../list.ts';
import { type NetworkPolicy, networkPolicies } from '../network-policies.ts';

/** What a namespace adds to what its workloads say of themselves. */
export interface Surroundings {
  readonly policies: ReadonlyMap<string, readonly NetworkPolicy[]>;
  /** Service accounts that mount no token unless a pod asks for it, as `namespace/name`. */
  readonly withoutToken: ReadonlySet<string>;
  /** Namespaces that limit the memory of containers that set no limit. */
  readonly limited: ReadonlySet<string>;
}

const account = z.object({ metadata, automountServiceAccountToken: z.boolean().nullish() });
const range = z.object({
  metadata,
  spec: z.object({
    limits: z.array(z.object({ type: z.string(), default: z.record(z.string(), z.unknown()).nullish() })),
  }),
});

export async function surroundingsOf(work: Work): Promise<Surroundings> {
  const policies = await networkPolicies(work);
  const accounts = await listAll(
    work,
    { group: '', version: 'v1', resource: 'serviceaccounts', kind: 'ServiceAccount' },
    account,
    ({ metadata: { namespace, name }, automountServiceAccountToken }) =>
      automountServiceAccountToken === false ? `${namespace}/${name}` : undefined,
  );
  const ranges = await listAll(
    work,
    { group: '', version: 'v1', resource: 'limitranges', kind: 'LimitRange' },
    range,
    ({ metadata: { namespace }, spec: { limits } }) =>
      limits.some((limit) => limit.type === 'Container' && limit.default?.['memory'] !== undefined)
        ? namespace
        : undefined,
  );
  return { policies, withoutToken: new Set(accounts), limited: new Set(ranges) };
}
