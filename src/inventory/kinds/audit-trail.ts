import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'audit_trail',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Where it is administered. */
    region: text,
    /** The account it belongs to: the organisation's own, for a trail of the whole organisation. */
    account: identifier,
    organisation_wide: z.boolean(),
    multi_region: z.boolean(),
    /**
     * Whether the source tells here what the trail does. A member of an organisation sees its trail, but only the account that it belongs to may ask
     * more: then the next facts are false, and the record of that account tells them.
     */
    readable: z.boolean(),
    /** Now, by the service's word. */
    logging: z.boolean(),
    /** Whether digests let alterations of its files be found. */
    validated: z.boolean(),
    /** Whether it takes every management event, reads and writes. */
    management_reads: z.boolean(),
    management_writes: z.boolean(),
    /** Whether it takes accesses to data, of any kind of resource. */
    data_events: z.boolean(),
    /** The name of the bucket that it writes to. */
    bucket: text,
    encryption_key: text,
    /** Whether it goes to a log store, too, where it can be searched and alarmed on. */
    searchable: z.boolean(),
    last_delivered_at: instant.nullable(),
    /** Whether the last delivery failed. */
    delivery_failed: z.boolean(),
  },
  { indexes: ['resource', 'account', 'scope', 'bucket'] },
);

/** A service's log of who did what in an account, organisation or cluster. */
export type AuditTrailRecord = z.infer<typeof table.schema>;

export const auditTrail = table.kind;
