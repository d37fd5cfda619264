import type { ManagedPolicyDetail, RoleDetail } from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import type { PolicyRecord } from '../../../src/inventory/kinds/policy.ts';
import type { RoleRecord } from '../../../src/inventory/kinds/role.ts';
import { collectAws } from '../aws-harness.ts';
import { organizationEstate } from './estate/organization.ts';
import { pageOf } from './estate/options.ts';
import { encoded, policyOf, roleOf, rolesEstate, trusting } from './estate/roles.ts';
import { type Handlers, refuse, startStub } from './stub.ts';

const ACCOUNT = '123456789012';
const DAY = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
const everything = encoded({ Effect: 'Allow', Action: '*', Resource: '*' });
const vendor = (name: string) => ({ PolicyName: name, PolicyArn: `arn:aws:iam::aws:policy/${name}` });
const own = (name: string) => ({ PolicyName: name, PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/${name}` });

interface Account {
  readonly roles?: readonly RoleDetail[];
  readonly policies?: readonly ManagedPolicyDetail[];
  /** What IAM counts; unless written, what there is. */
  readonly counted?: { readonly Roles?: number; readonly Policies?: number };
  readonly more?: Handlers;
}

function handlersOf({ roles = [], policies = [], counted = {}, more = {} }: Account): Handlers {
  const all = [
    ...roles.map((role) => ({ RoleDetailList: [role] })),
    ...policies.map((policy) => ({ Policies: [policy] })),
  ];
  return {
    ...organizationEstate({ now }),
    ...rolesEstate({ now, pageSize: 2 }),
    'iam:GetAccountSummary': () => ({
      SummaryMap: {
        Users: 0,
        Groups: 0,
        Roles: roles.length,
        Policies: policies.length,
        AccountMFAEnabled: 1,
        AccountAccessKeysPresent: 0,
        ...counted,
      },
    }),
    'iam:GetAccountAuthorizationDetails': ({ Marker }: { Marker?: string }) => {
      const { items, next } = pageOf(all, 1, Marker);
      return { ...items[0], IsTruncated: next !== undefined, Marker: next };
    },
    ...more,
  };
}

async function collect(account: Account) {
  await using stub = await startStub(handlersOf(account), { clock: () => now });
  const { records, told } = await collectAws(stub.endpoint, ACCOUNT, 'iam-roles', {
    now: () => now / 1000,
  });
  const role = (name: string) => records.filter(isRole).find((record) => record.name === name);
  const policy = (name: string) => records.filter(isPolicy).find((record) => record.name === name);
  return { records, told, role, policy };
}

const isRole = (record: object): record is RoleRecord => 'kind' in record && record.kind === 'role';
const isPolicy = (record: object): record is PolicyRecord => 'kind' in record && record.kind === 'policy';
const role = (name: string, told: Partial<RoleDetail> = {}) => roleOf(ACCOUNT, name, now, told);

describe('a role', () => {
  test('is told with whom it trusts, what it gives and when it was last used', async () => {
    const { role: found, told } = await collect({
      roles: [
        role('app', {
          AssumeRolePolicyDocument: trusting({ AWS: ['999999999999', `arn:aws:iam::${ACCOUNT}:role/x`] }),
          Tags: [{ Key: 'team', Value: 'a' }],
        }),
      ],
    });
    const trust = { external_id: false, conditioned: false };
    expect(found('app')).toEqual({
      id: `aws:${ACCOUNT}:AROAAPP`,
      kind: 'role',
      source: 'aws',
      scope: ACCOUNT,
      resource: `arn:aws:iam::${ACCOUNT}:role/app`,
      name: 'app',
      vendor_managed: false,
      administrator: false,
      can_escalate: false,
      created_at: (now - 400 * DAY) / 1000,
      last_active_at: (now - DAY) / 1000,
      trusts: [
        { principal: '999999999999', type: 'account', account: '999999999999', ...trust },
        { principal: `arn:aws:iam::${ACCOUNT}:role/x`, type: 'principal', account: ACCOUNT, ...trust },
      ],
      tags: [{ key: 'team', value: 'a' }],
    });
    expect(told.asOf).toBe(now / 1000);
    expect(Object.fromEntries(told.notes)).toEqual({ roles: 1, policies: 3 });
  });

  test.each<[string, Partial<RoleDetail>, boolean, boolean]>([
    ['nothing', {}, false, false],
    [
      'a policy of its own text',
      { RolePolicyList: [{ PolicyName: 'x', PolicyDocument: everything }] },
      true,
      true,
    ],
    ["the vendor's", { AttachedManagedPolicies: [vendor('AdministratorAccess')] }, true, true],
    ["the account's, listed after it", { AttachedManagedPolicies: [own('all')] }, true, true],
    ['the rights to give rights', { AttachedManagedPolicies: [own('rights')] }, false, true],
    ['a part of a way', { AttachedManagedPolicies: [own('pass')] }, false, false],
    [
      'the parts of a way by two policies',
      {
        AttachedManagedPolicies: [own('pass')],
        RolePolicyList: [
          {
            PolicyName: 'x',
            PolicyDocument: encoded({ Effect: 'Allow', Action: 'lambda:*', Resource: '*' }),
          },
        ],
      },
      false,
      true,
    ],
  ])('by %s', async (_, held, administrator, canEscalate) => {
    const policies = [
      policyOf(ACCOUNT, 'all', everything),
      policyOf(ACCOUNT, 'rights', encoded({ Effect: 'Allow', Action: 'iam:*', Resource: '*' })),
      policyOf(ACCOUNT, 'pass', encoded({ Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' })),
    ];
    const { role: found } = await collect({ roles: [role('app', held)], policies });
    expect(found('app')).toMatchObject({ administrator, can_escalate: canEscalate });
  });

  test('was last active when it was made, unless use is told; null when nothing is said of use', async () => {
    const { role: found } = await collect({
      roles: [
        role('used'),
        role('before', { RoleLastUsed: { LastUsedDate: new Date(now - 500 * DAY) } }),
        role('never', { RoleLastUsed: {} }),
        role('silent', { RoleLastUsed: undefined }),
      ],
    });
    const ages = ['used', 'before', 'never', 'silent'].map((name) => {
      const at = found(name)?.last_active_at;
      return typeof at === 'number' ? (now / 1000 - at) / 86_400 : at;
    });
    expect(ages).toEqual([1, 400, 400, null]);
  });

  test('that a service made for itself is told so, by its path', async () => {
    const { role: found } = await collect({
      roles: [
        role('a', { Path: '/aws-service-role/x.amazonaws.com/' }),
        role('b', { Path: '/app/aws-service-role/' }),
      ],
      counted: { Roles: 1 },
    });
    expect([found('a')?.vendor_managed, found('b')?.vendor_managed]).toEqual([true, false]);
  });

  test('may trust the organisation that its account is in, and that is no outsider', async () => {
    const document = (id: string) =>
      trusting('*', { Condition: { StringEquals: { 'aws:PrincipalOrgID': id } } });
    const roles = [
      role('ours', { AssumeRolePolicyDocument: document('o-annexa1234') }),
      role('theirs', { AssumeRolePolicyDocument: document('o-other12345') }),
    ];
    const inside = await collect({ roles });
    expect(inside.role('ours')?.trusts).toMatchObject([{ type: 'account', account: '', conditioned: true }]);
    expect(inside.role('theirs')?.trusts).toMatchObject([{ type: 'account', account: 'o-other12345' }]);
    const alone = await collect({
      roles,
      more: {
        'organizations:DescribeOrganization': () => {
          throw refuse('AWSOrganizationsNotInUseException');
        },
      },
    });
    expect(alone.role('ours')?.trusts).toMatchObject([{ type: 'account', account: 'o-annexa1234' }]);
  });
});

describe('a policy', () => {
  test('is judged by the version in force, whoever wrote it', async () => {
    const { policy, records } = await collect({
      policies: [
        policyOf(ACCOUNT, 'all', everything, 4),
        policyOf(
          ACCOUNT,
          'some',
          encoded({ Effect: 'Allow', Action: ['sqs:*', 'iam:PutUserPolicy'], Resource: '*' }),
          0,
        ),
      ],
    });
    expect(policy('all')).toEqual({
      id: `aws:${ACCOUNT}:ANPAALL`,
      kind: 'policy',
      source: 'aws',
      scope: ACCOUNT,
      resource: `arn:aws:iam::${ACCOUNT}:policy/all`,
      name: 'all',
      managed_by: 'organisation',
      attachments: 4,
      administrator: true,
      can_escalate: true,
      services: ['*'],
    });
    expect(policy('some')).toMatchObject({
      attachments: 0,
      administrator: false,
      can_escalate: true,
      services: ['sqs'],
    });
    expect(policy('AdministratorAccess')).toMatchObject({
      managed_by: 'vendor',
      administrator: true,
      services: ['*'],
    });
    expect(policy('SupportUser')).toMatchObject({
      managed_by: 'vendor',
      can_escalate: false,
      services: ['support'],
    });
    expect(records).toHaveLength(5);
  });

  test('of the vendor is asked for once, whoever holds it', async () => {
    const roles = Array.from({ length: 9 }, (_, index) =>
      role(`r${index}`, { AttachedManagedPolicies: [vendor('ReadOnlyAccess')] }),
    );
    const { told } = await collect({ roles });
    expect(told.calls.filter(({ operation }) => operation === 'iam:GetPolicyVersion')).toHaveLength(3);
  });
});

describe('rejects rather than tell a part', () => {
  const bad = (account: Account) => collect(account).then(() => undefined);

  test.each<[string, string, Account]>([
    ['incomplete', 'roles', { roles: [role('a')], counted: { Roles: 2 } }],
    ['incomplete', 'policies', { policies: [policyOf(ACCOUNT, 'a', everything)], counted: { Policies: 2 } }],
    ['incomplete', 'came twice', { roles: [role('a'), role('a')] }],
    [
      'incomplete',
      'attached but not there',
      { roles: [role('a', { AttachedManagedPolicies: [own('gone')] })] },
    ],
    [
      'incomplete',
      'attached but not there',
      { roles: [role('a', { AttachedManagedPolicies: [vendor('Other')] })] },
    ],
    [
      'malformed',
      'AssumeRolePolicyDocument',
      { roles: [role('a', { AssumeRolePolicyDocument: undefined })] },
    ],
    ['malformed', 'role/a', { roles: [role('a', { AssumeRolePolicyDocument: '%7B%7D' })] }],
    ['malformed', 'RoleId', { roles: [role('a', { RoleId: undefined })] }],
    [
      'malformed',
      'AttachmentCount',
      { policies: [{ ...policyOf(ACCOUNT, 'a', everything), AttachmentCount: undefined }] },
    ],
    [
      'malformed',
      'default version',
      { policies: [{ ...policyOf(ACCOUNT, 'a', everything), PolicyVersionList: [] }] },
    ],
    ['malformed', 'no Document', { more: { 'iam:GetPolicyVersion': () => ({ PolicyVersion: {} }) } }],
    ['malformed', 'no Policies', { more: { 'iam:ListPolicies': () => ({ IsTruncated: false }) } }],
    ['malformed', 'no Id', { more: { 'organizations:DescribeOrganization': () => ({ Organization: {} }) } }],
    [
      'denied',
      'GetPolicyVersion',
      {
        more: {
          'iam:GetPolicyVersion': () => {
            throw refuse('AccessDenied', 403);
          },
        },
      },
    ],
  ])('%s: %s', async (code, words, account) => {
    await expect(bad(account)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test('but looks again once, as the account may have changed in between', async () => {
    let asked = 0;
    const counts = () => ({
      Users: 0,
      Groups: 0,
      Policies: 0,
      AccountMFAEnabled: 1,
      AccountAccessKeysPresent: 0,
    });
    const { records } = await collect({
      roles: [role('a')],
      more: {
        'iam:GetAccountSummary': () => ({ SummaryMap: { ...counts(), Roles: asked++ === 0 ? 2 : 1 } }),
      },
    });
    expect([asked, records.filter(isRole).length]).toEqual([2, 1]);
  });
});
