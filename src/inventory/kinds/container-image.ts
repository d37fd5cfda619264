import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'container_image',
  {
    namespace: identifier,
    /** In a namespace of the source's own parts. */
    system: z.boolean(),
    /** What runs it, in the source's own words, such as ReplicaSet. */
    workload_type: identifier,
    workload: identifier,
    /** As it is written. */
    image: identifier,
    /** The host that it comes from. */
    registry: identifier,
    /** The registry with the path. */
    repository: identifier,
    /** Whether it is named by its digest, so that it can't change behind its name. */
    pinned: z.boolean(),
    /** The digest that it is named by; empty: none. */
    digest: text,
    /** The digest that runs; empty: it doesn't run yet, or the node doesn't tell. */
    running_digest: text,
  },
  { indexes: ['running_digest'] },
);

/** An image that containers of a workload are made of. */
export type ContainerImageRecord = z.infer<typeof table.schema>;

export const containerImage = table.kind;
