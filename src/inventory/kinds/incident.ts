import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'incident',
  {
    /** Whoever leads the handling; empty: nobody is named. */
    owner: text,
    /** How far it is: `reported` until somebody decided that it is an incident; `dismissed` when it is none. */
    status: z.enum(['reported', 'triaged', 'contained', 'resolved', 'closed', 'dismissed']),
    severity: z.enum(['critical', 'high', 'medium', 'low', 'unrated']),
    /** Null, here and below: it has not come to that, or the register doesn't tell. `status` says which. */
    occurred_at: instant.nullable(),
    detected_at: instant.nullable(),
    reported_at: instant.nullable(),
    triaged_at: instant.nullable(),
    contained_at: instant.nullable(),
    resolved_at: instant.nullable(),
    /** Whether a review of its causes is on file. */
    lessons: z.boolean(),
    lessons_at: instant.nullable(),
    personal_data: z.boolean().nullable(),
    /** Whether authorities, customers or others have to be told, and were. */
    notification: z.enum(['undecided', 'not_required', 'required', 'told']),
    notification_due_at: instant.nullable(),
    told_at: instant.nullable(),
  },
  { names: { owner: 'person' } },
);

/** A security event that was reported, and what became of it, without its words. */
export const incident = table.kind;
