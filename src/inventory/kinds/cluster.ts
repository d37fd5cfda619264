import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'cluster',
  {
    /** The vendor's own name of it that is like no other, such as an ARN: what other records refer to it by. */
    resource: identifier,
    name: text,
    /** Empty where it lies in no one region. */
    region: text,
    version: identifier,
    /** When the vendor stops to mend this version at no extra charge; null: not told. */
    supported_until: instant.nullable(),
    /** Whether Secrets are encrypted with a key of the organisation's own. */
    secrets_encrypted: z.boolean(),
    audit_logged: z.boolean(),
    /** Whether its API can be reached from the internet. */
    public_endpoint: z.boolean(),
    /** Whether from every address. */
    open_to_world: z.boolean(),
    logs: z.array(identifier),
    tags,
  },
  { indexes: ['resource'] },
);

/** A Kubernetes cluster, as the service that runs it tells. */
export type ClusterRecord = z.infer<typeof table.schema>;

export const cluster = table.kind;
