import type {
  Address,
  FlowLog,
  NetworkInterface,
  PrefixListEntry,
  SecurityGroup,
  SecurityGroupRule,
  Vpc,
} from '@aws-sdk/client-ec2';
import { type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

/** What a region of an account holds, as EC2 tells it. */
export interface Region {
  readonly Vpcs: readonly Vpc[];
  readonly FlowLogs: readonly FlowLog[];
  readonly SecurityGroups: readonly SecurityGroup[];
  readonly SecurityGroupRules: readonly SecurityGroupRule[];
  readonly NetworkInterfaces: readonly NetworkInterface[];
  readonly Addresses: readonly Address[];
  /** By id; a list that is not here can't be found. */
  readonly lists: Readonly<Record<string, readonly PrefixListEntry[]>>;
}

export interface NetworkEstateOptions extends EstateOptions {
  /** What differs from a healthy region. */
  readonly change?: (healthy: Region) => Region;
}

const id = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(17, '0')}`;

/**
 * A region where everything is as it should be: a network whose flows are logged and an empty one; its default group without rules; `size`
 * groups open to everybody on 443 and to an own list on 22, each on an interface with a reserved address; a gateway to the outside.
 */
function healthyRegion({ size = 3 }: EstateOptions, account: string): Region {
  const [live, idle] = [id('vpc', 1), id('vpc', 2)];
  const numbers = Array.from({ length: size }, (_, index) => index + 1);
  const owner = { OwnerId: account };
  return {
    Vpcs: [
      { ...owner, VpcId: live, IsDefault: false, Tags: [{ Key: 'Name', Value: 'live' }] },
      { ...owner, VpcId: idle, IsDefault: true },
    ],
    FlowLogs: [
      flowLog(1, live, { TrafficType: 'ACCEPT' }),
      flowLog(2, live, { TrafficType: 'REJECT' }),
      flowLog(3, id('subnet', 1), { TrafficType: 'ALL' }),
    ],
    SecurityGroups: [
      { ...owner, GroupId: id('sg', 0), GroupName: 'default', VpcId: live },
      ...numbers.map((number) => ({
        ...owner,
        GroupId: id('sg', number),
        GroupName: `web-${number}`,
        VpcId: live,
      })),
    ],
    SecurityGroupRules: numbers.flatMap((number) => [
      rule(3 * number, number, { FromPort: 443, ToPort: 443, CidrIpv4: '0.0.0.0/0' }),
      rule(3 * number + 1, number, { FromPort: 22, ToPort: 22, PrefixListId: id('pl', 1) }),
      rule(3 * number + 2, number, {
        IsEgress: true,
        IpProtocol: '-1',
        FromPort: -1,
        ToPort: -1,
        CidrIpv6: '::/0',
      }),
    ]),
    NetworkInterfaces: [
      {
        ...owner,
        NetworkInterfaceId: id('eni', 0),
        VpcId: live,
        InterfaceType: 'natGateway',
        Groups: [],
        PrivateIpAddresses: [{ Association: { PublicIp: '198.51.100.1' } }],
      },
      ...numbers.map((number) => ({
        ...owner,
        NetworkInterfaceId: id('eni', number),
        VpcId: live,
        InterfaceType: 'interface' as const,
        Groups: [{ GroupId: id('sg', number) }],
        Association: { PublicIp: ip(number) },
        PrivateIpAddresses: [{ Association: { PublicIp: ip(number) } }, { PrivateIpAddress: '10.0.0.9' }],
        Ipv6Addresses: [{ Ipv6Address: `2001:db8::${number.toString(16)}` }],
      })),
    ],
    Addresses: [
      ...numbers.map((number) => ({
        AllocationId: id('eipalloc', number),
        AssociationId: id('eipassoc', number),
        NetworkInterfaceId: id('eni', number),
        NetworkInterfaceOwnerId: account,
        PublicIp: ip(number),
      })),
      { AllocationId: id('eipalloc', 0), PublicIp: '198.51.100.200' },
    ],
    lists: { [id('pl', 1)]: numbers.map((number) => ({ Cidr: `192.0.2.${number % 256}/32` })) },
  };
}

export function flowLog(number: number, resource: string, fields: Partial<FlowLog>): FlowLog {
  return {
    FlowLogId: id('fl', number),
    ResourceId: resource,
    FlowLogStatus: 'ACTIVE',
    DeliverLogsStatus: 'SUCCESS',
    ...fields,
  };
}

/** A rule of TCP that lets in, of the group of that number, unless told otherwise. */
export function rule(number: number, group: number, fields: Partial<SecurityGroupRule>): SecurityGroupRule {
  return {
    SecurityGroupRuleId: id('sgr', number),
    GroupId: id('sg', group),
    IsEgress: false,
    IpProtocol: 'tcp',
    ...fields,
  };
}

export { id as ec2Id };

const ip = (number: number): string =>
  `203.${Math.floor(number / 65_536)}.${Math.floor(number / 256) % 256}.${number % 256}`;

/** Every region of every account is alike, but for the ids of its owner. */
export function networkEstate(options: NetworkEstateOptions): Handlers {
  const { pageSize = 1000, change = (healthy) => healthy } = options;
  const made = new Map<string, Region>();
  const regionOf = (account: string): Region => {
    const known = made.get(account) ?? change(healthyRegion(options, account));
    made.set(account, known);
    return known;
  };
  const listing =
    <K extends Exclude<keyof Region, 'lists' | 'Addresses'>>(member: K) =>
    (
      { NextToken, MaxResults }: { NextToken?: string; MaxResults?: number },
      { account, missing }: { account: string; missing: boolean },
    ) => {
      const size = Math.min(pageSize, MaxResults ?? pageSize);
      const { items, next } = pageOf<Region[K][number]>(regionOf(account)[member], size, NextToken, missing);
      return { [member]: items, NextToken: next };
    };
  return {
    'ec2:DescribeVpcs': listing('Vpcs'),
    'ec2:DescribeFlowLogs': listing('FlowLogs'),
    'ec2:DescribeSecurityGroups': listing('SecurityGroups'),
    'ec2:DescribeSecurityGroupRules': listing('SecurityGroupRules'),
    'ec2:DescribeNetworkInterfaces': listing('NetworkInterfaces'),
    'ec2:DescribeAddresses': (_, { account }) => ({ Addresses: regionOf(account).Addresses }),
    'ec2:GetManagedPrefixListEntries': (
      { PrefixListId, NextToken }: { PrefixListId?: string; NextToken?: string },
      { account, missing },
    ) => {
      const entries = regionOf(account).lists[PrefixListId ?? ''];
      if (entries === undefined) throw refuse('InvalidPrefixListID.NotFound');
      const { items, next } = pageOf(entries, Math.min(pageSize, 100), NextToken, missing);
      return { Entries: items, NextToken: next };
    },
  };
}
