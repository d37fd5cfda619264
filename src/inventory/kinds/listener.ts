import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'listener',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    /** The `resource` of its load balancer. */
    balancer: identifier,
    internet_facing: z.boolean(),
    protocol: z.enum(['http', 'https', 'tcp', 'tls', 'udp', 'tcp_udp', 'quic', 'other']),
    port: z.int().nonnegative(),
    /** Whether it speaks TLS itself. */
    encrypted: z.boolean(),
    /** Whether all it does is to send clients to HTTPS. */
    redirects: z.boolean(),
    /** The oldest version that it accepts; null: it speaks none, or the source can't say. */
    min_tls: z.enum(['SSLv3', '1.0', '1.1', '1.2', '1.3']).nullable(),
    /** The name of its set of protocols and ciphers; empty: none. */
    policy: text,
    certificates: z.array(identifier),
  },
  { indexes: ['resource', 'balancer'] },
);

/** A port on which a load balancer or gateway takes connections. */
export type ListenerRecord = z.infer<typeof table.schema>;

export const listener = table.kind;
