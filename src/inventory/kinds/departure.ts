import { z } from 'zod';
import { defineKind, flag, identifier, instant, recordShape } from '../define-kind.ts';

const schema = z.strictObject({
  ...recordShape('departure'),
  /** Id of the person record. */
  person: identifier,
  /** End of the last day; when not known, the as-of time of the last export that listed the person. */
  at: instant,
  at_known: z.boolean(),
  /** As-of time of the first export that told of it. */
  recorded_at: instant,
  /** They work here again: the register has a start after it. */
  returned: z.boolean().default(false),
});

/** Somebody's leaving. */
export type DepartureRecord = z.input<typeof schema>;

export const departure = defineKind<z.output<typeof schema>>({
  name: 'departure',
  schema,
  tables: [
    {
      name: 'departure',
      ddl: [
        `CREATE TABLE departure (
          _source INTEGER NOT NULL,
          id TEXT NOT NULL UNIQUE,
          source TEXT NOT NULL,
          scope TEXT NOT NULL,
          person TEXT NOT NULL,
          at INTEGER NOT NULL,
          at_known INTEGER NOT NULL CHECK (at_known IN (0, 1)),
          recorded_at INTEGER NOT NULL,
          returned INTEGER NOT NULL CHECK (returned IN (0, 1)),
          PRIMARY KEY (_source, id)
        ) STRICT, WITHOUT ROWID`,
        `CREATE INDEX departure_by_person ON departure (person)`,
      ],
    },
  ],
  rows: (record) => ({
    departure: [
      {
        id: record.id,
        source: record.source,
        scope: record.scope,
        person: record.person,
        at: record.at,
        at_known: flag(record.at_known),
        recorded_at: record.recorded_at,
        returned: flag(record.returned),
      },
    ],
  }),
});
