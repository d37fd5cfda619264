import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'policy',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    managed_by: z.enum(['organisation', 'vendor']),
    /** How many hold it. */
    attachments: z.int().nonnegative(),
    administrator: z.boolean(),
    /** Whether who holds it can give themselves everything. */
    can_escalate: z.boolean(),
    /** Services of which it allows every action on every resource; `*`: all, or all but named ones. */
    services: z.array(identifier),
  },
  { indexes: ['resource'], children: { services: 'policy_service' } },
);

/** A set of permissions that can be given to many. */
export type PolicyRecord = z.infer<typeof table.schema>;

export const policy = table.kind;
