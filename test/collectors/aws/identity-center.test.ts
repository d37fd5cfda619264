import { describe, expect, test } from 'vitest';
import type { IdentityRecord } from '../../../src/inventory/kinds/identity.ts';
import type { RoleGrantRecord } from '../../../src/inventory/kinds/role-grant.ts';
import { collectAws } from '../aws-harness.ts';
import {
  identityCenterEstate,
  type IdentityCenterEstateOptions,
  INSTANCE,
  userId,
} from './estate/identity-center.ts';
import { rolesEstate } from './estate/roles.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const ACCOUNT = '123456789012';
const OTHER = '210987654321';
const DAY = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;

type Options = Omit<IdentityCenterEstateOptions, 'now'> & { readonly more?: Handlers };

async function collect({ more, ...options }: Options) {
  const handlers = {
    ...rolesEstate({ now, pageSize: 2 }),
    ...identityCenterEstate({ now, size: 3, pageSize: 2, ...options }),
    ...more,
  };
  await using stub = await startStub(handlers, { clock: () => now });
  const outcome = await collectAws(stub.endpoint, ACCOUNT, 'identity-center', {
    now: () => now / 1000,
    settings: { identityCenter: { account: ACCOUNT, region: 'eu-central-1' } },
  });
  return {
    ...outcome,
    people: outcome.records.filter((record): record is IdentityRecord => record.kind === 'identity'),
    grants: outcome.records.filter((record): record is RoleGrantRecord => record.kind === 'role_grant'),
    calls: stub.calls,
  };
}

/** `user via policy target administrator` */
const lines = (grants: readonly RoleGrantRecord[]) =>
  grants.map(({ identity, via, policy, target, administrator }) =>
    [Number(identity.slice(-2)), via, policy, target, administrator].join(' '),
  );

describe('people', () => {
  test('are told with their logins and groups; not with what the interface does not tell', async () => {
    const { people, calls } = await collect({
      users: [{ Emails: [{ Value: 'A@acme.example' }, { Value: 'user-0000' }, {}] }],
      groups: { team: [userId(0)], empty: [] },
      permissionSets: [],
    });
    expect(people).toEqual([
      {
        id: `aws:${ACCOUNT}:${userId(0)}`,
        kind: 'identity',
        source: 'aws',
        scope: ACCOUNT,
        name: 'user-0000',
        type: 'user',
        enabled: true,
        can_sign_in: true,
        second_factor: null,
        created_at: (now - 200 * DAY) / 1000,
        last_active_at: null,
        logins: ['user-0000', 'A@acme.example'],
        groups: ['team'],
        tags: [],
      },
    ]);
    const regions = new Set(
      calls.filter(({ operation }) => !operation.startsWith('sts:')).map(({ region }) => region),
    );
    expect([...regions]).toEqual(['eu-central-1']);
  });

  test('are enabled unless it is said that they are not', async () => {
    const { people } = await collect({
      users: [
        {},
        { UserStatus: 'DISABLED' },
        { UserStatus: undefined, Emails: undefined, CreatedAt: undefined },
      ],
      groups: {},
      permissionSets: [],
    });
    expect(people.map(({ enabled, can_sign_in }) => [enabled, can_sign_in])).toEqual([
      [true, true],
      [false, false],
      [true, true],
    ]);
    expect(people[2]).toMatchObject({ logins: ['user-0002'], created_at: null });
  });
});

describe('grants', () => {
  test('are one for each person, permission set, account and way', async () => {
    const { grants } = await collect({
      groups: { admins: [userId(0), userId(1)], all: [userId(0), userId(1), userId(2)], none: [] },
      permissionSets: [
        {
          name: 'Admin',
          managed: ['ReadOnlyAccess', 'AdministratorAccess'],
          accounts: [ACCOUNT, OTHER],
          holders: ['GROUP:admins', 'GROUP:none'],
        },
        {
          name: 'Read',
          managed: ['ReadOnlyAccess'],
          accounts: [OTHER],
          holders: ['GROUP:all', `USER:${userId(2)}`],
        },
        { name: 'Unused', managed: ['AdministratorAccess'], accounts: [], holders: [`USER:${userId(2)}`] },
      ],
    });
    expect(lines(grants).sort()).toEqual([
      `0 group:admins Admin ${ACCOUNT} true`,
      `0 group:admins Admin ${OTHER} true`,
      `0 group:all Read ${OTHER} false`,
      `1 group:admins Admin ${ACCOUNT} true`,
      `1 group:admins Admin ${OTHER} true`,
      `1 group:all Read ${OTHER} false`,
      `2 direct Read ${OTHER} false`,
      `2 group:all Read ${OTHER} false`,
    ]);
    expect(new Set(grants.map(({ id }) => id)).size).toBe(8);
    expect(grants.find(({ via }) => via === 'direct')).toMatchObject({
      id: `aws:${ACCOUNT}:${userId(2)}/user/${OTHER}/ps-Read`,
      identity: `aws:${ACCOUNT}:${userId(2)}`,
      grantee_type: 'user',
      attachment: 'attached',
      policy_ref: `${INSTANCE.replace('instance', 'permissionSet')}/ps-Read`,
    });
    expect(grants.find(({ via }) => via === 'group:all')).toMatchObject({ grantee_type: 'group' });
  });

  const inline = (Action: string, more: object = {}) =>
    JSON.stringify({ Statement: { Effect: 'Allow', Action, Resource: '*', ...more } });
  test.each([
    ['nothing', {}, false],
    ["the vendor's policy for administrators", { managed: ['AdministratorAccess'] }, true],
    ['a text that allows everything', { inline: inline('*') }, true],
    [
      'a text that allows everything, on a condition',
      { inline: inline('*', { Condition: { Bool: { a: 'b' } } }) },
      false,
    ],
    ['policies of the accounts, which are not read', { own: ['x'], managed: ['ReadOnlyAccess'] }, null],
    ['these, beside one that allows everything', { own: ['x'], managed: ['AdministratorAccess'] }, true],
  ])('by a permission set of %s', async (_, set, administrator) => {
    const { grants } = await collect({
      groups: {},
      permissionSets: [{ name: 'P', accounts: [OTHER], holders: [`USER:${userId(0)}`], ...set }],
    });
    expect(grants.map((grant) => grant.administrator)).toEqual([administrator]);
  });

  test('that outlive whom they were given to are told of a person, and lead nowhere from a group', async () => {
    const { grants, people } = await collect({
      groups: {},
      permissionSets: [{ name: 'P', accounts: [OTHER], holders: ['USER:gone-77', 'GROUP:gone'] }],
      more: {
        'identitystore:ListGroupMemberships': () => {
          throw refuse('ResourceNotFoundException', 400);
        },
      },
    });
    expect(people).toHaveLength(3);
    expect(grants.map(({ identity }) => identity)).toEqual([`aws:${ACCOUNT}:gone-77`]);
  });

  test('by a group that is not listed, but has members, count', async () => {
    const { grants } = await collect({
      permissionSets: [{ name: 'P', accounts: [OTHER], holders: ['GROUP:hidden'] }],
      groups: { hidden: [userId(1)] },
      more: { 'identitystore:ListGroups': () => ({ Groups: [] }) },
    });
    expect(lines(grants)).toEqual([`1 group:hidden P ${OTHER} false`]);
  });
});

describe('rejects rather than tell a part', () => {
  const denied = () => {
    throw refuse('AccessDeniedException', 400);
  };
  const gone = () => {
    throw refuse('ResourceNotFoundException', 400);
  };
  test.each<[string, string, Options]>([
    ['configuration', 'no Identity Center in eu-central-1', { instances: [] }],
    ['configuration', 'no Identity Center', { instances: [{ Status: 'CREATE_FAILED' }] }],
    ['malformed', 'Status', { instances: [{ Status: undefined }] }],
    ['malformed', 'UserName', { users: [{ UserName: undefined }] }],
    ['malformed', 'InlinePolicy', { more: { 'sso:GetInlinePolicyForPermissionSet': () => ({}) } }],
    [
      'malformed',
      'not a policy document',
      { more: { 'sso:GetInlinePolicyForPermissionSet': () => ({ InlinePolicy: '{}' }) } },
    ],
    ['malformed', 'has no Name', { more: { 'sso:DescribePermissionSet': () => ({ PermissionSet: {} }) } }],
    ['malformed', 'no AccountIds', { more: { 'sso:ListAccountsForProvisionedPermissionSet': () => ({}) } }],
    ['malformed', 'no AccountAssignments', { more: { 'sso:ListAccountAssignments': () => ({}) } }],
    ['incomplete', 'was not listed', { groups: { team: ['somebody'] }, permissionSets: [] }],
    ['incomplete', 'came twice', { users: [{}, { UserId: userId(0) }] }],
    ['denied', 'DescribePermissionSet', { more: { 'sso:DescribePermissionSet': denied } }],
    ['unavailable', 'ListGroupMemberships', { more: { 'identitystore:ListGroupMemberships': gone } }],
    ['unavailable', 'ListAccountAssignments', { more: { 'sso:ListAccountAssignments': gone } }],
  ])('%s: %s', async (code, words, options) => {
    await expect(collect(options)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

test('calls: five a permission set, one for each of its accounts, one a group, one a hundred people, two a policy of the vendor', async () => {
  const people = Array.from({ length: 250 }, (_, index) => userId(index));
  const { told } = await collect({
    size: 250,
    pageSize: 100,
    groups: { a: people.slice(0, 90), b: people.slice(0, 10), c: [] },
    permissionSets: Array.from({ length: 4 }, (_, index) => ({
      name: `P${index}`,
      managed: ['ReadOnlyAccess'],
      accounts: [ACCOUNT, OTHER, '333333333333'],
      holders: ['GROUP:a'],
    })),
  });
  const count = (pattern: RegExp) => told.calls.filter(({ operation }) => pattern.test(operation)).length;
  expect({
    instances: count(/ListInstances/),
    sets: count(/^sso:(?!ListInstances|ListAccountAssignments)/),
    assignments: count(/ListAccountAssignments/),
    vendor: count(/^iam:/),
    users: count(/ListUsers/),
    groups: count(/ListGroups/),
    memberships: count(/ListGroupMemberships/),
  }).toEqual({
    instances: 2,
    sets: 1 + 5 * 4,
    assignments: 12,
    vendor: 2,
    users: 3,
    groups: 1,
    memberships: 3,
  });
});
