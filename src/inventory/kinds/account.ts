import { z } from 'zod';
import { defineKind, flag, recordShape, text } from '../define-kind.ts';

const count = z.int().nonnegative();

const schema = z.strictObject({
  ...recordShape('account'),
  /** Empty: it has none. */
  title: text,
  has_password_policy: z.boolean(),
  /** What follows is 0 or false without a policy, for then nothing is required. */
  password_min_length: count,
  /** Days; 0: passwords never expire. */
  password_max_age_days: count,
  /** How many earlier passwords may not be used again. */
  password_reuse_prevention: count,
  password_requires_symbols: z.boolean(),
  password_requires_numbers: z.boolean(),
  password_requires_uppercase: z.boolean(),
  password_requires_lowercase: z.boolean(),
  /** Of the account's all-powerful user; null: the source can't say. */
  root_has_password: z.boolean().nullable(),
  root_second_factor: z.boolean().nullable(),
  root_access_keys: count.nullable(),
  users: count,
  groups: count,
  roles: count,
  policies: count,
});

/** An account, organisation or tenant of a source: its password policy, its root user and how much it holds. */
export type AccountRecord = z.infer<typeof schema>;

export const account = defineKind<AccountRecord>({
  name: 'account',
  schema,
  tables: [
    {
      name: 'account',
      ddl: [
        `CREATE TABLE account (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          title TEXT NOT NULL,
          has_password_policy INTEGER NOT NULL CHECK (has_password_policy IN (0, 1)),
          password_min_length INTEGER NOT NULL,
          password_max_age_days INTEGER NOT NULL,
          password_reuse_prevention INTEGER NOT NULL,
          password_requires_symbols INTEGER NOT NULL CHECK (password_requires_symbols IN (0, 1)),
          password_requires_numbers INTEGER NOT NULL CHECK (password_requires_numbers IN (0, 1)),
          password_requires_uppercase INTEGER NOT NULL CHECK (password_requires_uppercase IN (0, 1)),
          password_requires_lowercase INTEGER NOT NULL CHECK (password_requires_lowercase IN (0, 1)),
          root_has_password INTEGER CHECK (root_has_password IN (0, 1)),
          root_second_factor INTEGER CHECK (root_second_factor IN (0, 1)),
          root_access_keys INTEGER,
          users INTEGER NOT NULL,
          groups INTEGER NOT NULL,
          roles INTEGER NOT NULL,
          policies INTEGER NOT NULL,
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX account_by_scope ON account (scope)`,
      ],
    },
  ],
  rows: (record) => ({
    account: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        title: record.title,
        has_password_policy: flag(record.has_password_policy),
        password_min_length: record.password_min_length,
        password_max_age_days: record.password_max_age_days,
        password_reuse_prevention: record.password_reuse_prevention,
        password_requires_symbols: flag(record.password_requires_symbols),
        password_requires_numbers: flag(record.password_requires_numbers),
        password_requires_uppercase: flag(record.password_requires_uppercase),
        password_requires_lowercase: flag(record.password_requires_lowercase),
        root_has_password: flag(record.root_has_password),
        root_second_factor: flag(record.root_second_factor),
        root_access_keys: record.root_access_keys,
        users: record.users,
        groups: record.groups,
        roles: record.roles,
        policies: record.policies,
      },
    ],
  }),
});
