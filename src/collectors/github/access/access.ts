import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { RepositoryGrantRecord } from '../../../inventory/kinds/repository-grant.ts';
import { CollectorError } from '../../error.ts';
import { connectionPages } from '../connection.ts';
import { common, type GithubWorker, type Work } from '../dataset.ts';
import { visible } from '../opening.ts';
import { databaseId } from '../fields.ts';
import { identityId } from '../members/members.ts';
import { repositoryId } from '../repositories/repositories.ts';
import {
  ACCESS,
  accessAnswer,
  type AccessRepository,
  type CollaboratorEdge,
  MORE_COLLABORATORS,
  moreCollaborators,
} from './query.ts';
import { fetchTeams, teamGrants } from './teams.ts';

const OPERATION = 'graphql:organization.repositories.collaborators';
const MORE = 'graphql:repository.collaborators';
const ORGANIZATION = 'GET /orgs/{org}';
const BATCH = 20;

/** Who may do what in which repository: users let in by name, teams, and what every member may. */
export const access: GithubWorker = {
  collect,
  probes: {
    'Repository permissions: Metadata (read)': (work) => fetchBatch(work, undefined, 1),
    'Repository permissions: Administration (read)': (work) => probeCollaborators(work),
    'Organization permissions: Members (read)': (work) => fetchTeams(work, undefined, 1),
    'Organization permissions: Administration (read)': (work) => basePermission(work),
  },
};

async function* collect(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  yield* everyoneGrant(work, await basePermission(work));
  const paging = {
    operation: OPERATION,
    fetch: (after: string | undefined, first: number) => fetchBatch(work, after, first),
    pageOf: (page: Awaited<ReturnType<typeof fetchBatch>>) => page,
    first: BATCH,
  };
  for await (const { nodes } of connectionPages(paging))
    for (const repository of nodes) yield* userGrants(work, repository);
  yield* teamGrants(work);
}

async function fetchBatch({ session, organization }: Work, after: string | undefined, first: number) {
  const { login } = organization;
  const answer = await session.query(OPERATION, ACCESS, { login, first, after }, accessAnswer);
  return visible(OPERATION, answer.organization).repositories;
}

function collaboratorsOf({ collaborators, nameWithOwner }: AccessRepository) {
  if (collaborators !== null) return collaborators;
  throw new CollectorError(
    'denied',
    `${OPERATION}: who has access to ${nameWithOwner} isn't told to these credentials`,
  );
}

async function probeCollaborators(work: Work): Promise<unknown> {
  const { nodes } = await fetchBatch(work, undefined, BATCH);
  for (const repository of nodes) collaboratorsOf(repository);
  return nodes.length === 0 ? 'untold' : undefined;
}

async function* userGrants(
  work: Work,
  repository: AccessRepository,
): AsyncGenerator<RepositoryGrantRecord, void, undefined> {
  const paging = {
    operation: MORE,
    begun: collaboratorsOf(repository),
    first: 100,
    fetch: async (after: string | undefined, first: number) => {
      const variables = { id: repository.id, first, after };
      const answer = await work.session.query(MORE, MORE_COLLABORATORS, variables, moreCollaborators);
      return answer.node.collaborators;
    },
    pageOf: (page: NonNullable<AccessRepository['collaborators']>) => page,
  };
  for await (const { edges } of connectionPages(paging))
    for (const edge of edges) if (isByName(edge)) yield userGrant(work, repository, edge);
}

/** What somebody holds by a team or as a member is told of the team and of everyone. */
const isByName = ({ permissionSources }: CollaboratorEdge): boolean =>
  permissionSources.some(({ source }) => source.is === 'Repository');

function userGrant(
  work: Work,
  { databaseId, nameWithOwner, isArchived }: AccessRepository,
  { node, permission }: CollaboratorEdge,
): RepositoryGrantRecord {
  return {
    ...common(work, 'repository_grant', `grant/${databaseId}/user/${node.databaseId}`),
    repository: repositoryId(work.scope, databaseId),
    repository_name: nameWithOwner,
    archived: isArchived,
    grantee_type: 'user',
    grantee: identityId(work.scope, node.databaseId),
    grantee_name: node.login,
    permission,
  };
}

const organization = z.object({
  id: databaseId,
  default_repository_permission: z.enum(['none', 'read', 'write', 'admin']).nullish(),
});

type Base = 'none' | 'read' | 'write' | 'admin';

async function basePermission({ session, organization: { login } }: Work): Promise<Base> {
  const { default_repository_permission: base } = await session.get(
    ORGANIZATION,
    { org: login },
    organization,
  );
  if (base !== undefined && base !== null) return base;
  throw new CollectorError(
    'denied',
    `${ORGANIZATION}: what every member may do in each repository isn't told to these credentials`,
  );
}

function* everyoneGrant(work: Work, base: Base): Generator<RepositoryGrantRecord, void, undefined> {
  if (base === 'none') return;
  yield {
    ...common(work, 'repository_grant', 'grant/everyone'),
    repository: `github:${work.scope}:organization/${work.organization.id}`,
    repository_name: `${work.organization.login}/*`,
    archived: false,
    grantee_type: 'everyone',
    grantee: `github:${work.scope}:members`,
    grantee_name: 'every member',
    permission: base,
  };
}
