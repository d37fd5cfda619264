import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateFlowLogsCommand,
  CreateManagedPrefixListCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { networkVerdicts } from '../collectors/aws/network-verdicts.ts';
import { connect } from '../collectors/aws/session-harness.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

const REGION = 'us-east-1';
const world = [{ CidrIp: '0.0.0.0/0' }];

/** Ids of what was planted. */
interface Planted {
  readonly live: string;
  readonly dark: string;
  readonly groups: Readonly<Record<'web' | 'shell' | 'idle' | 'listed', string>>;
  readonly loose: string;
  readonly attached: string;
}

const needed = (value: string | undefined): string => {
  if (value === undefined) throw new Error('the emulator made nothing');
  return value;
};

/** A network whose flows are logged and one whose log can't deliver, an interface in each; groups good and bad; an address on an interface and one on none. */
async function plant({ name }: Emulator, ec2: EC2Client, logs: CloudWatchLogsClient): Promise<Planted> {
  const network = async (CidrBlock: string) => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock }));
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: needed(Vpc?.VpcId), CidrBlock: CidrBlock.replace('/16', '/24') }),
    );
    return { id: needed(Vpc?.VpcId), subnet: needed(Subnet?.SubnetId) };
  };
  const live = await network('10.1.0.0/16');
  const dark = await network('10.2.0.0/16');
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'flows' }));
  // The second group isn't there: the log of the other network can't deliver.
  for (const [id, LogGroupName] of [
    [live.id, 'flows'],
    [dark.id, 'nowhere'],
  ] as const)
    await ec2.send(
      new CreateFlowLogsCommand({
        ResourceIds: [id],
        ResourceType: 'VPC',
        TrafficType: 'ALL',
        LogDestinationType: 'cloud-watch-logs',
        LogGroupName,
        DeliverLogsPermissionArn: 'arn:aws:iam::123456789012:role/flows',
      }),
    );
  const { PrefixList } = await ec2.send(
    new CreateManagedPrefixListCommand({
      PrefixListName: 'everybody',
      AddressFamily: 'IPv4',
      MaxEntries: 2,
      Entries: [{ Cidr: '0.0.0.0/1' }, { Cidr: '128.0.0.0/1' }],
    }),
  );
  const group = async (GroupName: string, ...IpPermissions: IpPermission[]) => {
    const made = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId: live.id }),
    );
    const GroupId = needed(made.GroupId);
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
    return GroupId;
  };
  const tcp = (port: number, to = port) => ({ IpProtocol: 'tcp', FromPort: port, ToPort: to });
  const groups = {
    web: await group('web', { ...tcp(443), IpRanges: world }),
    shell: await group(
      'shell',
      { ...tcp(22), IpRanges: world },
      { ...tcp(5432), IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    ),
    idle: await group('idle', { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0' }] }),
    // ministack forgets the list that a rule names: there the range itself is planted.
    listed: await group('listed', {
      ...tcp(3300, 3310),
      ...(name === 'ministack'
        ? { IpRanges: [{ CidrIp: '128.0.0.0/1' }] }
        : { PrefixListIds: [{ PrefixListId: needed(PrefixList?.PrefixListId) }] }),
    }),
  };
  await ec2.send(
    new AuthorizeSecurityGroupEgressCommand({
      GroupId: groups.web,
      IpPermissions: [{ ...tcp(443), IpRanges: [{ CidrIp: '192.0.2.0/24' }] }],
    }),
  );
  const face = async (SubnetId: string, ...Groups: string[]) => {
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Groups }));
    return needed(NetworkInterface?.NetworkInterfaceId);
  };
  const bearing = await face(live.subnet, groups.web, groups.shell);
  await face(dark.subnet, groups.web);
  const address = async () =>
    needed((await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).AllocationId);
  const attached = await address();
  await ec2.send(new AssociateAddressCommand({ AllocationId: attached, NetworkInterfaceId: bearing }));
  return { live: live.id, dark: dark.id, groups, loose: await address(), attached };
}

/** Ids of the rules of a group that let in. */
async function rulesOf(ec2: EC2Client, group: string): Promise<readonly string[]> {
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }),
  );
  return SecurityGroupRules.filter((rule) => rule.IsEgress === false).map(
    (rule) => rule.SecurityGroupRuleId ?? '',
  );
}

test.each([
  ['moto', startMoto],
  ['ministack', startMinistack],
])('%s: networks, rules and addresses as planted, and the verdicts over them', async (_, start) => {
  await using peer: Emulator = await start();
  using made = clients(peer.endpoint);
  const { ec2 } = made;
  const planted = await plant(peer, ec2, made.logs);
  const scope = `${peer.account}:${REGION}`;
  await using source = connect(peer.endpoint, { region: REGION, accounts: [{ id: peer.account }] });
  const collected = async (dataset: string) =>
    new Map(
      (await source.collect(dataset, scope)).records.map((record) => [
        record.id.slice(`aws:${scope}:`.length),
        record,
      ]),
    );

  const networks = await collected('vpc-networks');
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
  expect(new Set(networks.keys())).toEqual(new Set(Vpcs.map(({ VpcId }) => VpcId)));
  // ministack doesn't tell whether a log delivers, so none counts.
  const delivers = peer.name === 'moto';
  expect(networks.get(planted.live)).toMatchObject({
    in_use: true,
    flow_logged: delivers,
    flow_traffic: delivers ? 'all' : 'none',
  });
  expect(networks.get(planted.dark)).toMatchObject({
    in_use: true,
    flow_logged: false,
    flow_traffic: 'none',
  });

  const rules = await collected('security-groups');
  const [web] = await rulesOf(ec2, planted.groups.web);
  const [listed] = await rulesOf(ec2, planted.groups.listed);
  expect(rules.get(needed(web))).toMatchObject({ open_to_world: true, in_use: true, first_port: 443 });
  expect(rules.get(needed(listed))).toMatchObject({ open_to_world: true, in_use: false, last_port: 3310 });

  const addresses = await collected('public-addresses');
  expect(addresses.get(planted.attached)).toMatchObject({ type: 'reserved', attached: true, inbound: true });
  expect(addresses.get(planted.loose)).toMatchObject({ attached: false, inbound: false, rule_sets: [] });

  const verdicts = await networkVerdicts(peer.endpoint, peer.account, REGION);
  const idle = await rulesOf(ec2, planted.groups.idle);
  const shell = [...rules]
    .filter(([, record]) => 'first_port' in record && record.first_port === 22)
    .map(([id]) => id);
  expect(shell).toHaveLength(1);
  expect(verdicts['network-sensitive-ports']?.failing).toEqual([...shell, ...idle, needed(listed)].sort());
  expect(verdicts['network-all-ports']?.failing).toEqual(idle);
  expect(verdicts['network-allowed-ports']?.failing).toEqual(shell);
  expect(verdicts['network-flow-logs']?.failing).toEqual(
    [...(delivers ? [] : [planted.live]), planted.dark].sort(),
  );
  expect(verdicts['network-default-rules']?.failing).toEqual(
    [...rules]
      .filter(([, record]) => 'rule_set_default' in record && record.rule_set_default === true)
      .map(([id]) => id)
      .sort(),
  );
  expect(verdicts['network-default-rules']?.outcome).toBe('fail');
  // ministack doesn't tell which interface an address is on: it is attached, and no rules are known.
  expect(verdicts['network-public-behind-rules']?.failing).toEqual(
    peer.name === 'moto' ? [] : [planted.attached],
  );
});

function clients(endpoint: string) {
  const settings = {
    endpoint,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [ec2, logs] = [new EC2Client(settings), new CloudWatchLogsClient(settings)];
  return { ec2, logs, [Symbol.dispose]: () => [ec2, logs].forEach((client) => client.destroy()) };
}
