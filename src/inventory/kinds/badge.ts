import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'badge',
  {
    /** Empty: nobody is named. */
    holder: text,
    /** Whether it opens doors. */
    active: z.boolean(),
    /** `visitor`: lent for a day and to nobody in particular. */
    type: z.enum(['personal', 'visitor']),
    /** Null: the register doesn't tell. */
    issued_at: instant.nullable(),
  },
  { names: { holder: 'person' } },
);

/** A badge, card or key that opens doors. */
export const badge = table.kind;
