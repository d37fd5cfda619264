import { z } from 'zod';
import { connection, edges, PAGE } from '../connection.ts';
import { databaseId, login } from '../fields.ts';

const COLLABORATORS = `
  ${PAGE}
  edges {
    permission
    node { databaseId login }
    permissionSources { source { is: __typename } }
  }`;

export const ACCESS = `
  query Access($login: String!, $first: Int!, $after: String) {
    organization(login: $login) {
      repositories(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
        ${PAGE}
        nodes {
          id databaseId nameWithOwner isArchived
          collaborators(first: 100, affiliation: DIRECT) { ${COLLABORATORS} }
        }
      }
    }
  }`;

export const MORE_COLLABORATORS = `
  query MoreCollaborators($id: ID!, $first: Int!, $after: String) {
    node(id: $id) {
      ... on Repository { collaborators(first: $first, after: $after, affiliation: DIRECT) { ${COLLABORATORS} } }
    }
  }`;

const TEAM_REPOSITORIES = `${PAGE} edges { permission node { databaseId nameWithOwner isArchived } }`;

export const TEAMS = `
  query Teams($login: String!, $first: Int!, $after: String) {
    organization(login: $login) {
      teams(first: $first, after: $after, orderBy: { field: NAME, direction: ASC }) {
        ${PAGE}
        nodes { id databaseId slug repositories(first: 100) { ${TEAM_REPOSITORIES} } }
      }
    }
  }`;

export const MORE_TEAM_REPOSITORIES = `
  query MoreTeamRepositories($id: ID!, $first: Int!, $after: String) {
    node(id: $id) {
      ... on Team { repositories(first: $first, after: $after) { ${TEAM_REPOSITORIES} } }
    }
  }`;

const permission = z
  .enum(['READ', 'TRIAGE', 'WRITE', 'MAINTAIN', 'ADMIN'])
  .transform((word) => PERMISSIONS[word]);

const PERMISSIONS = {
  READ: 'read',
  TRIAGE: 'triage',
  WRITE: 'write',
  MAINTAIN: 'maintain',
  ADMIN: 'admin',
} as const;

const collaborators = edges(
  z.object({
    permission,
    node: z.object({ databaseId, login }),
    permissionSources: z.array(z.object({ source: z.object({ is: z.string() }) })),
  }),
);

export type Collaborators = z.infer<typeof collaborators>;
export type CollaboratorEdge = Collaborators['edges'][number];

const repository = z.object({
  id: z.string().min(1),
  databaseId,
  nameWithOwner: z.string().min(1),
  isArchived: z.boolean(),
  /** Null: who has access isn't told. */
  collaborators: collaborators.nullable(),
});

export type AccessRepository = z.infer<typeof repository>;

export const accessAnswer = z.object({
  organization: z.object({ repositories: connection(repository) }).nullable(),
});

export const moreCollaborators = z.object({ node: z.object({ collaborators }) });

const teamRepositories = edges(
  z.object({
    permission,
    node: z.object({ databaseId, nameWithOwner: z.string().min(1), isArchived: z.boolean() }),
  }),
);

export type TeamRepositories = z.infer<typeof teamRepositories>;

const team = z.object({
  id: z.string().min(1),
  databaseId,
  slug: z.string().min(1),
  repositories: teamRepositories,
});

export type Team = z.infer<typeof team>;

export const teamsAnswer = z.object({ organization: z.object({ teams: connection(team) }).nullable() });

export const moreTeamRepositories = z.object({ node: z.object({ repositories: teamRepositories }) });
