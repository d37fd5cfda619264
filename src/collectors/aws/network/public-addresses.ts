import { DescribeAddressesCommand, type NetworkInterface } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { PublicAddressRecord } from '../../../inventory/kinds/public-address.ts';
import { common, type Work } from '../dataset.ts';
import { listed, read } from '../../read.ts';
import { arnOf, ec2Of, interfaces, nameOf, tagSet } from './ec2.ts';
import { isPublic } from './everybody.ts';

const ADDRESSES = 'ec2:DescribeAddresses';
const INTERFACES = 'ec2:DescribeNetworkInterfaces';

const address = z.object({
  PublicIp: z.string().min(1),
  AllocationId: z.string().min(1).optional(),
  NetworkInterfaceId: z.string().optional(),
  NetworkInterfaceOwnerId: z.string().optional(),
  InstanceId: z.string().optional(),
  AssociationId: z.string().optional(),
  Tags: tagSet,
});
type Address = z.output<typeof address>;

const association = z
  .object({ PublicIp: z.string().optional(), CarrierIp: z.string().optional() })
  .optional();

const face = z.object({
  NetworkInterfaceId: z.string().min(1),
  OwnerId: z.string().min(1),
  InterfaceType: z.string().default('interface'),
  Groups: z.array(z.object({ GroupId: z.string().min(1) })),
  Association: association,
  PrivateIpAddresses: z.array(z.object({ Association: association })).default([]),
  Ipv6Addresses: z.array(z.object({ Ipv6Address: z.string().min(1) })).default([]),
  Ipv6Prefixes: z.array(z.object({ Ipv6Prefix: z.string().min(1) })).default([]),
  /** EC2 itself keeps the internet away from its IPv6 addresses. */
  DenyAllIgwTraffic: z.boolean().default(false),
  TagSet: tagSet,
});
type Face = z.output<typeof face>;

/** What only lets connections out; the API's reference and its answers spell it differently. */
const OUTWARD = new Set(['nat_gateway', 'natGateway']);

/**
 * Addresses that the account reserved, attached or not, and those that its interfaces in the region have, by themselves or by a service.
 * Whether a route leads to them is not asked: every public IPv6 address of an interface counts, but for those that EC2 shields.
 * Addresses of services without an interface in the account, such as CloudFront or API Gateway, are not there.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html
 */
export async function* collectAddresses(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const reserved = await reservedAddresses(work);
  const byInterface = Map.groupBy(reserved.values(), ({ NetworkInterfaceId }) => NetworkInterfaceId ?? '');
  for await (const item of interfaces(work)) {
    const known = readFace(item);
    const here = byInterface.get(known.NetworkInterfaceId) ?? [];
    for (const ip of new Set([...here.map(({ PublicIp }) => PublicIp), ...addressesOf(known)])) {
      yield ofInterface(work, ip, known, reserved.get(ip));
      reserved.delete(ip);
    }
  }
  for (const left of reserved.values()) yield alone(work, left);
}

/** By address. The operation has no pages. */
async function reservedAddresses(work: Work): Promise<Map<string, Address>> {
  const { Addresses } = await work.session.call(ADDRESSES, (options) =>
    ec2Of(work).send(new DescribeAddressesCommand({}), options),
  );
  return new Map(
    listed(ADDRESSES, 'Addresses', Addresses)
      .map((item) => read(ADDRESSES, `address ${item.PublicIp ?? ''}`, address, item))
      .map((known) => [known.PublicIp, known]),
  );
}

function readFace(item: NetworkInterface): Face {
  return read(INTERFACES, `interface ${item.NetworkInterfaceId ?? ''}`, face, item);
}

/** Each once. */
function addressesOf(known: Face): ReadonlySet<string> {
  const { Association, PrivateIpAddresses, Ipv6Addresses, Ipv6Prefixes } = known;
  const found = new Set<string>();
  for (const one of [Association, ...PrivateIpAddresses.map((own) => own.Association)]) {
    const ip = one?.PublicIp ?? one?.CarrierIp;
    if (ip) found.add(ip);
  }
  if (known.DenyAllIgwTraffic) return found;
  const own = [...Ipv6Addresses.map((one) => one.Ipv6Address), ...Ipv6Prefixes.map((one) => one.Ipv6Prefix)];
  for (const one of own) if (isPublic(one.split('/')[0] ?? '')) found.add(one);
  return found;
}

function ofInterface(
  work: Work,
  ip: string,
  known: Face,
  reserved: Address | undefined,
): PublicAddressRecord {
  const { NetworkInterfaceId, OwnerId, Groups, InterfaceType, TagSet } = known;
  const tags = reserved?.Tags ?? TagSet;
  return {
    ...common(
      work,
      'public_address',
      reserved === undefined ? `${NetworkInterfaceId}/${ip}` : nativeOf(reserved),
    ),
    address: ip,
    name: nameOf(tags),
    region: work.region,
    type: reserved === undefined ? 'interface' : 'reserved',
    attached: true,
    inbound: !OUTWARD.has(InterfaceType),
    resource: arnOf(work, 'network-interface', OwnerId, NetworkInterfaceId),
    rule_sets: Groups.map(({ GroupId }) => arnOf(work, 'security-group', OwnerId, GroupId)),
    tags,
  };
}

/** A reserved address that no listed interface has: attached to nothing, or to what another account owns, or let go meanwhile. */
function alone(work: Work, reserved: Address): PublicAddressRecord {
  const { NetworkInterfaceId, NetworkInterfaceOwnerId, InstanceId, AssociationId, Tags } = reserved;
  const attached = [AssociationId, NetworkInterfaceId, InstanceId].some(Boolean);
  const owner = NetworkInterfaceOwnerId ?? work.account.id;
  return {
    ...common(work, 'public_address', nativeOf(reserved)),
    address: reserved.PublicIp,
    name: nameOf(Tags),
    region: work.region,
    type: 'reserved',
    attached,
    inbound: attached,
    resource: NetworkInterfaceId ? arnOf(work, 'network-interface', owner, NetworkInterfaceId) : '',
    rule_sets: [],
    tags: Tags,
  };
}

const nativeOf = ({ AllocationId, PublicIp }: Address): string => AllocationId ?? PublicIp;
