import { z } from 'zod';
import type { IdentityRecord } from '../../inventory/kinds/identity.ts';
import type { RoleGrantRecord } from '../../inventory/kinds/role-grant.ts';
import { confirmCustomer } from './customer.ts';
import { common, CUSTOMER, directoryScope, type GoogleWorker, type Work } from './dataset.ts';
import { listed, time } from './listing.ts';

const OPERATION = 'directory.users.list';

const user = z
  .object({
    id: z.string(),
    primaryEmail: z.string().min(1),
    aliases: z.array(z.string()).default([]),
    nonEditableAliases: z.array(z.string()).default([]),
    suspended: z.boolean(),
    /** Only editions that archive users tell it. */
    archived: z.boolean().default(false),
    isAdmin: z.boolean(),
    isGuestUser: z.boolean().default(false),
    isEnrolledIn2Sv: z.boolean().nullable().default(null),
    isEnforcedIn2Sv: z.boolean().nullable().default(null),
    creationTime: time,
    lastLoginTime: time.nullable().default(null),
  })
  .readonly();
type User = z.output<typeof user>;

const FIELDS = Object.keys(user.unwrap().shape).join();

/** The users of the customer, whatever their domain and state. Deleted ones aren't among them. */
export const users: GoogleWorker = {
  async *collect(work) {
    for await (const listed of listUsers(work, FIELDS, user)) {
      const identity = identityOf(work, listed);
      yield identity;
      if (listed.isAdmin) yield superAdmin(work, listed, identity.id);
    }
  },
  probes: {
    [CUSTOMER]: confirmCustomer,
    [directoryScope('user.readonly')]: probeUsers,
  },
};

/** Every user, in the order of addresses, with the fields alone. */
export function listUsers<S extends z.ZodType>({ session, config }: Work, fields: string, item: S) {
  const { scope: customer, pageSize: maxResults } = config;
  return listed(session, {
    operation: OPERATION,
    kind: 'users',
    field: 'users',
    id: 'id',
    item,
    send: (directory, options, pageToken) =>
      directory.users.list(
        {
          customer,
          maxResults,
          orderBy: 'email',
          fields: `kind,nextPageToken,users(${fields})`,
          ...(pageToken === undefined ? {} : { pageToken }),
        },
        options,
      ),
  });
}

export async function probeUsers({ session, config }: Work): Promise<void> {
  await session.call(OPERATION, (directory, options) =>
    directory.users.list({ customer: config.scope, maxResults: 1, fields: 'kind' }, options),
  );
}

function identityOf(work: Work, user: User): IdentityRecord {
  const { primaryEmail, aliases, nonEditableAliases, creationTime, lastLoginTime } = user;
  const enabled = !user.suspended && !user.archived;
  return {
    ...common(work, 'identity', user.id),
    name: primaryEmail,
    type: 'user',
    enabled,
    can_sign_in: enabled,
    second_factor: user.isEnrolledIn2Sv,
    second_factor_enforced: user.isEnforcedIn2Sv,
    external: user.isGuestUser,
    created_at: creationTime,
    // Who never signed in did so in 1970.
    last_active_at: lastLoginTime === null ? null : Math.max(creationTime, lastLoginTime),
    logins: [...new Set([primaryEmail, ...aliases.toSorted(), ...nonEditableAliases.toSorted()])],
    groups: [],
    tags: [],
  };
}

function superAdmin(work: Work, { id }: User, identity: string): RoleGrantRecord {
  return {
    ...common(work, 'role_grant', `${id}/super-admin`),
    identity,
    grantee_type: 'user',
    via: 'direct',
    attachment: 'attached',
    policy: 'super-admin',
    policy_ref: '',
    administrator: true,
    target: '',
  };
}
