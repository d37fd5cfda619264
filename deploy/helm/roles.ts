import { stringify } from 'yaml';

/** Of RBAC: `*` stands for the rest of a path, at its end alone. */
interface PathRule {
  readonly nonResourceURLs: readonly string[];
  readonly verbs: readonly string[];
}

const reads = (...nonResourceURLs: readonly string[]): PathRule => ({
  nonResourceURLs,
  verbs: ['get', 'head'],
});
const writes = (...nonResourceURLs: readonly string[]): PathRule => ({ nonResourceURLs, verbs: ['post'] });

const status = [
  'controls',
  'checks',
  'deviations',
  'collectors',
  'runs',
  'exceptions',
  'attestations',
  'soa',
  'scope',
  'checkpoint',
];
const withParts = (name: string): readonly string[] => [`/api/v1/${name}`, `/api/v1/${name}/*`];
const viewer = [reads('/openapi.json', '/metrics', ...status.flatMap(withParts))];

/** What each role of the agent may, as callers of the cluster get it: by the paths of the API (docs/access.md). */
export const roles: Readonly<Record<string, readonly PathRule[]>> = {
  viewer,
  auditor: [...viewer, reads(...withParts('evidence'), ...withParts('bundles')), writes('/api/v1/bundles')],
  isms: [...viewer, writes('/api/v1/attestations')],
  operator: [...viewer, writes('/api/v1/collectors/*')],
  'metrics-reader': [reads('/metrics')],
};

/** For the chart: by role, the rules of a ClusterRole. */
export function rolesFile(): string {
  return stringify(roles, { aliasDuplicateObjects: false });
}
