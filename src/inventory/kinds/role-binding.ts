import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'role_binding',
  {
    /** The binding's own name. */
    name: identifier,
    /** Where it holds; empty: in the whole cluster. */
    namespace: text,
    subject_type: z.enum(['user', 'group', 'service_account']),
    subject: identifier,
    /** Of a service account; empty for others. */
    subject_namespace: text,
    /** Id of the identity record of the subject; empty: a group, whose members the source doesn't know, or a part of the source itself. */
    identity: text,
    /** Whether the subject is everybody, everybody who is signed in, or every service account of a namespace or of all. */
    everybody: z.boolean(),
    /** Whether the subject is the account that workloads get when they name none. */
    default_account: z.boolean(),
    role: identifier,
    /** Whether the role is defined for the cluster, or in the namespace of the binding. */
    role_scope: z.enum(['cluster', 'namespace']),
    /** False: the role isn't there, and the binding grants nothing now. */
    role_found: z.boolean(),
    /** Everything on everything, where the binding holds. */
    administrator: z.boolean(),
    /** Every verb, or every resource of a group or of all. */
    wildcard: z.boolean(),
    /** It lets the subject get rights that it doesn't hold: bind, escalate, impersonate, tokens of service accounts. */
    escalates: z.boolean(),
    reads_secrets: z.boolean(),
    /** Commands in, or a way into, running workloads: exec, attach, port-forward, ephemeral containers, a node's proxy. */
    executes: z.boolean(),
    /** The source made the binding itself, for its own parts. */
    vendor_managed: z.boolean(),
  },
  { indexes: ['identity', 'subject'] },
);

/** One subject of one binding of a role: what it may do, and where. */
export type RoleBindingRecord = z.infer<typeof table.schema>;

export const roleBinding = table.kind;
