import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'management_review',
  {
    status: z.enum(['planned', 'held', 'cancelled']),
    /** Null, here and below: the register doesn't tell, or it was not held. */
    planned_at: instant.nullable(),
    held_at: instant.nullable(),
    next_at: instant.nullable(),
    /** The member of top management who led it; empty: nobody is named. */
    chair: text,
    /** What was dealt with, by the letters of clause 9.3.2: `a`, `b`, ... */
    inputs: z.array(identifier),
    /** The numbers of what was decided, as the register of actions has them. */
    decisions: z.array(identifier),
  },
  { names: { chair: 'person' } },
);

/** Top management's review of the ISMS. */
export const managementReview = table.kind;
