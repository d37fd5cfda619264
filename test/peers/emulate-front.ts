import { request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EMPTY, type Estate, OPEN_PROTECTION, type Permission } from '../collectors/github/estate.ts';
import type { Emulate } from './emulate.ts';
import { answerQuery, type Front, startFront } from './github-front.ts';

const account = z.object({ id: z.int(), login: z.string() });
const repository = z.object({
  id: z.int(),
  name: z.string(),
  full_name: z.string(),
  private: z.boolean(),
  archived: z.boolean(),
  default_branch: z.string(),
});
/** A team has one permission in all its repositories. */
const team = z.object({ id: z.int(), slug: z.string(), permission: z.enum(['pull', 'push', 'admin']) });
const TEAM_PERMISSION = { pull: 'READ', push: 'WRITE', admin: 'ADMIN' } as const;
const branch = z.object({ name: z.string(), protected: z.boolean() });
const on = z.object({ enabled: z.boolean() });
const protection = z.object({
  enforce_admins: on,
  required_pull_request_reviews: z
    .object({
      required_approving_review_count: z.int(),
      require_code_owner_reviews: z.boolean(),
      dismiss_stale_reviews: z.boolean(),
    })
    .nullish(),
  required_status_checks: z.object({ strict: z.boolean(), contexts: z.array(z.string()) }).nullish(),
  required_linear_history: on,
  allow_force_pushes: on,
  allow_deletions: on,
  restrictions: z.object({}).nullish(),
});
const held = z.object({ role_name: z.enum(['read', 'triage', 'write', 'maintain', 'admin']) });
const PERMISSION = {
  read: 'READ',
  triage: 'TRIAGE',
  write: 'WRITE',
  maintain: 'MAINTAIN',
  admin: 'ADMIN',
} as const satisfies Record<string, Permission>;

/** What its state can answer. */
const QUERIES = ['Opening', 'Members', 'Repositories', 'Access', 'MoreCollaborators', 'Teams'];

type Repository = z.infer<typeof repository>;

/**
 * emulate with what it lacks and its own REST API tells otherwise: what GraphQL is asked of members, teams and repositories is answered over GitHub's
 * schema, and the organisation's repositories are listed, from its state at the time of the request. Everything else is emulate's own answer.
 */
export async function startEmulateFront(emulate: Emulate, organization: string): Promise<Front> {
  return startFront(async (incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    if (url === '/graphql')
      return answerQuery(() => estateOf(emulate, organization), incoming, outgoing, QUERIES);
    if (url.startsWith(`/orgs/${organization}/repos?`)) {
      outgoing.setHeader('content-type', 'application/json');
      return void outgoing.end(JSON.stringify(await repositoriesOf(emulate, organization)));
    }
    const to = new URL(url, emulate.endpoint);
    const asked = request(to, { method, headers: { ...headers, host: to.host } });
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing).catch(() => outgoing.destroy());
    });
    asked.on('error', () => outgoing.destroy());
    await pipeline(incoming, asked);
  });
}

async function repositoriesOf(emulate: Emulate, organization: string): Promise<readonly Repository[]> {
  const found = await emulate.ask('GET', `/search/repositories?q=org:${organization}&per_page=100`);
  const { items, total_count: total } = z
    .object({ total_count: z.int(), items: z.array(repository) })
    .parse(found);
  if (items.length !== total) throw new Error('more repositories than a page holds');
  return items.toSorted((a, b) => a.id - b.id);
}

async function estateOf(emulate: Emulate, organization: string): Promise<Estate> {
  const members = async (role: string) =>
    z.array(account).parse(await emulate.list(`/orgs/${organization}/members?role=${role}`));
  const { id } = account.parse(await emulate.ask('GET', `/orgs/${organization}`));
  const repositories = await repositoriesOf(emulate, organization);
  const teams = z.array(team).parse(await emulate.list(`/orgs/${organization}/teams`));
  return {
    ...EMPTY,
    login: organization,
    id,
    secondFactorRequired: null,
    members: [
      ...(await members('admin')).map((one) => ({ ...one, owner: true, secondFactor: null })),
      ...(await members('member')).map((one) => ({ ...one, secondFactor: null })),
    ],
    teams: await Promise.all(teams.map((one) => teamOf(emulate, organization, one))),
    repositories: await Promise.all(repositories.map((one) => plantedOf(emulate, one))),
  };
}

async function teamOf(
  emulate: Emulate,
  organization: string,
  { id, slug, permission }: z.infer<typeof team>,
) {
  const found = await emulate.list(`/orgs/${organization}/teams/${slug}/repos`);
  const held = TEAM_PERMISSION[permission];
  return {
    id,
    slug,
    repositories: z
      .array(repository)
      .parse(found)
      .map((one) => [one.id, held] as const),
  };
}

async function plantedOf(emulate: Emulate, { full_name, default_branch, ...told }: Repository) {
  const path = `/repos/${full_name}`;
  const [found] = z
    .array(branch)
    .parse(await emulate.list(`${path}/branches`))
    .filter(({ name }) => name === default_branch);
  const rules =
    found?.protected === true
      ? classicOf(await emulate.ask('GET', `${path}/branches/${found.name}/protection`))
      : undefined;
  const users = z.array(account).parse(await emulate.list(`${path}/collaborators`));
  return {
    id: told.id,
    name: told.name,
    visibility: told.private ? ('PRIVATE' as const) : ('PUBLIC' as const),
    archived: told.archived,
    dependencyAlerts: false,
    ...(found === undefined
      ? {}
      : { branch: { name: found.name, ...(rules === undefined ? {} : { protection: rules }) } }),
    collaborators: await Promise.all(
      users.map(async ({ id, login }) => {
        const answer = await emulate.ask('GET', `${path}/collaborators/${login}/permission`);
        return {
          id,
          login,
          permission: PERMISSION[held.parse(answer).role_name],
          source: 'Repository' as const,
        };
      }),
    ),
  };
}

/** The same protection as GraphQL words it. */
function classicOf(answer: unknown): object {
  const told = protection.parse(answer);
  const { required_pull_request_reviews: reviews, required_status_checks: checks } = told;
  return {
    ...OPEN_PROTECTION,
    isAdminEnforced: told.enforce_admins.enabled,
    requiresApprovingReviews: Boolean(reviews),
    requiredApprovingReviewCount: reviews?.required_approving_review_count ?? null,
    requiresCodeOwnerReviews: reviews?.require_code_owner_reviews ?? false,
    dismissesStaleReviews: reviews?.dismiss_stale_reviews ?? false,
    requiresStatusChecks: Boolean(checks),
    requiresStrictStatusChecks: checks?.strict ?? false,
    requiredStatusCheckContexts: checks?.contexts ?? [],
    requiresLinearHistory: told.required_linear_history.enabled,
    allowsForcePushes: told.allow_force_pushes.enabled,
    allowsDeletions: told.allow_deletions.enabled,
    restrictsPushes: Boolean(told.restrictions),
  };
}
