import { z } from 'zod';
import { identifier } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

/** A level of the Pod Security Standards; `none`: no label; null: a word that is none of them. */
const level = z.enum(['privileged', 'baseline', 'restricted', 'none']).nullable();

const table = tableKind(
  'namespace',
  {
    name: identifier,
    /** Of the source's own parts: kube-system, kube-public, kube-node-lease. */
    system: z.boolean(),
    enforced_level: level,
    /** `latest`, or a minor version such as `v1.34`; empty: not pinned. */
    enforced_version: z.string(),
    audited_level: level,
    warned_level: level,
    /** Whether a network policy takes in every pod, so that only what is allowed comes in, and none lets everything in to all. */
    default_deny_ingress: z.boolean(),
    default_deny_egress: z.boolean(),
    /** Its labels. */
    tags,
  },
  { indexes: ['name'] },
);

/** A part of a cluster that is kept apart by name. */
export type NamespaceRecord = z.infer<typeof table.schema>;

export const namespace = table.kind;
