import { describe, expect, test } from 'vitest';
import { datasets } from '../../../src/collectors/aws/datasets.ts';
import { aws as plugin } from '../../../src/collectors/aws/index.ts';
import { organizationEstate, type OrganizationMember } from './estate/organization.ts';
import { connect, MAIN, roleOf } from './session-harness.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const now = Date.now();
const JOINED = Math.floor((now - 400 * 86_400_000) / 1000);
const MEMBERS: readonly OrganizationMember[] = [
  { id: '200000000001', name: 'Production' },
  { id: '200000000002', state: 'SUSPENDED' },
  { id: '200000000003', state: 'PENDING_CLOSURE' },
  { id: '200000000004', state: 'CLOSED' },
  { id: '200000000005', state: 'PENDING_ACTIVATION' },
  { id: '200000000006' },
];
const estateOf = (members: readonly OrganizationMember[], more: object = {}): Handlers => ({
  ...organizationEstate({ now, pageSize: 2, members, ...more }),
  'iam:GetAccountPasswordPolicy': () => {
    throw refuse('NoSuchEntity', 404);
  },
  'iam:GetAccountSummary': () => ({
    SummaryMap: {
      Users: 1,
      Groups: 0,
      Roles: 0,
      Policies: 0,
      AccountMFAEnabled: 1,
      AccountAccessKeysPresent: 0,
    },
  }),
});
const organization = { account: MAIN, role: 'audit/annexa', externalId: 'acme' };

describe('the accounts of an organisation', () => {
  test('are told whatever their state, page by page, without an e-mail address', async () => {
    await using stub = await startStub(estateOf(MEMBERS));
    await using aws = connect(stub.endpoint, { organization: { account: MAIN } });
    const { records, told } = await aws.collect('organization-accounts', MAIN);
    expect(records).toMatchObject([
      { account: MAIN, name: 'management', status: 'active', management: true, joined_at: JOINED },
      { account: '200000000001', name: 'Production', status: 'active', management: false },
      { account: '200000000002', status: 'suspended' },
      { account: '200000000003', status: 'closing' },
      { account: '200000000004', status: 'closed' },
      { account: '200000000005', status: 'pending' },
      { account: '200000000006', status: 'active' },
    ]);
    expect(records[1]).toEqual({
      id: `aws:${MAIN}:200000000001`,
      kind: 'organization_account',
      source: 'aws',
      scope: MAIN,
      account: '200000000001',
      name: 'Production',
      status: 'active',
      management: false,
      joined_at: JOINED,
      tags: [],
    });
    expect(told.operations).toEqual([
      'sts:GetCallerIdentity',
      'organizations:DescribeOrganization',
      ...Array.from({ length: 4 }, () => 'organizations:ListAccounts'),
    ]);
    expect(JSON.stringify(records)).not.toContain('@');
  });

  test.each([
    ['an account without a state', { State: undefined }, 'malformed', 'State'],
    ['a state of another name', { State: 'ASLEEP' }, 'malformed', 'State'],
    ['an account without an ARN', { Arn: undefined }, 'malformed', 'Arn'],
    ['an account id of another form', { Id: '12' }, 'malformed', 'account 12'],
    ['not the account that was asked', { Id: '200000000001' }, 'incomplete', MAIN],
  ])('are refused: %s', async (_, change, code, word) => {
    const handlers = estateOf([]);
    const account = {
      Id: MAIN,
      Arn: `arn:aws:organizations::${MAIN}:account/o-annexa1234/${MAIN}`,
      State: 'ACTIVE',
      ...change,
    };
    await using stub = await startStub({
      ...handlers,
      'organizations:ListAccounts': () => ({
        Accounts: [Object.fromEntries(Object.entries(account).filter(([, value]) => value !== undefined))],
      }),
    });
    await using aws = connect(stub.endpoint, { organization: { account: MAIN } });
    await expect(aws.collect('organization-accounts', MAIN)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(word),
    });
  });

  test('are refused when the management account is not among them', async () => {
    await using stub = await startStub({
      ...estateOf([]),
      'organizations:DescribeOrganization': () => ({ Organization: { MasterAccountId: '200000000009' } }),
    });
    await using aws = connect(stub.endpoint, { organization: { account: MAIN } });
    await expect(aws.collect('organization-accounts', MAIN)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('200000000009'),
    });
  });

  test('of which an older endpoint tells the status alone are read', async () => {
    const Arn = `arn:aws:organizations::${MAIN}:account/o-annexa1234/${MAIN}`;
    await using stub = await startStub({
      ...estateOf([]),
      'organizations:ListAccounts': () => ({ Accounts: [{ Id: MAIN, Arn, Status: 'SUSPENDED' }] }),
    });
    await using aws = connect(stub.endpoint, { organization: { account: MAIN } });
    const { records } = await aws.collect('organization-accounts', MAIN);
    expect(records).toMatchObject([{ status: 'suspended', joined_at: null, name: '' }]);
  });
});

describe('the scopes of an organisation', () => {
  const regional = datasets.filter(({ per }) => per === 'region').map(({ name }) => name);

  test('are those configured and every active member, in each region; it is listed from one of them', async () => {
    await using stub = await startStub(estateOf(MEMBERS));
    await using aws = connect(stub.endpoint, { organization, regions: ['us-east-1', 'eu-west-1'] });
    const scopes = await aws.scopes();
    expect(Object.keys(scopes)).toEqual(
      [MAIN, '200000000001', '200000000006'].flatMap((id) => [
        id,
        ...(regional.length === 0 ? [] : [`${id}:us-east-1`, `${id}:eu-west-1`]),
      ]),
    );
    expect(scopes[MAIN]).toContain('organization-accounts');
    expect(scopes['200000000001']).not.toContain('organization-accounts');
    expect(scopes['200000000001']).toContain('iam-account');
  });

  test.each([
    ['aws', 'us-east-1'],
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
  ])(
    'assume the role of each member in the partition %s, with the external id',
    async (partition, region) => {
      const assumed: object[] = [];
      await using stub = await startStub({
        ...estateOf(MEMBERS, { partition }),
        'sts:AssumeRole': (input) => {
          assumed.push(input);
          throw refuse('AccessDenied', 403);
        },
      });
      await using aws = connect(stub.endpoint, { organization, region });
      await aws.scopes();
      await expect(aws.collect('iam-account', '200000000001')).rejects.toMatchObject({ code: 'denied' });
      expect(assumed).toMatchObject([
        { RoleArn: `arn:${partition}:iam::200000000001:role/audit/annexa`, ExternalId: 'acme' },
      ]);
    },
  );

  test('leave a member to what accounts say of it', async () => {
    const named = { ...roleOf('200000000001'), title: 'Named' };
    await using stub = await startStub(estateOf(MEMBERS));
    await using aws = connect(stub.endpoint, { organization, accounts: [{ id: MAIN }, named] });
    const scopes = await aws.source.scopes(new AbortController().signal);
    expect(scopes.filter(({ id }) => id === '200000000001')).toMatchObject([{ title: 'Named' }]);
  });

  test('are asked for again after five minutes: who joined by then is collected', async () => {
    const members = MEMBERS.slice(0, 1);
    await using stub = await startStub(estateOf(members));
    await using later = await startStub(estateOf([...members, { id: '200000000007' }]));
    await using aws = connect('', { organization, endpoint: { env: 'ENDPOINT' } });
    const scopesAt = async (from: string): Promise<readonly string[]> => {
      aws.secrets.set('ENDPOINT', from);
      return Object.keys(await aws.scopes()).filter((id) => !id.includes(':'));
    };
    expect(await scopesAt(stub.endpoint)).toEqual([MAIN, '200000000001']);
    aws.now += 299;
    expect(await scopesAt(later.endpoint)).toEqual([MAIN, '200000000001']);
    aws.now += 1;
    expect(await scopesAt(later.endpoint)).toEqual([MAIN, '200000000001', '200000000007']);
    await expect(aws.collect('iam-account', '200000000007')).resolves.toMatchObject({
      told: { caller: 'arn:aws:sts::200000000007:assumed-role/annexa/annexa' },
    });
  });

  test('can’t be told when the organisation can’t be listed, and that is not kept', async () => {
    await using stub = await startStub(estateOf(MEMBERS), {
      faults: { 'organizations:ListAccounts': { kind: 'denied', times: 1 } },
    });
    await using aws = connect(stub.endpoint, { organization });
    await expect(aws.scopes()).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('organizations:ListAccounts'),
    });
    expect(Object.keys(await aws.scopes())).toContain('200000000001');
  });

  test('reject for a listing without the account that was asked', async () => {
    const Arn = `arn:aws:organizations::${MAIN}:account/o-annexa1234/200000000001`;
    await using stub = await startStub({
      'organizations:ListAccounts': () => ({ Accounts: [{ Id: '200000000001', Arn, State: 'ACTIVE' }] }),
    });
    await using aws = connect(stub.endpoint, { organization });
    await expect(aws.scopes()).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining(MAIN),
    });
  });

  test('reject for a listing that goes round', async () => {
    await using stub = await startStub(estateOf(MEMBERS), {
      faults: { 'organizations:ListAccounts': { kind: 'same-token' } },
    });
    await using aws = connect(stub.endpoint, { organization });
    await expect(aws.scopes()).rejects.toMatchObject({ code: 'incomplete' });
  });

  test('whose member left since is still collected by its last listing; who never was is unknown', async () => {
    await using stub = await startStub(estateOf(MEMBERS));
    await using aws = connect(stub.endpoint, { organization });
    await aws.scopes();
    aws.now += 1000;
    await expect(aws.collect('iam-account', '200000000001')).resolves.toMatchObject({ records: [{}] });
    await expect(aws.collect('iam-account', '200000000002')).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('200000000002'),
    });
  });
});

describe('the manifest', () => {
  test.each([
    [
      'an organisation listed from an account that is not named',
      { organization: { account: '200000000001' } },
      'organization.account',
    ],
    [
      'Identity Center in an account that is not named',
      { identityCenter: { account: '200000000001' } },
      'identityCenter.account',
    ],
    [
      'an external id without a role',
      { organization: { account: MAIN, externalId: 'acme' } },
      'organization.externalId',
    ],
    ['a region twice', { regions: ['eu-west-1', 'eu-west-1'] }, 'regions.1'],
    [
      'a region twice in an account',
      { accounts: [{ id: MAIN, regions: ['eu-west-1', 'eu-west-1'] }] },
      'accounts.0.regions.1',
    ],
  ])('is refused with %s', (_, settings, path) => {
    const result = plugin.config.safeParse({ accounts: [{ id: MAIN }], ...settings });
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});
