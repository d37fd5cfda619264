import { z } from 'zod';
import { defineKind, flag, identifier, recordShape, text } from '../define-kind.ts';

const schema = z.strictObject({
  ...recordShape('role_grant'),
  /** Id of the identity record that holds the grant: one record for each identity, policy and path. */
  identity: identifier,
  /** What the policy hangs on. */
  grantee_type: z.enum(['user', 'group', 'role']),
  /** `direct`, or `group:<name>` */
  via: identifier,
  attachment: z.enum(['attached', 'inline']),
  /** The policy's or role's name. */
  policy: identifier,
  /** Its immutable reference, such as an ARN; empty for an inline one. */
  policy_ref: text,
  /** It allows everything on everything; null: what it allows could not be read. */
  administrator: z.boolean().nullable(),
  /** The account in which it holds; empty: the scope itself. */
  target: text.default(''),
});

/** A policy or role that an identity holds, directly or by a group. */
export type RoleGrantRecord = z.infer<typeof schema>;

export const roleGrant = defineKind<RoleGrantRecord>({
  name: 'role_grant',
  schema,
  tables: [
    {
      name: 'role_grant',
      ddl: [
        `CREATE TABLE role_grant (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          identity TEXT NOT NULL,
          grantee_type TEXT NOT NULL CHECK (grantee_type IN ('user', 'group', 'role')),
          via TEXT NOT NULL,
          attachment TEXT NOT NULL CHECK (attachment IN ('attached', 'inline')),
          policy TEXT NOT NULL,
          policy_ref TEXT NOT NULL,
          administrator INTEGER CHECK (administrator IN (0, 1)),
          target TEXT NOT NULL,
          level TEXT NOT NULL CHECK (level IN ('administrator', 'limited', 'unknown')),
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX role_grant_by_identity ON role_grant (identity)`,
      ],
    },
  ],
  rows: (record) => ({
    role_grant: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        identity: record.identity,
        grantee_type: record.grantee_type,
        via: record.via,
        attachment: record.attachment,
        policy: record.policy,
        policy_ref: record.policy_ref,
        administrator: flag(record.administrator),
        target: record.target === '' ? record.scope : record.target,
        // The same, never NULL: for checks that look at other rows than their own.
        level: record.administrator === null ? 'unknown' : record.administrator ? 'administrator' : 'limited',
      },
    ],
  }),
});
