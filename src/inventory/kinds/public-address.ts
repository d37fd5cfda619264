import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'public_address',
  {
    address: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    type: z.enum(['reserved', 'interface', 'other']),
    /** Whether something answers at it. */
    attached: z.boolean(),
    /** Whether connections can come in at it: not while nothing is attached, nor through what only lets out. */
    inbound: z.boolean(),
    /** The `resource` it is attached to; empty: none. */
    resource: text,
    /** The `resource` of each set of rules in force on it. */
    rule_sets: z.array(identifier),
    tags,
  },
  { indexes: ['address'] },
);

/** An address that the internet can reach. */
export type PublicAddressRecord = z.infer<typeof table.schema>;

export const publicAddress = table.kind;
