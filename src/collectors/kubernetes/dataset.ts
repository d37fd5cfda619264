import type { InventoryRecord } from '../../inventory/kind.ts';
import type { DatasetSpec } from '../contract.ts';
import type { KubernetesConfig } from './config.ts';
import type { Session } from './session.ts';

/**
 * A dataset of Kubernetes. What is told of it is data, so that roles, manifests and documents can be made without the client; `load` brings
 * the code.
 *
 * Permissions are written `<verb> <group>/<resource>`, without the group for the core one, and with `/<name>` for a single object:
 * `list apps/deployments`, `list pods`, `get namespaces/kube-system`.
 */
export interface KubernetesDataset extends DatasetSpec {
  readonly load: () => Promise<(work: Work) => AsyncIterable<InventoryRecord>>;
}

/** One dataset of one cluster. */
export interface Work {
  readonly session: Session;
  readonly config: KubernetesConfig;
}

/** What every record of a cluster begins with. `native` is immutable, and like no other in the cluster, of whatever kind. */
export function common<const Kind extends string>(
  { config }: Pick<Work, 'config'>,
  kind: Kind,
  native: string,
) {
  return { id: `kubernetes:${config.cluster}:${native}`, kind, source: 'kubernetes', scope: config.cluster };
}

/** Who is asking, which every authenticated user may ask (`system:basic-user`). */
export const REVIEW = 'create authentication.k8s.io/selfsubjectreviews';
/** The namespace whose UID stands for the cluster. */
export const CLUSTER = 'get namespaces/kube-system';

/** What every collection calls, and what it needs for it. */
export const ALWAYS = { operations: [REVIEW, CLUSTER], permissions: [CLUSTER] } as const;

/** A resource of the API, with the kind that the API server names its objects by. */
export interface Resource {
  /** Empty: the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
}

export function operationOf({ group, resource }: Pick<Resource, 'group' | 'resource'>): string {
  return `list ${group === '' ? '' : `${group}/`}${resource}`;
}

export function pathOf({ group, version, resource }: Resource): string {
  return `${group === '' ? `/api/${version}` : `/apis/${group}/${version}`}/${resource}`;
}
