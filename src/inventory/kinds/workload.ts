import { z } from 'zod';
import { identifier } from '../define-kind.ts';
import { tableKind, tags } from '../table-kind.ts';

const table = tableKind(
  'workload',
  {
    name: identifier,
    namespace: identifier,
    /** In a namespace of the source's own parts. */
    system: z.boolean(),
    type: z.enum([
      'deployment',
      'stateful_set',
      'daemon_set',
      'replica_set',
      'replication_controller',
      'cron_job',
      'job',
      'pod',
    ]),
    /** How many are asked for; null: as many as there are nodes. */
    replicas: z.int().nonnegative().nullable(),
    service_account: identifier,
    default_account: z.boolean(),
    /** Whether its containers are given a token for the API server. */
    token_mounted: z.boolean(),
    privileged: z.boolean(),
    host_network: z.boolean(),
    host_pid: z.boolean(),
    host_ipc: z.boolean(),
    /** Whether it mounts a directory of the node. */
    host_path: z.boolean(),
    /** Whether a container may run as root; null: neither set here nor forbidden, so the image decides. */
    root: z.boolean().nullable(),
    /** Whether a process may get more rights than its parent. */
    escalation_allowed: z.boolean(),
    /** Capabilities that are added to a container's own, such as NET_ADMIN. */
    capabilities: z.array(z.strictObject({ name: identifier })),
    /** Whether every container's memory is limited, by its own word or by the namespace's default. */
    memory_limited: z.boolean(),
    /** Whether a network policy applies to it, so that only what is allowed comes in. */
    ingress_isolated: z.boolean(),
    egress_isolated: z.boolean(),
    /** Whether its pods are spread over zones: must be, should be, or are not told to be. */
    zone_spread: z.enum(['required', 'preferred', 'none']),
    /** Its labels. */
    tags,
  },
  { indexes: ['namespace'], children: { capabilities: 'workload_capability' } },
);

/** Something that runs containers, by what declares them: a deployment rather than each of its pods. */
export type WorkloadRecord = z.infer<typeof table.schema>;

export const workload = table.kind;
