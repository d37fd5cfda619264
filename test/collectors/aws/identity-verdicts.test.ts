import type { RoleDetail } from '@aws-sdk/client-iam';
import { describe, expect, test } from 'vitest';
import { accessAnalyzerEstate } from './estate/access-analyzer.ts';
import { iamEstate } from './estate/iam.ts';
import { identityCenterEstate, userId } from './estate/identity-center.ts';
import { organizationEstate } from './estate/organization.ts';
import { encoded, policyOf, roleOf, rolesEstate, trusting } from './estate/roles.ts';
import { identityVerdicts, type Place } from './identity-verdicts.ts';
import { type Handlers, startStub } from './stub.ts';

const ACCOUNT = '123456789012';
const OTHER = '210987654321';
const OUTSIDER = '999999999999';
const REGION = 'eu-west-1';
const DAY = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;

async function verdicts(handlers: Handlers, place: Omit<Place, 'endpoint' | 'account' | 'region'> = {}) {
  const all = { ...organizationEstate({ now }), ...iamEstate({ now, size: 3 }), ...handlers };
  await using stub = await startStub(all);
  return await identityVerdicts({ endpoint: stub.endpoint, account: ACCOUNT, region: REGION, ...place });
}

const passed = { outcome: 'pass', failing: [], unknown: [] };
const nothing = { outcome: 'not_applicable', failing: [], unknown: [] };
const failed = (...failing: readonly string[]) => ({ outcome: 'fail', failing, unknown: [] });
const role = (name: string, told: Partial<RoleDetail>) => roleOf(ACCOUNT, name, now, told);
const held = (name: string) => ({ PolicyName: name, PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/${name}` });
const admin = {
  AttachedManagedPolicies: [{ PolicyName: 'A', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
};
const everybodyOf = (host: string, Condition: object) =>
  trusting(
    { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${host}` },
    { Action: 'sts:AssumeRoleWithWebIdentity', Condition },
  );
const allow = (Action: string | string[], Resource = '*') => encoded({ Effect: 'Allow', Action, Resource });

describe('a healthy account', () => {
  test('passes, wherever there is something to judge', async () => {
    const handlers = {
      ...accessAnalyzerEstate({ now, size: 5, pageSize: 2 }),
      ...identityCenterEstate({ now, size: 3, pageSize: 2 }),
    };
    const people = [0, 1, 2].map((index) => ({ email: `user-000${index}@acme.example` }));
    const found = await verdicts(handlers, { more: ['identity-center', 'access-analyzer'], people });
    expect(found).toEqual({
      ...Object.fromEntries(Object.keys(found).map((name) => [name, passed])),
      'role-outsider-external-id': nothing,
      // Nobody left.
      'leaver-grants': { outcome: 'unknown', failing: [], unknown: [] },
    });
  });
});

describe('planted states', () => {
  const roles = [
    role('open', {
      AssumeRolePolicyDocument: trusting('*', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
    }),
    role('open-inside', {
      AssumeRolePolicyDocument: trusting('*', {
        Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-annexa1234' } },
      }),
    }),
    role('supplier', {
      AssumeRolePolicyDocument: trusting(
        { AWS: OUTSIDER },
        { Condition: { StringEquals: { 'sts:ExternalId': 'acme-1' } } },
      ),
    }),
    role('stranger', { AssumeRolePolicyDocument: trusting({ AWS: `arn:aws:iam::${OUTSIDER}:role/x` }) }),
    role('stranger-org', {
      AssumeRolePolicyDocument: trusting('*', {
        Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-other12345' } },
      }),
    }),
    role('builds', {
      AssumeRolePolicyDocument: everybodyOf('host.example', {
        StringEquals: { 'host.example:aud': 'sts.amazonaws.com' },
      }),
      ...admin,
    }),
    role('idle', { RoleLastUsed: { LastUsedDate: new Date(now - 91 * DAY) } }),
    role('never', { RoleLastUsed: {} }),
    role('silent', { RoleLastUsed: undefined }),
    role('young', { RoleLastUsed: {}, CreateDate: new Date(now - DAY) }),
    role('linked', { Path: '/aws-service-role/x.amazonaws.com/', RoleLastUsed: {} }),
    role('outside-admin', {
      AssumeRolePolicyDocument: trusting(
        { AWS: OUTSIDER },
        { Condition: { StringEquals: { 'sts:ExternalId': 'acme-2' } } },
      ),
      AttachedManagedPolicies: [held('all')],
    }),
    role('inside-admin', admin),
  ];
  const policies = [
    policyOf(ACCOUNT, 'all', allow('*')),
    policyOf(ACCOUNT, 'all-unused', allow('*'), 0),
    policyOf(ACCOUNT, 'queues', allow(['sqs:*', 's3:Get*'])),
    policyOf(ACCOUNT, 'almost', encoded({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })),
    policyOf(ACCOUNT, 'rights', allow('iam:AttachRolePolicy')),
    policyOf(ACCOUNT, 'launch', allow(['iam:PassRole', 'ec2:RunInstances'])),
    policyOf(ACCOUNT, 'launch-one', allow(['iam:PassRole', 'ec2:RunInstances'], 'arn:aws:iam::1:role/x')),
    policyOf(ACCOUNT, 'rights-unused', allow('iam:AttachRolePolicy'), 0),
  ];
  const handlers: Handlers = {
    ...rolesEstate({ now }),
    'iam:GetAccountAuthorizationDetails': () => ({
      RoleDetailList: roles,
      Policies: policies,
      IsTruncated: false,
    }),
    'iam:GetAccountSummary': () => ({
      SummaryMap: {
        Users: 0,
        Groups: 0,
        Roles: roles.length,
        Policies: policies.length,
        AccountMFAEnabled: 1,
        AccountAccessKeysPresent: 0,
      },
    }),
  };

  test('of roles and policies fail, exactly', async () => {
    const found = await verdicts(handlers);
    expect(found).toMatchObject({
      'role-trusts-everyone': failed('open'),
      'role-outsiders-known': failed('outside-admin', 'stranger', 'stranger-org', 'supplier'),
      'role-outsider-external-id': failed('stranger', 'stranger-org'),
      'role-federated-subject': failed('builds'),
      'role-dormant': { outcome: 'fail', failing: ['idle', 'never'], unknown: ['silent'] },
      'role-administrator-outsiders': failed('builds', 'outside-admin'),
      'policy-everything': failed('all'),
      'policy-service-wildcards': failed('almost', 'queues'),
      'policy-escalation': failed('launch', 'rights'),
    });
  });

  test('are unknown where the account itself is not read', async () => {
    const denied = Object.fromEntries(
      Object.entries(iamEstate({ now, size: 3 })).filter(([name]) => name !== 'iam:GetAccountPasswordPolicy'),
    );
    await using stub = await startStub({ ...organizationEstate({ now }), ...denied });
    const found = await identityVerdicts({ endpoint: stub.endpoint, account: ACCOUNT, region: REGION });
    expect(found['role-outsiders-known']?.outcome).toBe('unknown');
    expect(found['role-administrator-outsiders']?.outcome).toBe('unknown');
    expect(found['role-trusts-everyone']?.outcome).toBe('pass');
  });
});

describe('access from outside', () => {
  const only = { more: ['access-analyzer'] };
  const of = (options: Omit<Parameters<typeof accessAnalyzerEstate>[0], 'now'>) =>
    verdicts(accessAnalyzerEstate({ now, ...options }), only);

  test('that nobody dealt with in time, or that everybody has, fails', async () => {
    const found = await of({
      findings: [
        { status: 'ACTIVE', createdAt: new Date(now - 15 * DAY), resource: 'old' },
        { status: 'ACTIVE', createdAt: new Date(now - DAY), isPublic: true, resource: 'public' },
        { status: 'ARCHIVED', isPublic: true, resource: 'hidden' },
        { status: 'RESOLVED', isPublic: true, resource: 'closed' },
        { status: 'ACTIVE', createdAt: new Date(now - DAY), isPublic: undefined, resource: 'odd' },
      ],
    });
    expect(found['access-alerts-handled']).toEqual(failed('Access Analyzer'));
    expect(found['access-alerts-public']).toEqual({
      outcome: 'fail',
      failing: ['hidden', 'public'],
      unknown: ['odd'],
    });
  });

  test('is unknown where nothing looks for it', async () => {
    for (const analyzers of [
      [],
      [{ status: 'FAILED' as const }],
      [{ type: 'ACCOUNT_UNUSED_ACCESS' as const }],
    ]) {
      const found = await of({ analyzers });
      expect(found['access-alerts-handled']).toEqual({
        outcome: 'unknown',
        failing: [],
        unknown: ['Access Analyzer'],
      });
      expect(found['access-alerts-public']).toEqual(nothing);
    }
  });
});

describe('people of Identity Center', () => {
  const person = (index: number) => `user-${String(index).padStart(4, '0')}`;
  test('and what they hold are judged like those of an account, each account by itself', async () => {
    const everybody = Array.from({ length: 9 }, (_, index) => userId(index));
    const found = await verdicts(
      identityCenterEstate({
        now,
        size: 9,
        groups: { six: everybody.slice(0, 6), two: everybody.slice(0, 2) },
        permissionSets: [
          { name: 'Admin', managed: ['AdministratorAccess'], accounts: [ACCOUNT], holders: ['GROUP:six'] },
          { name: 'Root', managed: ['AdministratorAccess'], accounts: [OTHER], holders: ['GROUP:two'] },
          { name: 'Own', own: ['acme'], accounts: [OTHER], holders: [`USER:${userId(8)}`] },
        ],
      }),
      {
        more: ['identity-center'],
        people: everybody.slice(0, 8).map((_, index) => ({
          email: `${person(index)}@acme.example`,
          ...(index === 1 ? { left: 9 } : {}),
        })),
      },
    );
    const unread = `${person(8)} Own ${OTHER}`;
    expect(found['administrators-few']).toEqual({
      outcome: 'fail',
      failing: everybody.slice(0, 6).map((_, index) => `${person(index)} Admin ${ACCOUNT}`),
      unknown: [unread],
    });
    expect(found['administrators-named']).toEqual({
      outcome: 'fail',
      failing: [`${person(1)} Admin ${ACCOUNT}`, `${person(1)} Root ${OTHER}`],
      unknown: [unread],
    });
    expect(found['grants-by-role']).toEqual(failed(unread));
    expect(found['identity-owner']).toEqual(failed(person(8)));
    expect(found['leaver-grants']?.outcome).toBe('fail');
  });
});
