import { DescribeFlowLogsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { NetworkRecord } from '../../../inventory/kinds/network.ts';
import { common, type Work } from '../dataset.ts';
import { read } from '../../read.ts';
import { arnOf, ec2Of, interfaces, itemsOf, nameOf, PAGE, tagSet } from './ec2.ts';

const vpc = z.object({
  VpcId: z.string().min(1),
  OwnerId: z.string().min(1),
  IsDefault: z.boolean(),
  Tags: tagSet,
});

const flowLog = z.object({
  ResourceId: z.string().min(1),
  FlowLogStatus: z.string().optional(),
  DeliverLogsStatus: z.string().optional(),
  /** Absent for what is no network, such as a transit gateway. */
  TrafficType: z.string().optional(),
});

/**
 * The account's own networks of the region; those that another account shares with it are that account's. A network is in use when an
 * interface lies in it. Its flows are logged by an active log of the network itself that delivers: logs of single subnets or interfaces
 * leave out the rest of it, and what is created in it later.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
 */
export async function* collectNetworks(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { account, provenance } = work;
  const all = await networksOf(work);
  const own = all.filter(({ OwnerId }) => OwnerId === account.id);
  provenance.note('networksOfOthers', all.length - own.length);
  const traffic = await loggedTraffic(work);
  const unused = await unusedOf(work, own);
  for (const { VpcId, OwnerId, IsDefault, Tags } of own) {
    const flow = trafficOf(traffic.get(VpcId));
    const record: NetworkRecord = {
      ...common(work, 'network', VpcId),
      resource: arnOf(work, 'vpc', OwnerId, VpcId),
      name: nameOf(Tags),
      region: work.region,
      vendor_default: IsDefault,
      in_use: !unused.has(VpcId),
      flow_logged: flow !== 'none',
      flow_traffic: flow,
      tags: Tags,
    };
    yield record;
  }
}

async function networksOf(work: Work): Promise<readonly z.output<typeof vpc>[]> {
  const operation = 'ec2:DescribeVpcs';
  const found: z.output<typeof vpc>[] = [];
  const items = itemsOf(
    work,
    operation,
    (token, options) =>
      ec2Of(work).send(new DescribeVpcsCommand({ MaxResults: PAGE, NextToken: token }), options),
    ({ Vpcs }) => Vpcs,
  );
  for await (const item of items) found.push(read(operation, `network ${item.VpcId ?? ''}`, vpc, item));
  return found;
}

/** By network: the traffic types of the logs that work. */
async function loggedTraffic(work: Work): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const operation = 'ec2:DescribeFlowLogs';
  const found = new Map<string, Set<string>>();
  const items = itemsOf(
    work,
    operation,
    (token, options) =>
      ec2Of(work).send(new DescribeFlowLogsCommand({ MaxResults: PAGE, NextToken: token }), options),
    ({ FlowLogs }) => FlowLogs,
  );
  for await (const item of items) {
    const log = read(operation, `flow log ${item.FlowLogId ?? ''}`, flowLog, item);
    if (log.FlowLogStatus !== 'ACTIVE' || log.DeliverLogsStatus !== 'SUCCESS') continue;
    const types = found.get(log.ResourceId) ?? new Set();
    found.set(log.ResourceId, types.add(log.TrafficType ?? ''));
  }
  return found;
}

function trafficOf(types: ReadonlySet<string> = new Set()): NetworkRecord['flow_traffic'] {
  if (types.has('ALL') || (types.has('ACCEPT') && types.has('REJECT'))) return 'all';
  if (types.has('ACCEPT')) return 'accepted';
  return types.has('REJECT') ? 'rejected' : 'none';
}

/** The networks in which no interface lies. The listing ends when there is none left to ask about. */
async function unusedOf(
  work: Work,
  networks: readonly { readonly VpcId: string }[],
): Promise<ReadonlySet<string>> {
  const unused = new Set(networks.map(({ VpcId }) => VpcId));
  if (unused.size === 0) return unused;
  for await (const { VpcId } of interfaces(work)) {
    unused.delete(VpcId ?? '');
    if (unused.size === 0) break;
  }
  return unused;
}
