import type { GithubDataset } from './dataset.ts';
import { ALWAYS } from './dataset.ts';

const MEMBERS = 'Organization permissions: Members (read)';
const ADMINISTRATION = 'Repository permissions: Administration (read)';
const METADATA = 'Repository permissions: Metadata (read)';

/** Every dataset of GitHub. */
export const datasets: readonly GithubDataset[] = [
  {
    name: 'members',
    kinds: ['identity', 'role_grant'],
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'graphql:organization.membersWithRole',
      'graphql:organization.samlIdentityProvider.externalIdentities',
      'GET /orgs/{org}/outside_collaborators',
    ],
    permissions: [MEMBERS],
    app: { members: 'read' },
    minRecords: 1,
    maxShrink: 0.3,
    load: async () => (await import('./members/members.ts')).members,
  },
  {
    name: 'repositories',
    kinds: ['repository', 'branch', 'scan_coverage'],
    cadence: 'every 4h',
    operations: [
      ...ALWAYS,
      'graphql:organization.repositories',
      'graphql:nodes.RepositoryRuleset',
      'GET /orgs/{org}/repos',
    ],
    permissions: [METADATA, ADMINISTRATION, 'Repository permissions: Dependabot alerts (read)'],
    app: { metadata: 'read', administration: 'read', vulnerability_alerts: 'read' },
    maxShrink: 0.3,
    load: async () => (await import('./repositories/repositories.ts')).repositories,
  },
  {
    name: 'repository-access',
    kinds: ['repository_grant'],
    cadence: 'every 12h',
    operations: [
      ...ALWAYS,
      'graphql:organization.repositories.collaborators',
      'graphql:repository.collaborators',
      'graphql:organization.teams',
      'graphql:organization.team.repositories',
      'GET /orgs/{org}',
    ],
    permissions: [METADATA, MEMBERS, ADMINISTRATION, 'Organization permissions: Administration (read)'],
    app: {
      metadata: 'read',
      members: 'read',
      administration: 'read',
      organization_administration: 'read',
    },
    maxShrink: 0.5,
    minRecords: 0,
    load: async () => (await import('./access/access.ts')).access,
  },
  {
    name: 'dependabot-alerts',
    kinds: ['vulnerability'],
    cadence: 'every 12h',
    operations: [...ALWAYS, 'GET /orgs/{org}/dependabot/alerts'],
    permissions: ['Repository permissions: Dependabot alerts (read)'],
    app: { vulnerability_alerts: 'read' },
    minRecords: 0,
    load: async () => (await import('./alerts/dependabot.ts')).dependabot,
  },
  {
    name: 'code-scanning-alerts',
    kinds: ['vulnerability'],
    cadence: 'every 12h',
    operations: [...ALWAYS, 'GET /orgs/{org}/code-scanning/alerts'],
    permissions: ['Repository permissions: Code scanning alerts (read)'],
    app: { security_events: 'read' },
    minRecords: 0,
    load: async () => (await import('./alerts/code-scanning.ts')).codeScanning,
  },
  {
    name: 'secret-scanning-alerts',
    kinds: ['leaked_secret'],
    cadence: 'every 4h',
    operations: [...ALWAYS, 'GET /orgs/{org}/secret-scanning/alerts'],
    permissions: ['Repository permissions: Secret scanning alerts (read)'],
    app: { secret_scanning_alerts: 'read' },
    minRecords: 0,
    load: async () => (await import('./alerts/secret-scanning.ts')).secretScanning,
  },
  {
    name: 'changes',
    kinds: ['change'],
    cadence: 'every 12h',
    operations: [
      ...ALWAYS,
      'graphql:organization.repositories.history',
      'graphql:repository.history',
      'graphql:nodes.PullRequest',
      'graphql:PullRequest.reviews',
    ],
    permissions: [
      METADATA,
      MEMBERS,
      'Repository permissions: Contents (read)',
      'Repository permissions: Pull requests (read)',
      'Repository permissions: Checks (read)',
      'Repository permissions: Commit statuses (read)',
    ],
    app: {
      metadata: 'read',
      members: 'read',
      contents: 'read',
      pull_requests: 'read',
      checks: 'read',
      statuses: 'read',
    },
    minRecords: 0,
    load: async () => (await import('./changes/changes.ts')).changes,
  },
];

/** An app's manifest that lets an installation collect everything, and nothing else. */
export function appManifest(): object {
  const permissions = Object.fromEntries(datasets.flatMap(({ app }) => Object.entries(app)));
  const sorted = Object.fromEntries(Object.entries(permissions).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    name: 'annexa',
    url: 'https://annexa.dev',
    public: false,
    default_events: [],
    default_permissions: sorted,
  };
}
