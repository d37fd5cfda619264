import type { IdentityRecord } from '../../../inventory/kinds/identity.ts';
import type { RoleGrantRecord } from '../../../inventory/kinds/role-grant.ts';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { type Assignment, type Assignments, assignments } from './assignments.ts';
import { groups, type User, users } from './directory.ts';
import { instances } from './instances.ts';

interface Membership {
  readonly id: string;
  readonly name: string;
}

/**
 * The people of Identity Center with what they hold in the organisation's accounts. Kept in memory are assignments and memberships; users
 * come page by page.
 */
export async function* collectIdentityCenter(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  for (const { InstanceArn, IdentityStoreId } of await instances(work)) {
    const held = await assignments(work, InstanceArn);
    const memberships = new Map<string, Membership[]>();
    for await (const { id, name, members } of groups(work, IdentityStoreId, held.groups.keys()))
      for (const member of members) {
        const others = memberships.get(member);
        if (others === undefined) memberships.set(member, [{ id, name }]);
        else others.push({ id, name });
      }
    yield* people(work, IdentityStoreId, held, memberships);
  }
}

async function* people(
  work: Work,
  store: string,
  held: Assignments,
  memberships: ReadonlyMap<string, readonly Membership[]>,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const seen = new Set<string>();
  for await (const user of users(work, store)) {
    const { UserId: id } = user;
    if (seen.has(id)) throw new CollectorError('incomplete', `identitystore:ListUsers: ${id} came twice`);
    seen.add(id);
    const of = memberships.get(id) ?? [];
    yield identityOf(work, user, of);
    yield* grantsOf(work, id, undefined, held.users.get(id));
    for (const group of of) yield* grantsOf(work, id, group, held.groups.get(group.id));
  }
  const unlisted = [...memberships.keys()].find((id) => !seen.has(id));
  if (unlisted !== undefined)
    throw new CollectorError(
      'incomplete',
      `identitystore:ListUsers: ${unlisted} is a member of a group, but was not listed`,
    );
  // What is assigned to somebody who was deleted stays assigned: told, of an identity that is not there.
  for (const [id, assigned] of held.users) if (!seen.has(id)) yield* grantsOf(work, id, undefined, assigned);
}

function identityOf(work: Work, user: User, of: readonly Membership[]): IdentityRecord {
  const addresses = user.Emails.flatMap(({ Value }) => Value ?? []).filter((address) => address !== '');
  // Enabled unless it is said otherwise.
  const enabled = user.UserStatus !== 'DISABLED';
  return {
    ...common(work, 'identity', user.UserId),
    name: user.UserName,
    type: 'user',
    enabled,
    // That is what its users are for; whether by a second factor, and when last, its interface doesn't tell.
    can_sign_in: enabled,
    second_factor: null,
    created_at: user.CreatedAt ?? null,
    last_active_at: null,
    logins: [...new Set([user.UserName, ...addresses])],
    groups: [...new Set(of.map(({ name }) => name))],
    tags: [],
  };
}

function* grantsOf(
  work: Work,
  user: string,
  group: Membership | undefined,
  assigned: readonly Assignment[] = [],
): Generator<RoleGrantRecord> {
  for (const { permissionSet, account } of assigned) {
    const { arn, name, administrator } = permissionSet;
    const path = `${group?.id ?? 'user'}/${account}/${arn.slice(arn.lastIndexOf('/') + 1)}`;
    yield {
      ...common(work, 'role_grant', `${user}/${path}`),
      identity: common(work, 'identity', user).id,
      grantee_type: group === undefined ? 'user' : 'group',
      via: group === undefined ? 'direct' : `group:${group.name}`,
      attachment: 'attached',
      policy: name,
      policy_ref: arn,
      administrator,
      target: account,
    };
  }
}
