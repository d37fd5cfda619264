import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { IdentityRecord } from '../../../inventory/kinds/identity.ts';
import type { RoleGrantRecord } from '../../../inventory/kinds/role-grant.ts';
import { connectionPages } from '../connection.ts';
import { common, type GithubWorker, idOf, type Work } from '../dataset.ts';
import { visible } from '../opening.ts';
import { type Collaborator, outsideCollaborators } from './outsiders.ts';
import { type Member, MEMBERS, membersAnswer } from './query.ts';
import { samlLogins } from './saml.ts';

const OPERATION = 'graphql:organization.membersWithRole';

/** Who belongs to the organisation, and who works on its repositories from outside. */
export const members: GithubWorker = {
  collect,
  probes: {
    'Organization permissions: Members (read)': async (work) => {
      await fetchMembers(work, undefined, 1);
    },
  },
};

async function* collect(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const saml = work.config.emailsFrom.includes('saml') ? await samlLogins(work) : new Map<number, string[]>();
  const seen = new Set<number>();
  let told = false;
  const paging = {
    operation: OPERATION,
    fetch: (after: string | undefined, first: number) => fetchMembers(work, after, first),
    pageOf: (page: Awaited<ReturnType<typeof fetchMembers>>) => page,
    first: 100,
  };
  for await (const { edges } of connectionPages(paging))
    for (const member of edges) {
      seen.add(member.node.databaseId);
      told ||= member.hasTwoFactorEnabled !== null;
      yield ofMember(work, member, saml.get(member.node.databaseId) ?? []);
      yield grantOf(work, member.node.databaseId, member.role === 'ADMIN' ? 'owner' : 'member');
    }
  for (const collaborator of await outsideCollaborators(work, told)) {
    // Somebody who became a member while the pages were read is told of once.
    if (seen.has(collaborator.id)) continue;
    yield ofOutsider(work, collaborator);
    yield grantOf(work, collaborator.id, 'outside-collaborator');
  }
}

async function fetchMembers(
  { session, organization, config }: Work,
  after: string | undefined,
  first: number,
) {
  const { login } = organization;
  const emails = config.emailsFrom.includes('verified-domains');
  const answer = await session.query(OPERATION, MEMBERS, { login, first, after, emails }, membersAnswer);
  return visible(OPERATION, answer.organization).membersWithRole;
}

/** The id of a user's identity record. */
export function identityId(scope: string, user: number): string {
  return idOf(scope, `user/${user}`);
}

function ofMember(
  work: Work,
  { node, hasTwoFactorEnabled }: Member,
  saml: readonly string[],
): IdentityRecord {
  return {
    ...common(work, 'identity', `user/${node.databaseId}`),
    ...ALIKE,
    name: node.login,
    second_factor: hasTwoFactorEnabled,
    second_factor_enforced: work.organization.secondFactorRequired,
    external: false,
    created_at: node.createdAt,
    logins: loginsOf(node.login, node.organizationVerifiedDomainEmails ?? [], saml),
  };
}

function ofOutsider(work: Work, { id, login, secondFactor }: Collaborator): IdentityRecord {
  return {
    ...common(work, 'identity', `user/${id}`),
    ...ALIKE,
    name: login,
    second_factor: secondFactor,
    second_factor_enforced: work.organization.secondFactorRequired,
    external: true,
    created_at: null,
    logins: [login],
  };
}

/** GitHub doesn't tell services from people; a suspended user isn't listed; when somebody was last active is in no listing. */
const ALIKE = {
  type: 'user',
  enabled: true,
  can_sign_in: true,
  last_active_at: null,
  groups: [],
  tags: [],
} satisfies Partial<IdentityRecord>;

function loginsOf(login: string, ...others: readonly (readonly string[])[]): string[] {
  return [login, ...[...new Set(others.flat())].filter((other) => other !== login).sort()];
}

type Policy = 'owner' | 'member' | 'outside-collaborator';

function grantOf(work: Work, user: number, policy: Policy): RoleGrantRecord {
  const outside = policy === 'outside-collaborator';
  return {
    ...common(work, 'role_grant', `grant/${user}/${policy}`),
    identity: identityId(work.scope, user),
    // A member has a role of the organisation; an outsider was let in by name.
    grantee_type: outside ? 'user' : 'role',
    via: outside ? 'direct' : `role:${policy}`,
    attachment: 'attached',
    policy,
    policy_ref: '',
    administrator: policy === 'owner',
    target: '',
  };
}
