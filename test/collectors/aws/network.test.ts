import { describe, expect, test } from 'vitest';
import { meansEverybody } from '../../../src/collectors/aws/network/everybody.ts';
import { kinds } from '../../../src/inventory/kinds.ts';
import {
  ec2Id,
  flowLog,
  networkEstate,
  type NetworkEstateOptions,
  type Region,
  rule,
} from './estate/network.ts';
import { networkVerdicts } from './network-verdicts.ts';
import { connect, MAIN } from './session-harness.ts';
import { refuse, startStub } from './stub.ts';

const REGION = 'us-east-1';
const SCOPE = `${MAIN}:${REGION}`;
const arn = (what: string) => `arn:aws:ec2:${REGION}:${MAIN}:${what}`;

/** The records of a dataset of a region that is healthy but for `change`, by native id; each must have its kind's schema. */
async function collected(
  dataset: string,
  change?: (healthy: Region) => Region,
  options: Omit<NetworkEstateOptions, 'now'> = {},
) {
  await using stub = await startStub(
    networkEstate({ now: Date.now(), ...options, ...(change === undefined ? {} : { change }) }),
  );
  await using source = connect(stub.endpoint, { region: REGION });
  const { records } = await source.collect(dataset, SCOPE);
  for (const record of records) kinds.get(record.kind)!.schema.parse(record);
  const calls = stub.calls.map(({ operation }) => operation).filter((name) => !name.startsWith('sts:'));
  return {
    records: new Map(records.map((record) => [record.id.slice(`aws:${SCOPE}:`.length), record])),
    calls,
  };
}

const withRules =
  (...rules: Region['SecurityGroupRules']) =>
  (healthy: Region): Region => ({ ...healthy, SecurityGroupRules: rules });
const everywhere = { CidrIpv4: '0.0.0.0/0' };

describe('vpc-networks', () => {
  test('tells each own network, whether anything lives in it, and what of its flows is logged', async () => {
    const { records } = await collected('vpc-networks');
    expect([...records.keys()]).toEqual([ec2Id('vpc', 1), ec2Id('vpc', 2)]);
    expect(records.get(ec2Id('vpc', 1))).toMatchObject({
      resource: arn(`vpc/${ec2Id('vpc', 1)}`),
      name: 'live',
      region: REGION,
      vendor_default: false,
      in_use: true,
      flow_logged: true,
      flow_traffic: 'all',
    });
    expect(records.get(ec2Id('vpc', 2))).toMatchObject({
      vendor_default: true,
      in_use: false,
      flow_logged: false,
      flow_traffic: 'none',
      tags: [],
    });
  });

  const live = ec2Id('vpc', 1);
  test.each([
    ['accepted alone', [flowLog(1, live, { TrafficType: 'ACCEPT' })], 'accepted'],
    ['rejected alone', [flowLog(1, live, { TrafficType: 'REJECT' })], 'rejected'],
    ['all', [flowLog(1, live, { TrafficType: 'ALL' })], 'all'],
    [
      'a log that can not deliver',
      [flowLog(1, live, { TrafficType: 'ALL', DeliverLogsStatus: 'FAILED' })],
      'none',
    ],
    ['a log that is not active', [flowLog(1, live, { TrafficType: 'ALL', FlowLogStatus: 'OFF' })], 'none'],
    ['a log of a subnet', [flowLog(1, ec2Id('subnet', 1), { TrafficType: 'ALL' })], 'none'],
    ['a log of an interface', [flowLog(1, ec2Id('eni', 1), { TrafficType: 'ALL' })], 'none'],
  ])('%s', async (_, FlowLogs, flow) => {
    const { records } = await collected('vpc-networks', (healthy) => ({ ...healthy, FlowLogs }));
    expect(records.get(live)).toMatchObject({ flow_logged: flow !== 'none', flow_traffic: flow });
  });

  test('a network that another account shares is that account’s', async () => {
    const { records } = await collected('vpc-networks', (healthy) => ({
      ...healthy,
      Vpcs: healthy.Vpcs.map((vpc, index) => (index === 0 ? { ...vpc, OwnerId: '999999999999' } : vpc)),
    }));
    expect([...records.keys()]).toEqual([ec2Id('vpc', 2)]);
  });

  test('a network without an owner is refused', async () => {
    await expect(
      collected('vpc-networks', (healthy) => ({ ...healthy, Vpcs: [{ VpcId: live, IsDefault: false }] })),
    ).rejects.toMatchObject({ code: 'malformed', message: expect.stringContaining('OwnerId') });
  });

  test('a region without networks has none, and nothing more is asked', async () => {
    const { records, calls } = await collected('vpc-networks', (healthy) => ({ ...healthy, Vpcs: [] }));
    expect(records.size).toBe(0);
    expect(calls).toEqual(['ec2:DescribeVpcs', 'ec2:DescribeFlowLogs']);
  });
});

describe('security-groups', () => {
  test('tells every rule with its group, its network and whether the group is in use', async () => {
    const { records } = await collected('security-groups');
    expect(records.size).toBe(9);
    expect(records.get(ec2Id('sgr', 3))).toMatchObject({
      rule_set: arn(`security-group/${ec2Id('sg', 1)}`),
      rule_set_name: 'web-1',
      rule_set_default: false,
      network: arn(`vpc/${ec2Id('vpc', 1)}`),
      direction: 'ingress',
      protocol: 'tcp',
      first_port: 443,
      last_port: 443,
      open_to_world: true,
      peer: '0.0.0.0/0',
      in_use: true,
    });
    expect(records.get(ec2Id('sgr', 4))).toMatchObject({ open_to_world: false, peer: ec2Id('pl', 1) });
    expect(records.get(ec2Id('sgr', 5))).toMatchObject({
      direction: 'egress',
      protocol: 'all',
      first_port: 0,
      last_port: 65_535,
    });
  });

  test.each([
    ['a range', { ...everywhere, FromPort: 1000, ToPort: 2000 }, ['tcp', 1000, 2000]],
    ['all protocols', { ...everywhere, IpProtocol: '-1' }, ['all', 0, 65_535]],
    [
      'ICMP, whose types are no ports',
      { ...everywhere, IpProtocol: 'icmp', FromPort: 8, ToPort: -1 },
      ['icmp', 0, 65_535],
    ],
    ['UDP by its number', { ...everywhere, IpProtocol: '17', FromPort: 53, ToPort: 53 }, ['udp', 53, 53]],
    ['a protocol without ports', { ...everywhere, IpProtocol: '50' }, ['50', 0, 65_535]],
    ['TCP without ports', { ...everywhere }, ['tcp', 0, 65_535]],
  ])('%s', async (_, fields, [protocol, first_port, last_port]) => {
    const { records } = await collected('security-groups', withRules(rule(1, 1, fields)));
    expect(records.get(ec2Id('sgr', 1))).toMatchObject({ protocol, first_port, last_port });
  });

  test('a list of addresses is resolved once, and one that is gone is not guessed', async () => {
    const change = (healthy: Region): Region => ({
      ...withRules(
        rule(1, 1, { PrefixListId: 'pl-wide' }),
        rule(2, 2, { PrefixListId: 'pl-wide' }),
        rule(3, 1, { PrefixListId: 'pl-gone' }),
        rule(4, 1, { PrefixListId: 'pl-none' }),
      )(healthy),
      lists: { 'pl-wide': [{ Cidr: '0.0.0.0/1' }, { Cidr: '128.0.0.0/1' }], 'pl-none': [] },
    });
    const { records, calls } = await collected('security-groups', change, { pageSize: 1 });
    const open = [...records.values()].map((record) => 'open_to_world' in record && record.open_to_world);
    expect(open).toEqual([true, true, null, false]);
    expect(calls.filter((name) => name === 'ec2:GetManagedPrefixListEntries')).toHaveLength(4);
  });

  test('a list that may not be read fails the dataset', async () => {
    await using stub = await startStub({
      ...networkEstate({ now: Date.now() }),
      'ec2:GetManagedPrefixListEntries': () => {
        throw refuse('UnauthorizedOperation', 403);
      },
    });
    await using source = connect(stub.endpoint, { region: REGION });
    await expect(source.collect('security-groups', SCOPE)).rejects.toMatchObject({ code: 'denied' });
  });

  test('a group that another one refers to is nobody else', async () => {
    const { records } = await collected(
      'security-groups',
      withRules(rule(1, 1, { ReferencedGroupInfo: { GroupId: 'sg-other' } })),
    );
    expect(records.get(ec2Id('sgr', 1))).toMatchObject({ open_to_world: false, peer: 'sg-other' });
  });

  test('a group that nothing bears is not in use', async () => {
    const { records } = await collected('security-groups', (healthy) => ({
      ...withRules(rule(1, 0, everywhere))(healthy),
    }));
    expect(records.get(ec2Id('sgr', 1))).toMatchObject({ in_use: false, rule_set_default: true });
  });

  test.each([
    ['of a group that was not listed', rule(1, 99, everywhere), 'incomplete', 'was not listed'],
    ['that names nobody', rule(1, 1, {}), 'malformed', 'names no peer'],
    ['with a range that is none', rule(1, 1, { CidrIpv4: '0.0.0.0' }), 'malformed', 'range of addresses'],
    [
      'with its ports the wrong way round',
      rule(1, 1, { ...everywhere, FromPort: 9, ToPort: 8 }),
      'malformed',
      'ports 9 to 8',
    ],
    ['without a protocol', { ...rule(1, 1, everywhere), IpProtocol: undefined }, 'malformed', 'IpProtocol'],
  ])('a rule %s is refused', async (_, odd, code, message) => {
    await expect(collected('security-groups', withRules(odd))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('everybody', () => {
  test.each([
    [['0.0.0.0/0'], true],
    [['::/0'], true],
    [['0.0.0.0/1'], true],
    [['128.0.0.0/1'], true],
    [['2000::/3'], true],
    [['0.0.0.0/7'], true],
    [['9.0.0.0/8', '11.0.0.0/8'], true],
    [['17.0.0.0/8'], false],
    [['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '17.0.0.0/8'], false],
    [['fc00::/7', 'fe80::/10'], false],
    [['2a00::/12'], true],
    [['2600::/19'], false],
    [['198.51.100.0/24', '2001:db8::1/128'], false],
    [[], false],
  ])('%j: %s', (ranges, expected) => expect(meansEverybody(ranges, 'here')).toBe(expected));

  test.each(['', '10.0.0.0', '10.0.0.0/33', '::/129', 'a/8', '10.0.0.0/-1', '10.0.0/8'])(
    '%j is refused',
    (range) => expect(() => meansEverybody([range], 'here')).toThrow(/here: expected a range of addresses/),
  );
});

describe('public-addresses', () => {
  test('tells addresses reserved and given, what they are on, and which rules are in force', async () => {
    const { records } = await collected('public-addresses', undefined, { size: 1 });
    expect(records.get(ec2Id('eipalloc', 1))).toMatchObject({
      address: '203.0.0.1',
      type: 'reserved',
      attached: true,
      inbound: true,
      resource: arn(`network-interface/${ec2Id('eni', 1)}`),
      rule_sets: [arn(`security-group/${ec2Id('sg', 1)}`)],
    });
    expect(records.get(`${ec2Id('eni', 1)}/2001:db8::1`)).toMatchObject({ type: 'interface', inbound: true });
    expect(records.get(`${ec2Id('eni', 0)}/198.51.100.1`)).toMatchObject({ inbound: false, rule_sets: [] });
    expect(records.get(ec2Id('eipalloc', 0))).toMatchObject({
      attached: false,
      inbound: false,
      resource: '',
    });
    expect(records.size).toBe(4);
  });

  test('an interface that does not tell its reserved address has it nevertheless', async () => {
    const { records } = await collected('public-addresses', (healthy) => ({
      ...healthy,
      NetworkInterfaces: healthy.NetworkInterfaces.map((one) => ({
        ...one,
        Association: undefined,
        PrivateIpAddresses: [],
      })),
    }));
    expect(records.get(ec2Id('eipalloc', 1))).toMatchObject({
      attached: true,
      rule_sets: [arn(`security-group/${ec2Id('sg', 1)}`)],
    });
  });

  test('an address on what another account owns is attached, behind nothing that is known', async () => {
    const { records } = await collected('public-addresses', (healthy) => ({
      ...healthy,
      NetworkInterfaces: [],
      Addresses: [
        {
          AllocationId: 'eipalloc-x',
          AssociationId: 'eipassoc-x',
          NetworkInterfaceId: 'eni-x',
          NetworkInterfaceOwnerId: '999999999999',
          PublicIp: '203.0.113.9',
          Tags: [{ Key: 'Name', Value: 'edge' }],
        },
      ],
    }));
    expect([...records.values()]).toMatchObject([
      {
        name: 'edge',
        attached: true,
        inbound: true,
        resource: `arn:aws:ec2:${REGION}:999999999999:network-interface/eni-x`,
        rule_sets: [],
      },
    ]);
  });

  test('private IPv6 addresses are not public, nor those that EC2 shields from the internet', async () => {
    const of = (number: number, fields: object) => ({
      NetworkInterfaceId: ec2Id('eni', number),
      OwnerId: MAIN,
      Groups: [],
      ...fields,
    });
    const { records } = await collected('public-addresses', (healthy) => ({
      ...healthy,
      Addresses: [],
      NetworkInterfaces: [
        of(1, { Ipv6Addresses: [{ Ipv6Address: 'fd00::1' }, { Ipv6Address: '2600::1' }] }),
        of(2, { Ipv6Addresses: [{ Ipv6Address: '2600::2' }], DenyAllIgwTraffic: true }),
        of(3, { Ipv6Prefixes: [{ Ipv6Prefix: '2600:0:0:1::/80' }] }),
        of(4, { Association: { CarrierIp: '198.51.100.7' } }),
      ],
    }));
    expect([...records.values()].map((record) => 'address' in record && record.address)).toEqual([
      '2600::1',
      '2600:0:0:1::/80',
      '198.51.100.7',
    ]);
  });

  test('an interface that does not tell its groups is refused', async () => {
    const change = (healthy: Region): Region => ({
      ...healthy,
      NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', OwnerId: MAIN, VpcId: ec2Id('vpc', 1) }],
    });
    const refused = { code: 'malformed', message: expect.stringContaining('eni-1') };
    await expect(collected('public-addresses', change)).rejects.toMatchObject(refused);
    await expect(collected('security-groups', change)).rejects.toMatchObject(refused);
  });
});

test.each(['vpc-networks', 'security-groups', 'public-addresses'])(
  '%s tells the same in pages of two as in one',
  async (dataset) => {
    const whole = await collected(dataset, undefined, { size: 7 });
    const parts = await collected(dataset, undefined, { size: 7, pageSize: 2 });
    expect(parts.records).toEqual(whole.records);
    expect(parts.calls.length).toBeGreaterThan(whole.calls.length);
  },
);

describe('verdicts', () => {
  const verdictsOf = async (change?: (healthy: Region) => Region) => {
    await using stub = await startStub(
      networkEstate({ now: Date.now(), ...(change === undefined ? {} : { change }) }),
    );
    return await networkVerdicts(stub.endpoint, MAIN, REGION);
  };

  test('a healthy region passes every check', async () => {
    const verdicts = await verdictsOf();
    for (const verdict of Object.values(verdicts))
      expect(verdict).toMatchObject({ outcome: 'pass', failing: [], unknown: [] });
  });

  test('what is wrong fails, and nothing else', async () => {
    const sgr = (number: number) => ec2Id('sgr', number);
    const verdicts = await verdictsOf((healthy) => ({
      ...healthy,
      FlowLogs: [flowLog(1, ec2Id('vpc', 1), { TrafficType: 'ALL', DeliverLogsStatus: 'FAILED' })],
      SecurityGroups: [
        ...healthy.SecurityGroups,
        { OwnerId: MAIN, GroupId: ec2Id('sg', 50), GroupName: 'idle', VpcId: ec2Id('vpc', 2) },
      ],
      SecurityGroupRules: [
        ...healthy.SecurityGroupRules,
        rule(101, 1, { ...everywhere, FromPort: 22, ToPort: 22 }),
        rule(102, 1, { CidrIpv6: '::/0', IpProtocol: '-1' }),
        rule(103, 1, { CidrIpv4: '128.0.0.0/1', FromPort: 8080, ToPort: 8081 }),
        rule(104, 50, { ...everywhere, FromPort: 3389, ToPort: 3389 }),
        rule(105, 50, { ...everywhere, FromPort: 8443, ToPort: 8443 }),
        rule(106, 0, { ReferencedGroupInfo: { GroupId: ec2Id('sg', 0) }, IpProtocol: '-1' }),
        rule(107, 1, { PrefixListId: 'pl-gone', FromPort: 22, ToPort: 22 }),
      ],
      NetworkInterfaces: [
        ...healthy.NetworkInterfaces,
        {
          OwnerId: MAIN,
          NetworkInterfaceId: 'eni-bare',
          VpcId: ec2Id('vpc', 1),
          InterfaceType: 'network_load_balancer',
          Groups: [],
          Association: { PublicIp: '203.0.113.77' },
        },
      ],
    }));
    const failing = Object.fromEntries(
      Object.entries(verdicts).map(([name, verdict]) => {
        expect(verdict.outcome).toBe('fail');
        return [name, verdict.failing];
      }),
    );
    expect(failing).toEqual({
      'network-sensitive-ports': [sgr(101), sgr(102), sgr(104)],
      'network-all-ports': [sgr(102)],
      'network-allowed-ports': [sgr(101), sgr(102), sgr(103)],
      'network-default-rules': [sgr(106)],
      'network-flow-logs': [ec2Id('vpc', 1)],
      'network-public-behind-rules': ['eni-bare/203.0.113.77'],
    });
    expect(verdicts['network-sensitive-ports']?.unknown).toEqual([sgr(107)]);
  });

  test('a region without networks is not applicable, not fine', async () => {
    const verdicts = await verdictsOf((healthy) => ({
      ...healthy,
      Vpcs: [],
      FlowLogs: [],
      SecurityGroups: [],
      SecurityGroupRules: [],
      NetworkInterfaces: [],
      Addresses: [],
    }));
    expect(new Set(Object.values(verdicts).map(({ outcome }) => outcome))).toEqual(
      new Set(['not_applicable']),
    );
  });
});
