import { z } from 'zod';
import { defineKind, distinctNoCase, flag, identifier, instant, recordShape, text } from '../define-kind.ts';

const schema = z.strictObject({
  ...recordShape('identity'),
  name: text,
  /** `root`: an account's all-powerful user; `service`: only where the source itself tells services from users. */
  type: z.enum(['user', 'root', 'service']),
  /** False: the source refuses every use of it. */
  enabled: z.boolean(),
  /** Whether it can sign in interactively; null: the source can't say. */
  can_sign_in: z.boolean().nullable(),
  second_factor: z.boolean().nullable(),
  /** Whether the source refuses a sign-in without one; null: the source can't say. */
  second_factor_enforced: z.boolean().nullable().default(null),
  /** Somebody from outside the organisation, as the source has it: an outside collaborator, a guest. */
  external: z.boolean().default(false),
  created_at: instant.nullable(),
  /** The latest of creation and any use. */
  last_active_at: instant.nullable(),
  /** Every login and e-mail address it is known by. */
  logins: z.array(identifier),
  groups: z.array(identifier),
  tags: z.array(z.strictObject({ key: identifier, value: text })),
});

/** Somebody or something that can act in a source. */
export type IdentityRecord = z.input<typeof schema>;

export const identity = defineKind<z.output<typeof schema>>({
  name: 'identity',
  schema,
  tables: [
    {
      name: 'identity',
      ddl: [
        // owner and owner_reason are computed after every load (owner.ts).
        `CREATE TABLE identity (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          name TEXT NOT NULL,
          type TEXT NOT NULL CHECK (type IN ('user', 'root', 'service')),
          enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
          can_sign_in INTEGER CHECK (can_sign_in IN (0, 1)),
          second_factor INTEGER CHECK (second_factor IN (0, 1)),
          second_factor_enforced INTEGER CHECK (second_factor_enforced IN (0, 1)),
          external INTEGER NOT NULL CHECK (external IN (0, 1)),
          sign_in TEXT NOT NULL CHECK (sign_in IN ('yes', 'no', 'unknown')),
          created_at INTEGER,
          last_active_at INTEGER,
          owner TEXT NOT NULL DEFAULT '',
          owner_reason TEXT NOT NULL DEFAULT 'none'
            CHECK (owner_reason IN ('email', 'login', 'plus-address', 'map', 'declared-service', 'ambiguous', 'missing', 'none')),
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX identity_by_owner ON identity (owner)`,
      ],
    },
    {
      name: 'identity_login',
      ddl: [
        `CREATE TABLE identity_login (
          _source INTEGER NOT NULL,
          identity TEXT NOT NULL,
          login TEXT NOT NULL COLLATE NOCASE,
          PRIMARY KEY (identity, login)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX identity_login_by_login ON identity_login (login)`,
      ],
    },
    {
      name: 'identity_group',
      ddl: [
        `CREATE TABLE identity_group (
          _source INTEGER NOT NULL,
          identity TEXT NOT NULL,
          name TEXT NOT NULL,
          PRIMARY KEY (identity, name)
        ) STRICT, WITHOUT ROWID`,
      ],
    },
    {
      name: 'identity_tag',
      ddl: [
        `CREATE TABLE identity_tag (
          _source INTEGER NOT NULL,
          identity TEXT NOT NULL,
          key TEXT NOT NULL,
          value TEXT NOT NULL,
          PRIMARY KEY (identity, key)
        ) STRICT, WITHOUT ROWID`,
      ],
    },
  ],
  computed: {
    owner: ['departure', 'identity_login', 'person', 'person_login'],
    owner_reason: ['departure', 'identity_login', 'person', 'person_login'],
  },
  rows: (record) => ({
    identity: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        name: record.name,
        type: record.type,
        enabled: flag(record.enabled),
        can_sign_in: flag(record.can_sign_in),
        second_factor: flag(record.second_factor),
        second_factor_enforced: flag(record.second_factor_enforced),
        external: flag(record.external),
        // Whether it can sign in now, never NULL: for checks that look at other rows than their own.
        sign_in: signIn(record),
        created_at: record.created_at,
        last_active_at: record.last_active_at,
      },
    ],
    identity_login: distinctNoCase(record.logins).map((login) => ({ identity: record.id, login })),
    identity_group: record.groups.map((name) => ({ identity: record.id, name })),
    identity_tag: record.tags.map(({ key, value }) => ({ identity: record.id, key, value })),
  }),
});

function signIn({ enabled, can_sign_in }: Pick<IdentityRecord, 'enabled' | 'can_sign_in'>): string {
  if (!enabled || can_sign_in === false) return 'no';
  return can_sign_in === null ? 'unknown' : 'yes';
}
