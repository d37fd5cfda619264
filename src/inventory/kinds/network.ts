import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'network',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** The vendor made it. */
    vendor_default: z.boolean(),
    /** Whether anything lives in it; null: not told. */
    in_use: z.boolean().nullable(),
    /** Whether its flows are logged, by a log that works now. */
    flow_logged: z.boolean(),
    /** What traffic that log takes. */
    flow_traffic: z.enum(['all', 'accepted', 'rejected', 'none']),
    tags,
  },
  { indexes: ['resource'] },
);

/** A virtual network. */
export type NetworkRecord = z.infer<typeof table.schema>;

export const network = table.kind;
