import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'supplier',
  {
    name: identifier,
    status: z.enum(['planned', 'active', 'ended']),
    /** Whoever answers for it inside; empty: nobody is named. */
    owner: text,
    criticality: z.enum(['critical', 'high', 'medium', 'low']),
    /** Whether it is a provider of cloud services. */
    cloud: z.boolean(),
    /** Whether it can reach the organisation's information or systems; null, here and below: the register doesn't tell. */
    access: z.boolean().nullable(),
    risk_assessed_at: instant.nullable(),
    service_started_at: instant.nullable(),
    contract_signed_at: instant.nullable(),
    /** Whether the contract carries the security terms that the organisation requires. */
    security_clauses: z.boolean().nullable(),
    /** Whether it is written down which duties are whose. */
    responsibilities: z.boolean().nullable(),
    /** Whether it is planned how the service is left. */
    exit_plan: z.boolean().nullable(),
    last_review_at: instant.nullable(),
    next_review_at: instant.nullable(),
    /** By which the systems know it: account ids, OAuth client ids, domains. */
    identifiers: z.array(identifier),
  },
  { indexes: ['status'], names: { owner: 'person' } },
);

/** Somebody who supplies goods or services that bear on security. */
export const supplier = table.kind;
