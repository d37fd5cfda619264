import { z } from 'zod';
import type { InventoryRecord } from '../../inventory/kind.ts';
import type { NamespaceRecord } from '../../inventory/kinds/namespace.ts';
import { common, type Work } from './dataset.ts';
import { listAll, metadata } from './list.ts';
import { type NetworkPolicy, networkPolicies } from './network-policies.ts';
import { tagsOf, takesAll } from './selector.ts';

const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** Whether a namespace is one of those that Kubernetes makes for its own parts. */
export function isSystem(namespace: string): boolean {
  return SYSTEM.has(namespace);
}

const LABEL = 'pod-security.kubernetes.io';
const levels = z.enum(['privileged', 'baseline', 'restricted', 'none']).nullable().catch(null);

const object = z.object({ metadata });

export async function* collectNamespaces(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const resource = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' } as const;
  const namespaces = await listAll(work, resource, object, ({ metadata: { name, uid, labels } }) => ({
    name,
    uid,
    labels,
  }));
  const policies = await networkPolicies(work);
  for (const { name, uid, labels } of namespaces) {
    const own = policies.get(name) ?? [];
    const record: NamespaceRecord = {
      ...common(work, 'namespace', `namespace/${uid}`),
      name,
      system: isSystem(name),
      enforced_level: levelOf(labels, 'enforce'),
      enforced_version: labels[`${LABEL}/enforce-version`] ?? '',
      audited_level: levelOf(labels, 'audit'),
      warned_level: levelOf(labels, 'warn'),
      default_deny_ingress: isDenied(own, 'ingress', 'opensIngress'),
      default_deny_egress: isDenied(own, 'egress', 'opensEgress'),
      tags: tagsOf(labels),
    };
    yield record;
  }
}

function levelOf(labels: Readonly<Record<string, string>>, mode: string): NamespaceRecord['enforced_level'] {
  return levels.parse(labels[`${LABEL}/${mode}`] ?? 'none');
}

/** Policies only add to each other: one that lets everything in to every pod undoes one that denies. */
function isDenied(
  policies: readonly NetworkPolicy[],
  direction: 'ingress' | 'egress',
  opens: 'opensIngress' | 'opensEgress',
): boolean {
  const forAll = policies.filter((policy) => takesAll(policy.pods) && policy[direction]);
  return forAll.length > 0 && !forAll.some((policy) => policy[opens]);
}
