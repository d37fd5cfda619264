import {
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  GetManagedPrefixListEntriesCommand,
} from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { NetworkRuleRecord } from '../../../inventory/kinds/network-rule.ts';
import { CollectorError } from '../../error.ts';
import { common, type Work } from '../dataset.ts';
import { read } from '../../read.ts';
import { arnOf, ec2Of, interfaces, itemsOf, PAGE } from './ec2.ts';
import { meansEverybody } from './everybody.ts';

const RULES = 'ec2:DescribeSecurityGroupRules';
const GROUPS = 'ec2:DescribeSecurityGroups';
const ENTRIES = 'ec2:GetManagedPrefixListEntries';

const group = z.object({
  GroupId: z.string().min(1),
  GroupName: z.string().min(1),
  OwnerId: z.string().min(1),
  /** Absent for a group of no network. */
  VpcId: z.string().default(''),
});
type Group = z.output<typeof group>;

const port = z.int().min(-1).max(65_535).optional();

const rule = z.object({
  SecurityGroupRuleId: z.string().min(1),
  GroupId: z.string().min(1),
  IsEgress: z.boolean(),
  IpProtocol: z.string().min(1),
  FromPort: port,
  ToPort: port,
  CidrIpv4: z.string().min(1).optional(),
  CidrIpv6: z.string().min(1).optional(),
  PrefixListId: z.string().min(1).optional(),
  ReferencedGroupInfo: z.object({ GroupId: z.string().min(1) }).optional(),
});
type Rule = z.output<typeof rule>;

/**
 * Every rule of every security group of the region. A group is in use when an interface bears it; interfaces that other accounts put
 * under a group that is shared with them are not seen.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
 */
export async function* collectRules(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const groups = await groupsOf(work);
  const used = await usedGroups(work);
  const lists = new Map<string, Promise<boolean | null>>();
  const items = itemsOf(
    work,
    RULES,
    (token, options) =>
      ec2Of(work).send(
        new DescribeSecurityGroupRulesCommand({ MaxResults: PAGE, NextToken: token }),
        options,
      ),
    ({ SecurityGroupRules }) => SecurityGroupRules,
  );
  for await (const item of items) {
    const known = read(RULES, `rule ${item.SecurityGroupRuleId ?? ''}`, rule, item);
    const of = groups.get(known.GroupId);
    if (of === undefined)
      throw new CollectorError(
        'incomplete',
        `${RULES}: ${known.SecurityGroupRuleId} belongs to ${known.GroupId}, which was not listed`,
      );
    yield recordOf(work, known, of, used.has(of.GroupId), await openToWorld(work, known, lists));
  }
}

function recordOf(
  work: Work,
  known: Rule,
  { GroupId, GroupName, OwnerId, VpcId }: Group,
  used: boolean,
  open: boolean | null,
): NetworkRuleRecord {
  return {
    ...common(work, 'network_rule', known.SecurityGroupRuleId),
    rule_set: arnOf(work, 'security-group', OwnerId, GroupId),
    rule_set_name: GroupName,
    // EC2 gives this name to the group that it makes with each network, and refuses it to all others.
    rule_set_default: GroupName === 'default',
    network: VpcId === '' ? '' : arnOf(work, 'vpc', OwnerId, VpcId),
    region: work.region,
    direction: known.IsEgress ? 'egress' : 'ingress',
    ...trafficOf(known),
    open_to_world: open,
    peer: peerOf(known),
    in_use: used,
  };
}

const NAMES: Readonly<Record<string, string>> = {
  '-1': 'all',
  '1': 'icmp',
  '6': 'tcp',
  '17': 'udp',
  '58': 'icmpv6',
};

/** Ports are told of TCP and UDP alone; -1, or none, is every port. */
function trafficOf({ IpProtocol, FromPort = -1, ToPort = -1, SecurityGroupRuleId }: Rule) {
  const protocol = NAMES[IpProtocol] ?? IpProtocol;
  const every = { protocol, first_port: 0, last_port: 65_535 };
  if (!['tcp', 'udp'].includes(protocol) || FromPort === -1 || ToPort === -1) return every;
  if (FromPort > ToPort)
    throw new CollectorError('malformed', `${RULES}: ${SecurityGroupRuleId}: ports ${FromPort} to ${ToPort}`);
  return { protocol, first_port: FromPort, last_port: ToPort };
}

function peerOf(known: Rule): string {
  const peer = known.CidrIpv4 ?? known.CidrIpv6 ?? known.PrefixListId ?? known.ReferencedGroupInfo?.GroupId;
  if (peer === undefined)
    throw new CollectorError('malformed', `${RULES}: ${known.SecurityGroupRuleId} names no peer`);
  return peer;
}

async function openToWorld(
  work: Work,
  { CidrIpv4, CidrIpv6, PrefixListId, SecurityGroupRuleId }: Rule,
  lists: Map<string, Promise<boolean | null>>,
): Promise<boolean | null> {
  const range = CidrIpv4 ?? CidrIpv6;
  if (range !== undefined) return meansEverybody([range], `${RULES}: ${SecurityGroupRuleId}`);
  if (PrefixListId === undefined) return false;
  const known = lists.get(PrefixListId) ?? listMeansEverybody(work, PrefixListId);
  lists.set(PrefixListId, known);
  return known;
}

/** Null: the list is not there any more, or its owner no longer shares it; its entries may still be in force. */
async function listMeansEverybody(work: Work, id: string): Promise<boolean | null> {
  const ranges: string[] = [];
  const entries = itemsOf(
    work,
    ENTRIES,
    (token, options) =>
      ec2Of(work).send(
        // 100 is the most that this operation gives on a page.
        new GetManagedPrefixListEntriesCommand({ PrefixListId: id, MaxResults: 100, NextToken: token }),
        options,
      ),
    ({ Entries }) => Entries,
  );
  try {
    for await (const { Cidr } of entries)
      ranges.push(read(ENTRIES, `an entry of ${id}`, z.string().min(1), Cidr));
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
  return meansEverybody(ranges, `${ENTRIES}: ${id}`);
}

/** EC2's list of error codes and its answers spell this one differently. */
function isGone(error: unknown): boolean {
  const cause = error instanceof CollectorError ? error.cause : undefined;
  return cause instanceof Error && /^InvalidPrefixListI[dD]\.NotFound$/.test(cause.name);
}

async function groupsOf(work: Work): Promise<ReadonlyMap<string, Group>> {
  const found = new Map<string, Group>();
  const items = itemsOf(
    work,
    GROUPS,
    (token, options) =>
      ec2Of(work).send(new DescribeSecurityGroupsCommand({ MaxResults: PAGE, NextToken: token }), options),
    ({ SecurityGroups }) => SecurityGroups,
  );
  for await (const item of items) {
    const known = read(GROUPS, `group ${item.GroupId ?? ''}`, group, item);
    found.set(known.GroupId, known);
  }
  return found;
}

async function usedGroups(work: Work): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for await (const { NetworkInterfaceId, Groups } of interfaces(work))
    for (const { GroupId } of read('ec2:DescribeNetworkInterfaces', NetworkInterfaceId ?? '', borne, Groups))
      used.add(GroupId);
  return used;
}

const borne = z.array(z.object({ GroupId: z.string().min(1) }));
