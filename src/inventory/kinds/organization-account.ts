import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'organization_account',
  {
    /** The account's own id: the scope of what is collected in it. */
    account: identifier,
    name: text,
    status: z.enum(['active', 'suspended', 'closing', 'closed', 'pending']),
    management: z.boolean(),
    joined_at: instant.nullable(),
    tags,
  },
  {
    indexes: ['account'],
    computed: {
      /** Whether the Scope manifest names it, as a source in scope. */
      declared: { ddl: 'declared INTEGER NOT NULL DEFAULT 0 CHECK (declared IN (0, 1))', from: [] },
    },
  },
);

/** An account as its organisation lists it. */
export type OrganizationAccountRecord = z.infer<typeof table.schema>;

export const organizationAccount = table.kind;
