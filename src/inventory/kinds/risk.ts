import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'risk',
  {
    /** Whoever answers for it; empty: nobody is named. */
    owner: text,
    status: z.enum(['open', 'treated', 'accepted', 'closed']),
    /** As it stands now. */
    level: z.enum(['low', 'medium', 'high', 'critical']),
    treatment: z.enum(['undecided', 'mitigate', 'accept', 'avoid', 'share']),
    /** When it was last assessed; null, here and below: the register doesn't tell. */
    reviewed_at: instant.nullable(),
    next_review_at: instant.nullable(),
    /** When the owner approved the plan for its treatment. */
    plan_approved_at: instant.nullable(),
    treatment_due_at: instant.nullable(),
    treated_at: instant.nullable(),
    /** Whoever accepted what is left of it; empty: nobody is named. */
    accepted_by: text,
    accepted_at: instant.nullable(),
  },
  { names: { owner: 'person', accepted_by: 'person' } },
);

/** A risk of the risk register, without its words. */
export const risk = table.kind;
