import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'maintenance_record',
  {
    equipment: identifier,
    status: z.enum(['planned', 'done', 'cancelled']),
    /** Null, here and below: the register doesn't tell, or it was not done. */
    due_at: instant.nullable(),
    done_at: instant.nullable(),
    /** The person or firm; empty: nobody is named. */
    performed_by: text,
    /** Whether they were allowed to. */
    authorised: z.boolean().nullable(),
  },
  { indexes: ['equipment'] },
);

/** One maintenance of one piece of equipment, planned or done. */
export const maintenanceRecord = table.kind;
