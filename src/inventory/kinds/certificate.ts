import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'certificate',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    /** The main name it is for. */
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    type: z.enum(['issued', 'imported', 'private']),
    status: z.enum(['valid', 'pending', 'expired', 'inactive', 'revoked', 'failed']),
    in_use: z.boolean(),
    /** `automatic`: the service renews it by itself. */
    renewal: z.enum(['automatic', 'manual']),
    /** Whether the last renewal failed or waits for somebody. */
    renewal_stuck: z.boolean(),
    not_before: instant.nullable(),
    not_after: instant.nullable(),
    /** As the service names them, such as RSA-2048. */
    key_algorithm: text,
    signature_algorithm: text,
    names: z.array(identifier),
    tags,
  },
  { indexes: ['resource'] },
);

/** A certificate for TLS that a service keeps or renews. */
export type CertificateRecord = z.infer<typeof table.schema>;

export const certificate = table.kind;
