import type { Estate, PlantedCommit } from '../../collectors/github/estate.ts';
import { largeEstate } from '../../collectors/github/large.ts';

const DAY = 86_400;
const ANN = { id: 1, login: 'user-1' };
const REVIEWER = { type: 'User', id: 2, login: 'user-2' } as const;

export interface GithubSize {
  readonly repositories: number;
  readonly members: number;
  /** Of each repository, each by a pull request. */
  readonly changes?: number;
  /** Of each kind. */
  readonly alerts?: number;
}

/** The organisation of `largeEstate`, with what was merged yesterday, and alerts spread over the repositories. */
export function githubEstate({ repositories, members, changes = 0, alerts = 0 }: GithubSize): Estate {
  const now = Math.floor(Date.now() / 1000);
  const estate = largeEstate(repositories, members);
  const numbers = Array.from({ length: alerts }, (_, index) => index + 1);
  const common = (number: number) => {
    const id = (number % repositories) + 1;
    const repository = { id, full_name: `Acme/${estate.repositories[id - 1]?.name}` };
    return { number, created_at: new Date((now - 3 * DAY) * 1000).toISOString(), repository };
  };
  return {
    ...estate,
    repositories: estate.repositories.map((repository) =>
      repository.branch === undefined
        ? repository
        : {
            ...repository,
            branch: { ...repository.branch, commits: commitsOf(repository.id, changes, now - DAY) },
          },
    ),
    dependabot: numbers.map((number) => ({
      ...common(number),
      state: 'open',
      dependency: { package: { ecosystem: 'npm', name: 'left-pad' } },
      security_advisory: { ghsa_id: 'GHSA-aaaa-bbbb-cccc', cve_id: 'CVE-2026-1' },
      security_vulnerability: { severity: 'high', first_patched_version: { identifier: '2.0.0' } },
    })),
    codeScanning: numbers.map((number) => ({
      ...common(number),
      state: 'open',
      rule: { id: 'js/xss', severity: 'error', security_severity_level: 'high' },
    })),
    secrets: numbers.map((number) => ({
      ...common(number),
      state: 'open',
      resolution: null,
      secret_type: 'aws_access_key_id',
      resolved_at: null,
      push_protection_bypassed: false,
      validity: 'active',
    })),
  };
}

function commitsOf(repository: number, count: number, at: number): readonly PlantedCommit[] {
  return Array.from({ length: count }, (_, index) => ({
    oid: `${repository}-${index}`,
    at,
    author: ANN,
    parents: [`${repository}-${index + 1}`],
    requests: [
      {
        id: repository * 1_000 + index,
        by: { type: 'User', ...ANN },
        mergedAt: at,
        checks: 'SUCCESS',
        committer: ANN.id,
        reviews: [{ by: REVIEWER, state: 'APPROVED', at: at - 60, association: 'MEMBER' }],
      },
    ],
  }));
}
