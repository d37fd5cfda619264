import { schema as published } from '@octokit/graphql-schema';
import {
  buildSchema,
  type DocumentNode,
  execute as run,
  type ExecutionResult,
  type GraphQLSchema,
  parse,
  validate,
} from 'graphql';
import type { Estate, PlantedActor, PlantedCommit, PlantedRepository, PlantedRequest } from './estate.ts';

let built: GraphQLSchema | undefined;

/** GitHub's own schema, as it publishes it. It says one field twice, which is no matter here. */
function schemaOf(): GraphQLSchema {
  built ??= buildSchema(published.idl, { assumeValidSDL: true });
  return built;
}

interface Arguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

/** A connection. GitHub gives no more than a hundred at a time, and refuses to be asked for all. `cap`: gives fewer than asked for. */
function connection<T>(
  list: readonly T[],
  { first, after }: Arguments,
  cap: number,
  edge?: (item: T) => object,
) {
  if (typeof first !== 'number' || first < 1 || first > 100)
    throw new Error('You must provide a `first` value between 1 and 100');
  // A cursor that leads nowhere.
  const begin = after === 'again' ? list.length : 0;
  const start =
    typeof after === 'string' && begin === 0 ? Number(Buffer.from(after, 'base64').toString()) : begin;
  const end = Math.min(list.length, start + Math.min(first, cap));
  const page = list.slice(start, end);
  return {
    totalCount: list.length,
    pageInfo: {
      hasNextPage: end < list.length,
      endCursor: page.length === 0 ? null : Buffer.from(String(end)).toString('base64'),
    },
    nodes: page,
    edges: page.map((item) => (edge === undefined ? {} : edge(item))),
  };
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const user = ({ id, login }: { readonly id: number; readonly login: string }) => ({
  __typename: 'User',
  databaseId: id,
  login,
  createdAt: '2020-01-01T00:00:00Z',
});
const actor = (who: PlantedActor | null) =>
  who === null ? null : { __typename: who.type, databaseId: who.id, login: who.login };
const known = (id: number | null | undefined, otherwise: number) =>
  id === null ? { user: null } : { user: user({ id: id ?? otherwise, login: `user-${id ?? otherwise}` }) };

/** Connections that are short by nature come whole. */
const WHOLE = 100;

/** The organisation as resolvers of GitHub's schema. `cap`: entries a page, at most. */
export function graphOf(estate: Estate, cap: number) {
  const repositories = estate.repositories.map((repository) => repositoryOf(estate, repository, cap));
  const byNumber = new Map(repositories.map((repository) => [repository.databaseId, repository]));
  const teams = estate.teams.map((team) => ({
    __typename: 'Team',
    id: `T_${team.id}`,
    databaseId: team.id,
    slug: team.slug,
    repositories: (page: Arguments) =>
      connection(team.repositories, page, cap, ([id, permission]) => ({
        permission,
        node: byNumber.get(id),
      })),
  }));
  const organization = {
    databaseId: estate.id,
    login: estate.login,
    requiresTwoFactorAuthentication: estate.secondFactorRequired,
    membersWithRole: (page: Arguments) =>
      connection(estate.members, page, cap, (member) => ({
        role: member.owner === true ? 'ADMIN' : 'MEMBER',
        hasTwoFactorEnabled: member.secondFactor === undefined ? true : member.secondFactor,
        node: { ...user(member), organizationVerifiedDomainEmails: () => member.emails ?? [] },
      })),
    samlIdentityProvider: {
      externalIdentities: (page: Arguments) =>
        connection(
          estate.members.flatMap((member) =>
            member.saml === undefined ? [] : [identityOf(member, member.saml)],
          ),
          page,
          cap,
        ),
    },
    repositories: (page: Arguments) => connection(repositories, page, cap),
    teams: (page: Arguments) => connection(teams, page, cap),
  };
  const rulesets = estate.rulesets.map(({ id, enforcement = 'ACTIVE', bypassActors }) => ({
    __typename: 'RepositoryRuleset',
    id,
    enforcement,
    bypassActors: (page: Arguments) => (bypassActors === null ? null : connection(bypassActors, page, WHOLE)),
  }));
  const requests = new Map<string, object>(
    estate.repositories.flatMap((repository) =>
      (repository.branch?.commits ?? []).flatMap(({ requests: list = [] }) =>
        list.map((request) => [`PR_${request.id}`, requestOf(request, cap)] as const),
      ),
    ),
  );
  const nodeOf = (id: string): unknown =>
    requests.get(id) ?? [...rulesets, ...repositories, ...teams].find((node) => node.id === id) ?? null;
  return {
    viewer: { login: 'annexa[bot]' },
    organization: ({ login }: { readonly login: string }) =>
      login.toLowerCase() === estate.login.toLowerCase() ? organization : null,
    node: ({ id }: { readonly id: string }) => nodeOf(id),
    nodes: ({ ids }: { readonly ids: readonly string[] }) => ids.map(nodeOf),
  };
}

function identityOf(member: Estate['members'][number], name: string): object {
  return {
    user: user(member),
    samlIdentity: { nameId: name, emails: [{ value: name }] },
    scimIdentity: null,
  };
}

function repositoryOf(estate: Estate, planted: PlantedRepository, cap: number) {
  const { branch } = planted;
  const { protection, rules = [] } = branch ?? {};
  const name = branch?.name ?? 'main';
  const historyOf = ({ since, ...page }: Arguments & { readonly since?: string }) =>
    connection(
      (branch?.commits ?? [])
        .filter(({ at }) => since === undefined || at * 1000 >= Date.parse(since))
        .map((commit) => commitOf(planted.id, name, commit)),
      page,
      cap,
    );
  const target = {
    __typename: 'Commit',
    oid: branch?.commits?.[0]?.oid ?? 'f'.repeat(40),
    history: historyOf,
  };
  return {
    __typename: 'Repository',
    id: `R_${planted.id}`,
    databaseId: planted.id,
    name: planted.name,
    nameWithOwner: `${estate.login}/${planted.name}`,
    visibility: planted.visibility ?? 'PRIVATE',
    isArchived: planted.archived ?? false,
    isFork: false,
    isTemplate: false,
    createdAt: iso(1_600_000_000 + planted.id),
    viewerCanAdminister: planted.administered ?? true,
    hasVulnerabilityAlertsEnabled: planted.dependencyAlerts ?? true,
    object: () => target,
    defaultBranchRef:
      branch === undefined
        ? null
        : {
            name,
            target,
            branchProtectionRule: protection === undefined ? null : classicOf(protection),
            rules: (page: Arguments) =>
              rules === null
                ? null
                : connection(
                    rules.map(({ type, ruleset, parameters = null }) => ({
                      type,
                      parameters,
                      repositoryRuleset: ruleset === null ? null : { id: ruleset },
                    })),
                    page,
                    WHOLE,
                  ),
          },
    collaborators: (page: Arguments) =>
      connection(planted.collaborators ?? [], page, cap, (one) => ({
        permission: one.permission,
        node: user(one),
        permissionSources: [{ source: { __typename: one.source } }],
      })),
  };
}

function classicOf(protection: object): object {
  return Object.fromEntries(
    Object.entries(protection).map(([field, value]: [string, unknown]) => [
      field,
      field.endsWith('Allowances') && Array.isArray(value)
        ? (page: Arguments) => connection(value, page, WHOLE)
        : value,
    ]),
  );
}

function commitOf(repository: number, branch: string, commit: PlantedCommit) {
  return {
    __typename: 'Commit',
    oid: commit.oid,
    committedDate: iso(commit.at),
    author: { user: commit.author === undefined ? null : user(commit.author) },
    parents: (page: Arguments) =>
      connection(
        (commit.parents ?? []).map((oid) => ({ oid })),
        page,
        WHOLE,
      ),
    associatedPullRequests: (page: Arguments) =>
      connection(
        (commit.requests ?? []).map((request) => ({
          id: `PR_${request.id}`,
          merged: request.merged ?? true,
          baseRefName: request.base ?? branch,
          baseRepository: { databaseId: request.repository ?? repository },
        })),
        page,
        WHOLE,
      ),
  };
}

function requestOf(request: PlantedRequest, cap: number): object {
  const head = request.head ?? `head-${request.id}`;
  const checks = request.checks === undefined ? 'SUCCESS' : request.checks;
  const who = known(request.committer, request.by?.id ?? 1);
  return {
    __typename: 'PullRequest',
    id: `PR_${request.id}`,
    databaseId: request.id,
    number: request.id,
    mergedAt: iso(request.mergedAt),
    headRefOid: head,
    authorAssociation: request.association ?? 'MEMBER',
    author: actor(request.by),
    mergedBy: actor(request.by),
    commits: {
      nodes: [
        {
          commit: {
            oid: head,
            author: who,
            committer: who,
            statusCheckRollup: checks === null ? null : { state: checks },
          },
        },
      ],
    },
    reviews: ({ states, ...page }: Arguments & { readonly states?: readonly string[] }) =>
      connection(
        (request.reviews ?? [])
          .map((review) => ({
            state: review.state ?? 'APPROVED',
            submittedAt: iso(review.at),
            authorAssociation: review.association ?? 'MEMBER',
            authorCanPushToRepository: review.push ?? true,
            author: actor(review.by),
            commit: { oid: review.of ?? head },
          }))
          .filter(({ state }) => states?.includes(state) ?? true),
        page,
        cap,
      ),
  };
}

const documents = new Map<string, DocumentNode>();

/** Held against GitHub's schema when it is seen for the first time. */
function documentOf(source: string): DocumentNode {
  const known = documents.get(source);
  if (known !== undefined) return known;
  const document = parse(source);
  const errors = validate(schemaOf(), document);
  if (errors.length > 0) throw new AggregateError(errors, `not a query of GitHub's: ${errors[0]?.message}`);
  documents.set(source, document);
  return document;
}

/** The collector's own query, executed over the organisation. */
export async function execute(
  rootValue: object,
  source: string,
  variableValues: Readonly<Record<string, unknown>>,
): Promise<ExecutionResult> {
  return run({ schema: schemaOf(), document: documentOf(source), rootValue, variableValues });
}
