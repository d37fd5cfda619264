import { z } from 'zod';
import type { Cluster } from './kubernetes-server.ts';

/** Service accounts of the namespace `default` of a cluster. */
export interface Accounts {
  make(name: string): Promise<void>;
  /** For ten minutes, for the API server itself unless audiences are named. */
  token(name: string, audiences?: readonly string[]): Promise<string>;
  /** Gives it a ClusterRole of its own name. */
  grant(name: string, rules: readonly object[]): Promise<void>;
}

/** What the agent may do in the cluster whose callers it lets in. */
export const REVIEWS = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const GROUP = 'rbac.authorization.k8s.io';
const made = z.object({ status: z.object({ token: z.string() }) });

export function accountsOf(cluster: Pick<Cluster, 'call'>): Accounts {
  return {
    async make(name) {
      const metadata = { name, namespace: 'default' };
      await cluster.call('POST', ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    },
    async token(name, audiences) {
      const answer = await cluster.call('POST', `${ACCOUNTS}/${name}/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 600, ...(audiences && { audiences }) },
      });
      return made.parse(answer).status.token;
    },
    async grant(name, rules) {
      const common = { apiVersion: `${GROUP}/v1`, metadata: { name } };
      await cluster.call('POST', `/apis/${GROUP}/v1/clusterroles`, { ...common, kind: 'ClusterRole', rules });
      await cluster.call('POST', `/apis/${GROUP}/v1/clusterrolebindings`, {
        ...common,
        kind: 'ClusterRoleBinding',
        roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
      });
    },
  };
}
