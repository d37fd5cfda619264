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

const removes = (...nonResourceURLs: readonly string[]): PathRule => ({
  nonResourceURLs,
  verbs: ['delete'],
});

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
const API = '/annexa/api/v1';
const withParts = (name: string): readonly string[] => [`${API}/${name}`, `${API}/${name}/*`];
const viewer = [reads('/metrics', '/annexa/openapi.json', ...status.flatMap(withParts), `${API}/bundles`)];

/** What each role of the agent may, as callers of the cluster get it: by the paths that the agent has reviewed (docs/access.md). */
export const roles: Readonly<Record<string, readonly PathRule[]>> = {
  viewer,
  auditor: [
    ...viewer,
    reads(...withParts('evidence'), `${API}/bundles/*`),
    writes(`${API}/bundles`),
    removes(`${API}/bundles/*`),
  ],
  isms: [
    ...viewer,
    reads(`${API}/links`),
    writes(...withParts('attestations'), `${API}/links`),
    removes(`${API}/links/*`),
  ],
  operator: [...viewer, writes(`${API}/collectors/*`)],
  'metrics-reader': [reads('/metrics')],
};

/** For the chart: by role, the rules of a ClusterRole. */
export function rolesFile(): string {
  return stringify(roles, { aliasDuplicateObjects: false });
}
