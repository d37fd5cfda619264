import { z } from 'zod';
import { defineKind, flag, identifier, instant, recordShape } from '../define-kind.ts';

const schema = z.strictObject({
  ...recordShape('credential'),
  /** Id of the identity record that it lets in. */
  identity: identifier,
  /** `mfa`: a second factor of which the source tells no more. */
  type: z.enum(['password', 'access_key', 'virtual_mfa', 'mfa']),
  active: z.boolean(),
  created_at: instant.nullable(),
  /** When the secret was last set: the creation of a key, the last change of a password. */
  rotated_at: instant.nullable(),
  /** Whether it was ever used; null: the source can't say. */
  used: z.boolean().nullable(),
  /** The latest of creation, rotation and use. */
  last_active_at: instant.nullable(),
});

/** What lets an identity in: a password, a key, a second factor. */
export type CredentialRecord = z.infer<typeof schema>;

export const credential = defineKind<CredentialRecord>({
  name: 'credential',
  schema,
  tables: [
    {
      name: 'credential',
      ddl: [
        `CREATE TABLE credential (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          identity TEXT NOT NULL,
          type TEXT NOT NULL CHECK (type IN ('password', 'access_key', 'virtual_mfa', 'mfa')),
          active INTEGER NOT NULL CHECK (active IN (0, 1)),
          created_at INTEGER,
          rotated_at INTEGER,
          used INTEGER CHECK (used IN (0, 1)),
          last_active_at INTEGER,
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX credential_by_identity ON credential (identity, type, active)`,
      ],
    },
  ],
  rows: (record) => ({
    credential: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        identity: record.identity,
        type: record.type,
        active: flag(record.active),
        created_at: record.created_at,
        rotated_at: record.rotated_at,
        used: flag(record.used),
        last_active_at: record.last_active_at,
      },
    ],
  }),
});
