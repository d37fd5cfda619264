import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'corrective_action',
  {
    /** What it came out of. */
    origin: z.enum(['audit', 'incident', 'management_review', 'exercise', 'supplier', 'check', 'other']),
    /** The number of that, in its own register; empty: not told. */
    origin_reference: text,
    /** Whether it corrects a nonconformity; else it improves. */
    nonconformity: z.boolean(),
    /** Whoever has to see to it; empty: nobody is named. */
    owner: text,
    status: z.enum(['open', 'closed', 'cancelled']),
    opened_at: instant,
    /** Null, here and below: the register doesn't tell, or it has not come to that. */
    due_at: instant.nullable(),
    closed_at: instant.nullable(),
    /** Whether the cause was looked for. */
    cause_found: z.boolean().nullable(),
    /** Whether it was looked at afterwards if it worked. */
    effectiveness: z.enum(['unchecked', 'effective', 'ineffective']),
    effectiveness_checked_at: instant.nullable(),
  },
  { names: { owner: 'person' } },
);

/** Something that was to be put right or made better, and how far it is. */
export const correctiveAction = table.kind;
