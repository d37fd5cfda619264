import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'role',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** The vendor made it for a service of its own, and the organisation can't change it. */
    vendor_managed: z.boolean(),
    /** It allows everything on everything; null: a policy could not be read. */
    administrator: z.boolean().nullable(),
    /** Whether who has it can give themselves everything; null: a policy could not be read. */
    can_escalate: z.boolean().nullable(),
    created_at: instant.nullable(),
    /** The latest of creation and use; null: not told. */
    last_active_at: instant.nullable(),
    /** Who may take it on. */
    trusts: z.array(
      z.strictObject({
        /** As the policy has it. */
        principal: identifier,
        /** `everyone`: a wildcard that no condition narrows to an account, an organisation or a service. */
        type: z.enum(['everyone', 'account', 'principal', 'service', 'federated']),
        /** The account it belongs to, or else the organisation of accounts; empty: none, or the organisation that the role's account is in. */
        account: z.string(),
        /** Whether an external id is asked for. */
        external_id: z.boolean(),
        /** Whether a condition narrows it; of an identity provider: whether it vouches for named users alone. */
        conditioned: z.boolean(),
      }),
    ),
    tags,
  },
  { indexes: ['resource'] },
);

/** A role that somebody or something takes on for a time, with who may. */
export type RoleRecord = z.infer<typeof table.schema>;

export const role = table.kind;
