import { z } from 'zod';
import { instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'alert',
  {
    type: z.enum(['threat', 'configuration', 'access']),
    /** The service's own name of what it found. */
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** The `resource` it is about. */
    resource: text,
    resource_type: text,
    severity: z.enum(['critical', 'high', 'medium', 'low', 'none']),
    /** `suppressed`: a rule hid it or somebody put it away unsolved. */
    status: z.enum(['open', 'suppressed', 'resolved']),
    first_seen_at: instant,
    last_seen_at: instant,
    /** For access: whether everybody has it. */
    public: z.boolean().nullable(),
    /** For access: who has it. */
    principal: text,
  },
  { indexes: [['scope', 'type', 'status']] },
);

/** Something that a detector found and that waits for somebody, or was dealt with. */
export type AlertRecord = z.infer<typeof table.schema>;

export const alert = table.kind;
