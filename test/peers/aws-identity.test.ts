import {
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateGroupCommand as CreateDirectoryGroupCommand,
  CreateGroupMembershipCommand,
  CreateUserCommand,
  IdentitystoreClient,
} from '@aws-sdk/client-identitystore';
import { CreateOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import {
  AttachCustomerManagedPolicyReferenceToPermissionSetCommand,
  AttachManagedPolicyToPermissionSetCommand,
  CreateAccountAssignmentCommand,
  CreatePermissionSetCommand,
  ListInstancesCommand,
  ProvisionPermissionSetCommand,
  PutInlinePolicyToPermissionSetCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import type { IdentityRecord } from '../../src/inventory/kinds/identity.ts';
import type { PolicyRecord } from '../../src/inventory/kinds/policy.ts';
import type { RoleGrantRecord } from '../../src/inventory/kinds/role-grant.ts';
import type { RoleRecord } from '../../src/inventory/kinds/role.ts';
import { collectAws } from '../collectors/aws-harness.ts';
import { identityVerdicts } from '../collectors/aws/identity-verdicts.ts';
import { type Emulator, startMoto } from './emulators.ts';

const REGION = 'us-east-1';
const OUTSIDER = '999999999999';
const HOST = 'token.actions.githubusercontent.com';
const settings = (peer: Emulator) => ({
  region: REGION,
  endpoint: peer.endpoint,
  credentials: { accessKeyId: 'AKIAFILLFILLFILLFILL', secretAccessKey: 'fill' },
});

const document = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], more: object = {}) =>
  document({ Effect: 'Allow', Action, Resource: '*', ...more });
const trust = (Principal: object | string, more: object = {}) =>
  document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });

interface PlannedRole {
  readonly trust: string;
  /** Names of the account's own policies, or of AWS's. */
  readonly attached?: readonly string[];
  readonly inline?: string;
}

/** The text in force of each of the account's own policies, by name. */
const own: Readonly<Record<string, string>> = {
  everything: allow('*'),
  queues: allow(['sqs:*', 's3:Get*']),
  rights: allow(['iam:CreatePolicyVersion']),
  launch: allow(['iam:PassRole', 'lambda:CreateFunction']),
  narrow: allow('iam:*', { Resource: 'arn:aws:iam::123456789012:role/app/*' }),
  guarded: allow('iam:*', { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
};

const VENDOR = ['AdministratorAccess', 'PowerUserAccess', 'IAMFullAccess', 'ReadOnlyAccess'];

function rolesOf(organization: string): Readonly<Record<string, PlannedRole>> {
  const github = (Condition: object) =>
    trust(
      { Federated: `arn:aws:iam::123456789012:oidc-provider/${HOST}` },
      { Action: 'sts:AssumeRoleWithWebIdentity', Condition },
    );
  return {
    app: { trust: trust({ Service: 'lambda.amazonaws.com' }), attached: ['queues'] },
    operators: { trust: trust({ AWS: 'arn:aws:iam::123456789012:root' }), attached: ['AdministratorAccess'] },
    open: { trust: trust('*') },
    'open-inside': {
      trust: trust('*', { Condition: { StringEquals: { 'aws:PrincipalOrgID': organization } } }),
    },
    supplier: {
      trust: trust({ AWS: OUTSIDER }, { Condition: { StringEquals: { 'sts:ExternalId': 'acme' } } }),
      attached: ['ReadOnlyAccess'],
    },
    stranger: { trust: trust({ AWS: `arn:aws:iam::${OUTSIDER}:root` }), inline: own['everything']! },
    deploy: {
      trust: github({ StringLike: { [`${HOST}:sub`]: 'repo:acme/*' } }),
      attached: ['PowerUserAccess', 'launch'],
    },
    builds: {
      trust: github({ StringEquals: { [`${HOST}:aud`]: 'sts.amazonaws.com' } }),
      attached: ['rights'],
    },
    sso: {
      trust: trust(
        { Federated: 'arn:aws:iam::123456789012:saml-provider/acme' },
        {
          Action: 'sts:AssumeRoleWithSAML',
          Condition: { StringEquals: { 'SAML:aud': 'https://signin.aws.amazon.com/saml' } },
        },
      ),
      attached: ['IAMFullAccess', 'guarded', 'narrow'],
    },
  };
}

const arnOf = (name: string) =>
  VENDOR.includes(name) ? `arn:aws:iam::aws:policy/${name}` : `arn:aws:iam::123456789012:policy/${name}`;

/** Everything is 200 days old, but what is told to be used. */
async function fillAccount(peer: Emulator): Promise<void> {
  await peer.setClock(200);
  const organizations = new OrganizationsClient(settings(peer));
  const { Organization } = await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  const iam = new IAMClient(settings(peer));
  for (const [PolicyName, text] of Object.entries(own)) {
    await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: allow('s3:GetObject') }));
    await iam.send(
      new CreatePolicyVersionCommand({
        PolicyArn: arnOf(PolicyName),
        PolicyDocument: text,
        SetAsDefault: true,
      }),
    );
  }
  await iam.send(new CreatePolicyCommand({ PolicyName: 'unused', PolicyDocument: own['everything'] }));
  for (const [RoleName, planned] of Object.entries(rolesOf(Organization?.Id ?? ''))) {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: planned.trust }));
    for (const name of planned.attached ?? [])
      await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: arnOf(name) }));
    if (planned.inline !== undefined)
      await iam.send(
        new PutRolePolicyCommand({ RoleName, PolicyName: 'inline', PolicyDocument: planned.inline }),
      );
  }
  await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'autoscaling.amazonaws.com' }));
  await iam.send(new CreateGroupCommand({ GroupName: 'staff' }));
  await iam.send(new AttachGroupPolicyCommand({ GroupName: 'staff', PolicyArn: arnOf('everything') }));
  await peer.setClock(0);
  for (const name of Object.keys(rolesOf('')).filter((name) => name !== 'supplier')) await use(peer, name);
  organizations.destroy();
  iam.destroy();
}

/** Takes the role on and calls something: the source notes the use. */
async function use(peer: Emulator, name: string): Promise<void> {
  const sts = new STSClient(settings(peer));
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::123456789012:role/${name}`, RoleSessionName: 'fill' }),
  );
  const session = new STSClient({
    ...settings(peer),
    credentials: {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    },
  });
  await session.send(new GetCallerIdentityCommand({}));
  sts.destroy();
  session.destroy();
}

/** What is told of a role: how it is trusted, what it gives, and days since it was active. */
function lineOf({ trusts, administrator, can_escalate, vendor_managed, last_active_at }: RoleRecord): string {
  const age = last_active_at === null ? null : Math.round((Date.now() / 1000 - last_active_at) / 86_400);
  return [
    ...trusts.map(({ type, account, external_id, conditioned }) =>
      [type, account, external_id ? 'id' : '', conditioned ? 'narrowed' : '']
        .filter((word) => word !== '')
        .join(' '),
    ),
    administrator ? 'administrator' : can_escalate ? 'escalates' : 'limited',
    ...(vendor_managed ? ['vendor'] : []),
    `${age}d`,
  ].join(', ');
}

const failed = (...failing: readonly string[]) => ({ outcome: 'fail', failing, unknown: [] });

test('roles and policies of moto are told as planted, and judged so', async () => {
  await using peer = await startMoto();
  await fillAccount(peer);
  const { records, told } = await collectAws(peer.endpoint, peer.account, 'iam-roles');
  const roles = records.filter((record): record is RoleRecord => record.kind === 'role');
  const policies = records.filter((record): record is PolicyRecord => record.kind === 'policy');
  expect(Object.fromEntries(roles.map((role) => [role.name, lineOf(role)]))).toEqual({
    app: 'service, limited, 0d',
    operators: 'account 123456789012, administrator, 0d',
    open: 'everyone, limited, 0d',
    'open-inside': 'account narrowed, limited, 0d',
    supplier: `account ${OUTSIDER} id, limited, 200d`,
    stranger: `account ${OUTSIDER}, administrator, 0d`,
    deploy: 'federated 123456789012 narrowed, escalates, 0d',
    builds: 'federated 123456789012, escalates, 0d',
    sso: 'federated 123456789012 narrowed, escalates, 0d',
    AWSServiceRoleForAutoScaling: 'service, limited, vendor, 200d',
  });
  const given = policies.map(({ name, managed_by, attachments, administrator, can_escalate, services }) => [
    name,
    [
      managed_by,
      attachments,
      administrator ? 'administrator' : can_escalate ? 'escalates' : 'limited',
      ...services.filter((service) => managed_by === 'organisation' || service === '*' || service === 'iam'),
    ].join(' '),
  ]);
  expect(Object.fromEntries(given)).toMatchObject({
    everything: 'organisation 1 administrator *',
    unused: 'organisation 0 administrator *',
    queues: 'organisation 1 limited sqs',
    rights: 'organisation 1 escalates',
    launch: 'organisation 1 escalates',
    narrow: 'organisation 1 limited',
    guarded: 'organisation 1 limited',
    AdministratorAccess: 'vendor 1 administrator *',
    PowerUserAccess: 'vendor 1 limited *',
    IAMFullAccess: 'vendor 1 escalates iam',
    ReadOnlyAccess: 'vendor 1 limited',
  });
  const calls = Object.groupBy(told.calls, ({ operation }) => operation);
  expect(Object.fromEntries(Object.entries(calls).map(([name, all]) => [name, all?.length]))).toEqual({
    'sts:GetCallerIdentity': 1,
    'organizations:DescribeOrganization': 1,
    'iam:ListPolicies': 1,
    'iam:GetPolicyVersion': policies.length - 7,
    'iam:GetAccountAuthorizationDetails': 1,
    'iam:GetAccountSummary': 1,
  });

  const found = await identityVerdicts({ endpoint: peer.endpoint, account: peer.account, region: REGION });
  expect(found).toMatchObject({
    'role-trusts-everyone': failed('open'),
    'role-outsiders-known': failed('stranger', 'supplier'),
    'role-outsider-external-id': failed('stranger'),
    'role-federated-subject': failed('builds'),
    'role-dormant': failed('supplier'),
    'role-administrator-outsiders': failed('stranger'),
    'policy-everything': failed('everything'),
    'policy-service-wildcards': failed('queues'),
    'policy-escalation': failed('IAMFullAccess', 'launch', 'rights'),
  });
});

/** Twelve people, two of them administrators by a group, one reader by herself. */
async function fillDirectory(peer: Emulator): Promise<void> {
  const sso = new SSOAdminClient(settings(peer));
  const directory = new IdentitystoreClient(settings(peer));
  const { Instances: [instance] = [] } = await sso.send(new ListInstancesCommand({}));
  const { InstanceArn = '', IdentityStoreId = '' } = instance ?? {};
  const users: string[] = [];
  for (let index = 0; index < 12; index++) {
    const { UserId = '' } = await directory.send(
      new CreateUserCommand({
        IdentityStoreId,
        UserName: `person${index}`,
        DisplayName: `Person ${index}`,
        Name: { GivenName: 'Person', FamilyName: String(index) },
        Emails: [{ Value: `person${index}@acme.example`, Primary: true }],
      }),
    );
    users.push(UserId);
  }
  const groupOf = async (DisplayName: string, members: readonly string[]): Promise<string> => {
    const { GroupId = '' } = await directory.send(
      new CreateDirectoryGroupCommand({ IdentityStoreId, DisplayName }),
    );
    for (const UserId of members)
      await directory.send(
        new CreateGroupMembershipCommand({ IdentityStoreId, GroupId, MemberId: { UserId } }),
      );
    return GroupId;
  };
  const setOf = async (Name: string): Promise<string> => {
    const { PermissionSet: made } = await sso.send(new CreatePermissionSetCommand({ InstanceArn, Name }));
    return made?.PermissionSetArn ?? '';
  };
  const assign = async (PermissionSetArn: string, PrincipalType: 'USER' | 'GROUP', PrincipalId: string) => {
    await sso.send(
      new CreateAccountAssignmentCommand({
        InstanceArn,
        PermissionSetArn,
        PrincipalType,
        PrincipalId,
        TargetType: 'AWS_ACCOUNT',
        TargetId: peer.account,
      }),
    );
    // As AWS does by itself with the first assignment.
    await sso.send(
      new ProvisionPermissionSetCommand({
        InstanceArn,
        PermissionSetArn,
        TargetType: 'ALL_PROVISIONED_ACCOUNTS',
      }),
    );
  };
  const administrator = await setOf('Administrator');
  const reader = await setOf('Reader');
  const inline = await setOf('Inline');
  const local = await setOf('Local');
  const managed = async (PermissionSetArn: string, name: string) =>
    void (await sso.send(
      new AttachManagedPolicyToPermissionSetCommand({
        InstanceArn,
        PermissionSetArn,
        ManagedPolicyArn: arnOf(name),
      }),
    ));
  await managed(administrator, 'AdministratorAccess');
  await managed(reader, 'ReadOnlyAccess');
  await sso.send(
    new PutInlinePolicyToPermissionSetCommand({
      InstanceArn,
      PermissionSetArn: inline,
      InlinePolicy: allow('*'),
    }),
  );
  await sso.send(
    new AttachCustomerManagedPolicyReferenceToPermissionSetCommand({
      InstanceArn,
      PermissionSetArn: local,
      CustomerManagedPolicyReference: { Name: 'acme', Path: '/' },
    }),
  );
  await assign(administrator, 'GROUP', await groupOf('admins', users.slice(0, 2)));
  await assign(reader, 'GROUP', await groupOf('everybody', users));
  await assign(inline, 'USER', users[2] ?? '');
  await assign(local, 'USER', users[3] ?? '');
  await groupOf('nobody', []);
  sso.destroy();
  directory.destroy();
}

test('people and assignments of moto are told as planted, and judged so', async () => {
  await using peer = await startMoto();
  await fillDirectory(peer);
  const { records } = await collectAws(peer.endpoint, peer.account, 'identity-center', {
    settings: { identityCenter: { account: peer.account, region: REGION } },
  });
  const people = records.filter((record): record is IdentityRecord => record.kind === 'identity');
  const grants = records.filter((record): record is RoleGrantRecord => record.kind === 'role_grant');
  const nameOf = new Map(people.map(({ id, name }) => [id, name]));
  expect(people.map(({ name, enabled, logins, groups }) => [name, enabled, logins, groups])).toEqual(
    Array.from({ length: 12 }, (_, index) => [
      `person${index}`,
      true,
      [`person${index}`, `person${index}@acme.example`],
      index < 2 ? ['admins', 'everybody'] : ['everybody'],
    ]),
  );
  const everybody = Array.from({ length: 12 }, (_, index) => `person${index} group:everybody Reader false`);
  expect(
    grants
      .map(({ identity, via, policy, administrator }) =>
        [nameOf.get(identity), via, policy, String(administrator)].join(' '),
      )
      .sort(),
  ).toEqual(
    [
      'person0 group:admins Administrator true',
      'person1 group:admins Administrator true',
      ...everybody,
      'person2 direct Inline true',
      'person3 direct Local null',
    ].sort(),
  );
  expect(new Set(grants.map(({ target }) => target))).toEqual(new Set([peer.account]));

  const found = await identityVerdicts({
    endpoint: peer.endpoint,
    account: peer.account,
    region: REGION,
    more: ['identity-center'],
    people: Array.from({ length: 12 }, (_, index) => ({
      email: `person${index}@acme.example`,
      ...(index === 1 ? { left: 10 } : {}),
    })),
  });
  const local = `person3 Local ${peer.account}`;
  expect(found).toMatchObject({
    'administrators-few': { outcome: 'unknown', failing: [], unknown: [local] },
    'administrators-named': {
      outcome: 'fail',
      failing: [`person1 Administrator ${peer.account}`],
      unknown: [local],
    },
    'grants-by-role': failed(`person2 Inline ${peer.account}`, local),
    'identity-owner': { outcome: 'pass' },
    'leaver-grants': { outcome: 'fail' },
  });
});
