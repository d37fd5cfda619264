import { z } from 'zod';
import { defineKind, distinctNoCase, identifier, instant, recordShape, text } from '../define-kind.ts';

const schema = z.strictObject({
  ...recordShape('person'),
  /** Work e-mail address; empty: the register has none. */
  email: z.union([z.literal(''), identifier]),
  /** Other logins and addresses, as such or as `<source>:<login>` for one source alone, such as `github:octocat`. */
  logins: z.array(identifier),
  /** `vanished`: no longer listed, without a last day. */
  status: z.enum(['active', 'leave', 'left', 'vanished', 'future']),
  start_at: instant.nullable(),
  /** `other`: neither employed nor under contract with the organisation itself, such as a temp of an agency; null: the register can't say. */
  type: z.enum(['employee', 'contractor', 'other']).nullable().default(null),
  /** Id of the person record of whom they report to; empty: nobody, or the register can't say. */
  manager: z.union([z.literal(''), identifier]).default(''),
  department: text.default(''),
});

/** Somebody whom the HR register knows. Without a name: checks need none. */
export type PersonRecord = z.input<typeof schema>;

export const person = defineKind<z.output<typeof schema>>({
  name: 'person',
  schema,
  tables: [
    {
      name: 'person',
      ddl: [
        `CREATE TABLE person (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          email TEXT NOT NULL COLLATE NOCASE,
          status TEXT NOT NULL CHECK (status IN ('active', 'leave', 'left', 'vanished', 'future')),
          start_at INTEGER,
          type TEXT CHECK (type IN ('employee', 'contractor', 'other')),
          manager TEXT NOT NULL,
          department TEXT NOT NULL,
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX person_by_email ON person (email)`,
      ],
    },
    {
      // The work address is among them.
      name: 'person_login',
      ddl: [
        `CREATE TABLE person_login (
          _source INTEGER NOT NULL,
          person TEXT NOT NULL,
          login TEXT NOT NULL COLLATE NOCASE,
          PRIMARY KEY (person, login)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX person_login_by_login ON person_login (login)`,
      ],
    },
  ],
  rows: (record) => ({
    person: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        email: record.email,
        status: record.status,
        start_at: record.start_at,
        type: record.type,
        manager: record.manager,
        department: record.department,
      },
    ],
    person_login: distinctNoCase(record.email === '' ? record.logins : [record.email, ...record.logins]).map(
      (login) => ({ person: record.id, login }),
    ),
  }),
});
