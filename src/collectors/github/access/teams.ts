import type { RepositoryGrantRecord } from '../../../inventory/kinds/repository-grant.ts';
import { connectionPages } from '../connection.ts';
import { common, idOf, type Work } from '../dataset.ts';
import { visible } from '../opening.ts';
import { repositoryId } from '../repositories/repositories.ts';
import {
  MORE_TEAM_REPOSITORIES,
  moreTeamRepositories,
  type Team,
  type TeamRepositories,
  TEAMS,
  teamsAnswer,
} from './query.ts';

const OPERATION = 'graphql:organization.teams';
const MORE = 'graphql:organization.team.repositories';

export async function fetchTeams({ session, organization }: Work, after: string | undefined, first: number) {
  const { login } = organization;
  const answer = await session.query(OPERATION, TEAMS, { login, first, after }, teamsAnswer);
  return visible(OPERATION, answer.organization).teams;
}

/** What each team may do in which repository, whatever it has from a team above it included. */
export async function* teamGrants(work: Work): AsyncGenerator<RepositoryGrantRecord, void, undefined> {
  const paging = {
    operation: OPERATION,
    fetch: (after: string | undefined, first: number) => fetchTeams(work, after, first),
    pageOf: (page: Awaited<ReturnType<typeof fetchTeams>>) => page,
    first: 20,
  };
  for await (const { nodes } of connectionPages(paging))
    for (const team of nodes) yield* grantsOf(work, team);
}

async function* grantsOf(work: Work, team: Team): AsyncGenerator<RepositoryGrantRecord, void, undefined> {
  const paging = {
    operation: MORE,
    begun: team.repositories,
    first: 100,
    fetch: async (after: string | undefined, first: number) => {
      const variables = { id: team.id, first, after };
      const answer = await work.session.query(MORE, MORE_TEAM_REPOSITORIES, variables, moreTeamRepositories);
      return answer.node.repositories;
    },
    pageOf: (page: TeamRepositories) => page,
  };
  for await (const { edges } of connectionPages(paging))
    for (const { permission, node } of edges)
      yield {
        ...common(work, 'repository_grant', `grant/${node.databaseId}/team/${team.databaseId}`),
        repository: repositoryId(work.scope, node.databaseId),
        repository_name: node.nameWithOwner,
        archived: node.isArchived,
        grantee_type: 'team',
        grantee: idOf(work.scope, `team/${team.databaseId}`),
        grantee_name: team.slug,
        permission,
      };
}
