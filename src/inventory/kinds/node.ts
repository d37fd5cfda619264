import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('node', {
  name: identifier,
  /** As the node's agent names it, such as v1.36.3. */
  version: identifier,
  /** The second number of that version; null: it has none. */
  minor: z.int().nonnegative().nullable(),
  /** Of the cluster's API server. */
  server_version: identifier,
  server_minor: z.int().nonnegative().nullable(),
  runtime: text,
  operating_system: text,
  kernel: text,
  /** False: it is not ready, or doesn't say so any more. */
  ready: z.boolean(),
  /** Empty: not told. */
  zone: text,
});

/** A machine of a cluster. */
export type NodeRecord = z.infer<typeof table.schema>;

export const node = table.kind;
