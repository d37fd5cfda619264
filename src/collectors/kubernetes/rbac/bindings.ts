import { z } from 'zod';
import type { Resource } from '../dataset.ts';
import { listAll, metadata } from '../list.ts';
import type { Work } from '../dataset.ts';
import { type Power, powerOf, rule } from './rules.ts';
import { type Subject, subject } from './subjects.ts';

const GROUP = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;
const CLUSTER_ROLES: Resource = { ...GROUP, resource: 'clusterroles', kind: 'ClusterRole' };
const ROLES: Resource = { ...GROUP, resource: 'roles', kind: 'Role' };
const CLUSTER_BINDINGS: Resource = { ...GROUP, resource: 'clusterrolebindings', kind: 'ClusterRoleBinding' };
const BINDINGS: Resource = { ...GROUP, resource: 'rolebindings', kind: 'RoleBinding' };

const BOOTSTRAPPING = 'kubernetes.io/bootstrapping';

const role = z.object({
  metadata,
  rules: z
    .array(rule)
    .nullish()
    .transform((rules) => rules ?? []),
});
const binding = z.object({
  metadata,
  roleRef: z.object({ kind: z.enum(['ClusterRole', 'Role']), name: z.string().min(1) }),
  subjects: z
    .array(subject)
    .nullish()
    .transform((subjects) => subjects ?? []),
});

export interface Binding {
  readonly uid: string;
  readonly name: string;
  /** Empty: the whole cluster. */
  readonly namespace: string;
  readonly role: string;
  readonly roleScope: 'cluster' | 'namespace';
  readonly subjects: readonly Subject[];
  readonly bootstrapped: boolean;
}

export interface Role extends Power {
  readonly bootstrapped: boolean;
}

/** Where a role is found: by its namespace, which is empty for the cluster's, and its name. */
export function roleKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

export async function bindingsOf(work: Work): Promise<readonly Binding[]> {
  const reduce = ({ metadata, roleRef, subjects }: z.output<typeof binding>): Binding => ({
    uid: metadata.uid,
    name: metadata.name,
    namespace: metadata.namespace,
    role: roleRef.name,
    roleScope: roleRef.kind === 'ClusterRole' ? 'cluster' : 'namespace',
    subjects: subjects.map((one) =>
      one.kind === 'ServiceAccount' && one.namespace === '' ? { ...one, namespace: metadata.namespace } : one,
    ),
    bootstrapped: isBootstrapped(metadata.labels),
  });
  return [
    ...(await listAll(work, CLUSTER_BINDINGS, binding, reduce)),
    ...(await listAll(work, BINDINGS, binding, reduce)),
  ];
}

/** The rules of an aggregated role are those that the API server serves, which its controller brings together. */
export async function rolesOf(work: Work): Promise<ReadonlyMap<string, Role>> {
  const reduce = ({ metadata, rules }: z.output<typeof role>): readonly [string, Role] => [
    roleKey(metadata.namespace, metadata.name),
    { ...powerOf(rules), bootstrapped: isBootstrapped(metadata.labels) },
  ];
  return new Map([
    ...(await listAll(work, CLUSTER_ROLES, role, reduce)),
    ...(await listAll(work, ROLES, role, reduce)),
  ]);
}

function isBootstrapped(labels: Readonly<Record<string, string>>): boolean {
  return labels[BOOTSTRAPPING] === 'rbac-defaults';
}
