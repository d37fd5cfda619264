import { z } from 'zod';
import type { RoleGrantRecord } from '../../inventory/kinds/role-grant.ts';
import { CollectorError } from '../error.ts';
import { confirmCustomer } from './customer.ts';
import { common, CUSTOMER, directoryScope, type GoogleWorker, recordId, type Work } from './dataset.ts';
import { listed } from './listing.ts';

const ROLES = 'directory.roles.list';
const ASSIGNMENTS = 'directory.roleAssignments.list';
const MEMBERS = 'directory.members.list';
/** The most that Google gives on one page. */
const ROLES_PAGE = 100;
const ASSIGNMENTS_PAGE = 200;
const MEMBERS_PAGE = 200;

const role = z.object({
  roleId: z.string(),
  roleName: z.string().min(1),
  isSuperAdminRole: z.boolean().default(false),
});
type Role = z.output<typeof role>;

const assignment = z.object({
  roleAssignmentId: z.string(),
  roleId: z.string(),
  assignedTo: z.string().min(1),
  assigneeType: z
    .string()
    .transform((type) => type.toLowerCase())
    .pipe(z.enum(['user', 'group'])),
});
type Assignment = z.output<typeof assignment>;

const member = z.object({ id: z.string(), type: z.enum(['USER', 'GROUP', 'CUSTOMER', 'EXTERNAL']) });

/** Administrator roles, as the people and service accounts hold them: who has one by a group is told one by one. */
export const adminRoles: GoogleWorker = {
  async *collect(work) {
    const roles = await rolesOf(work);
    for await (const one of assignmentsOf(work)) {
      const held = roles.get(one.roleId);
      if (held === undefined)
        throw new CollectorError('incomplete', `${ASSIGNMENTS}: role ${one.roleId} is not among the roles`);
      if (one.assigneeType === 'user') yield direct(work, one, held);
      else yield* byGroup(work, one, held);
    }
  },
  probes: {
    [CUSTOMER]: confirmCustomer,
    [directoryScope('rolemanagement.readonly')]: ({ session, config }) =>
      session.call(ROLES, (directory, options) =>
        directory.roles.list({ customer: config.scope, maxResults: 1, fields: 'kind' }, options),
      ),
    [directoryScope('group.member.readonly')]: probeMembers,
  },
};

/** There is no such group: only who may ask is told so. */
async function probeMembers({ session }: Work): Promise<void> {
  try {
    await session.call(MEMBERS, (directory, options) =>
      directory.members.list({ groupKey: '000000000000000', maxResults: 1, fields: 'kind' }, options),
    );
  } catch (error) {
    if (!(error instanceof CollectorError) || error.code !== 'configuration') throw error;
  }
}

async function rolesOf({ session, config }: Work): Promise<ReadonlyMap<string, Role>> {
  const roles = new Map<string, Role>();
  for await (const one of listed(session, {
    operation: ROLES,
    kind: 'roles',
    field: 'items',
    id: 'roleId',
    item: role,
    send: (directory, options, pageToken) =>
      directory.roles.list(
        {
          customer: config.scope,
          maxResults: ROLES_PAGE,
          fields: 'kind,nextPageToken,items(roleId,roleName,isSuperAdminRole)',
          ...(pageToken === undefined ? {} : { pageToken }),
        },
        options,
      ),
  }))
    roles.set(one.roleId, one);
  // Every customer has the role; that of none it is said would hide who holds it.
  if (![...roles.values()].some(({ isSuperAdminRole }) => isSuperAdminRole))
    throw new CollectorError('incomplete', `${ROLES}: no role is said to be the super administrator's`);
  return roles;
}

function assignmentsOf({ session, config }: Work): AsyncIterable<Assignment> {
  return listed(session, {
    operation: ASSIGNMENTS,
    kind: 'roleAssignments',
    field: 'items',
    id: 'roleAssignmentId',
    item: assignment,
    send: (directory, options, pageToken) =>
      directory.roleAssignments.list(
        {
          customer: config.scope,
          maxResults: ASSIGNMENTS_PAGE,
          fields: 'kind,nextPageToken,items(roleAssignmentId,roleId,assignedTo,assigneeType)',
          ...(pageToken === undefined ? {} : { pageToken }),
        },
        options,
      ),
  });
}

function direct(work: Work, { roleAssignmentId, assignedTo }: Assignment, role: Role): RoleGrantRecord {
  return {
    ...common(work, 'role_grant', roleAssignmentId),
    ...granted(work, assignedTo, role),
    grantee_type: 'user',
    via: 'direct',
  };
}

/** The members of the group and of the groups within it. Of a group that holds everybody nobody in particular is a member. */
async function* byGroup(
  work: Work,
  { roleAssignmentId, assignedTo }: Assignment,
  role: Role,
): AsyncGenerator<RoleGrantRecord, void, undefined> {
  const members = listed(work.session, {
    operation: MEMBERS,
    kind: 'members',
    field: 'members',
    id: 'id',
    item: member,
    send: (directory, options, pageToken) =>
      directory.members.list(
        {
          groupKey: assignedTo,
          includeDerivedMembership: true,
          maxResults: MEMBERS_PAGE,
          fields: 'kind,nextPageToken,members(id,type)',
          ...(pageToken === undefined ? {} : { pageToken }),
        },
        options,
      ),
  });
  for await (const { id, type } of members)
    if (type !== 'GROUP')
      yield {
        ...common(work, 'role_grant', `${roleAssignmentId}/${id}`),
        ...granted(work, id, role),
        grantee_type: 'group',
        via: `group:${assignedTo}`,
      };
}

function granted({ config }: Work, holder: string, { roleId, roleName, isSuperAdminRole }: Role) {
  return {
    identity: recordId(config.scope, holder),
    attachment: 'attached',
    policy: roleName,
    policy_ref: roleId,
    administrator: isSuperAdminRole,
    target: '',
  } as const;
}
