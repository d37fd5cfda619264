import {
  bypassActor,
  checksRule,
  EMPTY,
  type Estate,
  OPEN_PROTECTION,
  type PlantedActor,
  type PlantedRepository,
  pullRequestRule,
} from './estate.ts';

const DAY = 86_400;
const ANN: PlantedActor = { type: 'User', id: 1, login: 'ann' };
const BOB: PlantedActor = { type: 'User', id: 2, login: 'bob' };
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

/**
 * An organisation in which every operation of every dataset is asked for: three of whatever comes in pages of one. `now`: Unix seconds.
 */
export function smallEstate(now: number): Estate {
  const repository = (id: number): object => ({ id, full_name: `Acme/r${id}` });
  return {
    ...EMPTY,
    members: [
      { id: 1, login: 'ann', owner: true, emails: ['ann@acme.example'], saml: 'ann' },
      { id: 2, login: 'bob', saml: 'bob' },
      { id: 3, login: 'cid', saml: 'cid' },
    ],
    outsiders: [
      { id: 7, login: 'xia', secondFactor: false },
      { id: 8, login: 'yan', secondFactor: false },
      { id: 9, login: 'zoe', secondFactor: true },
    ],
    teams: [1, 2, 3].map((id) => ({
      id,
      slug: `team-${id}`,
      repositories: [1, 2, 3].map((number) => [number, 'WRITE'] as const),
    })),
    rulesets: [{ id: 'RS_1', bypassActors: [bypassActor({ organizationAdmin: true })] }],
    repositories: [1, 2, 3].map((id) => repositoryOf(id, now)),
    dependabot: [1, 2, 3].map((number) => dependabotAlert(number, repository(1), iso(now - 3 * DAY))),
    codeScanning: (['open', 'open', 'dismissed'] as const).map((state, index) => ({
      number: index + 1,
      state,
      created_at: iso(now - 3 * DAY),
      rule: { id: 'js/xss', severity: 'error', security_severity_level: 'high' },
      repository: repository(2),
    })),
    secrets: [1, 2, 3].map((number) => ({
      number,
      state: 'open',
      resolution: null,
      secret_type: 'aws_access_key_id',
      created_at: iso(now - 3 * DAY),
      resolved_at: null,
      push_protection_bypassed: number === 1,
      validity: 'active',
      repository: repository(3),
    })),
  };
}

/** The same in order: nothing that a check would find, as far as GitHub can tell. */
export function soundEstate(now: number): Estate {
  const estate = smallEstate(now);
  return {
    ...estate,
    members: estate.members.map((member) => ({ ...member, emails: [`${member.login}@acme.example`] })),
    outsiders: estate.outsiders.map((outsider) => ({ ...outsider, secondFactor: true })),
    rulesets: [{ id: 'RS_1', bypassActors: [] }],
    codeScanning: estate.codeScanning.filter(({ state }) => state === 'open'),
    secrets: estate.secrets.map((secret, index) => ({
      ...secret,
      ...(index === 0
        ? { created_at: iso(now - 3600) }
        : { state: 'resolved', resolution: 'revoked', resolved_at: iso(now - DAY), validity: 'inactive' }),
    })),
    teams: estate.teams.map((team) => ({
      ...team,
      repositories: team.repositories.map(([number]) => [number, 'ADMIN'] as const),
    })),
    repositories: estate.repositories.map((repository) => ({
      ...repository,
      branch: {
        ...repository.branch,
        rules: [...(repository.branch?.rules ?? []), { type: 'CODE_SCANNING', ruleset: 'RS_1' }],
        commits: (repository.branch?.commits ?? []).map((commit) => ({
          ...commit,
          requests: (commit.requests ?? []).map((request) => ({
            ...request,
            association: 'CONTRIBUTOR',
            checks: 'SUCCESS' as const,
          })),
        })),
      },
    })),
  };
}

function repositoryOf(id: number, now: number): PlantedRepository {
  const request = (number: number) => ({
    id: number,
    by: ANN,
    mergedAt: now - DAY,
    reviews: [1, 2, 3].map((at) => ({ by: BOB, at: now - 2 * DAY + at })),
  });
  return {
    id,
    name: `r${id}`,
    security: { scanning: true, push: true },
    branch: {
      protection: { ...OPEN_PROTECTION, requiresApprovingReviews: true, requiredApprovingReviewCount: 1 },
      rules: [pullRequestRule('RS_1', 1), checksRule('RS_1', ['build'])],
      commits: [1, 2, 3].map((number) => ({
        oid: `${id}-${number}`,
        at: now - DAY,
        author: ANN,
        parents: [`${id}-${number + 1}`],
        requests: [request(id * 10 + number)],
      })),
    },
    collaborators: [7, 8, 9].map((who) => ({
      id: who,
      login: `outsider-${who}`,
      permission: 'WRITE',
      source: 'Repository',
    })),
  };
}

function dependabotAlert(number: number, repository: object, created: string): object {
  return {
    number,
    state: 'open',
    created_at: created,
    dependency: { package: { ecosystem: 'npm', name: 'left-pad' } },
    security_advisory: { ghsa_id: 'GHSA-aaaa-bbbb-cccc', cve_id: 'CVE-2026-1' },
    security_vulnerability: { severity: 'high', first_patched_version: { identifier: '2.0.0' } },
    repository,
  };
}
