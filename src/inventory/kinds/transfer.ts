import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const { schema, kind } = tableKind(
  'transfer',
  {
    /** Id of the person record. */
    person: identifier,
    /** Beginning of the first day in the new department; when not known, the as-of time of the last export that had the old one. */
    at: instant,
    at_known: z.boolean(),
    /** As-of time of the first export that told of it. */
    recorded_at: instant,
    from_department: text,
    to_department: text,
  },
  { indexes: ['person'] },
);

/** Somebody's move from one department to another. */
export type TransferRecord = z.infer<typeof schema>;

export const transfer = kind;
