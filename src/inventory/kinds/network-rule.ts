import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'network_rule',
  {
    /** The `resource` of the set of rules that it belongs to. */
    rule_set: identifier,
    rule_set_name: text,
    /** The vendor made the set, and it is in force on whatever names no other. */
    rule_set_default: z.boolean(),
    /** The `resource` of the network; empty: not told. */
    network: text,
    /** Empty where it lies in no one region. */
    region: text,
    direction: z.enum(['ingress', 'egress']),
    /** `all`, or as the source has it: tcp, udp, icmp, or a protocol's number. */
    protocol: identifier,
    /** 0 to 65535 for every port, and for protocols without any. */
    first_port: z.int().min(0).max(65_535),
    last_port: z.int().min(0).max(65_535),
    /** Whether everybody in the world is meant; null: a list that could not be resolved. */
    open_to_world: z.boolean().nullable(),
    /** The addresses, group or list that it names, as the source has it. */
    peer: text,
    /** Whether the set of rules is in force on anything; null: not told. */
    in_use: z.boolean().nullable(),
  },
  { indexes: ['rule_set'] },
);

/** A rule that lets traffic through. */
export type NetworkRuleRecord = z.infer<typeof table.schema>;

export const networkRule = table.kind;
