import type { Group, User } from '@aws-sdk/client-identitystore';
import type { InstanceMetadata } from '@aws-sdk/client-sso-admin';
import { type Handlers, refuse } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const DAY = 86_400_000;
const VENDOR = 'arn:aws:iam::aws:policy/';
export const INSTANCE = 'arn:aws:sso:::instance/ssoins-1111222233334444';
const STORE = 'd-1234567890';

export interface StubPermissionSet {
  readonly name: string;
  /** Names of AWS's own policies. */
  readonly managed?: readonly string[];
  /** Names of policies that each account has of its own. */
  readonly own?: readonly string[];
  /** JSON. */
  readonly inline?: string;
  readonly accounts: readonly string[];
  /** In each of the accounts, as `USER:<id>` or `GROUP:<id>`. */
  readonly holders: readonly string[];
}

export interface IdentityCenterEstateOptions extends EstateOptions {
  /** Instead of the healthy ones. */
  readonly instances?: readonly Partial<InstanceMetadata>[];
  readonly permissionSets?: readonly StubPermissionSet[];
  readonly users?: readonly Partial<User>[];
  /** Ids of members, by the group's name, which is its id, too. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

interface Listed {
  readonly NextToken?: string;
}
interface OfSet extends Listed {
  readonly PermissionSetArn: string;
  readonly AccountId?: string;
}

export const userId = (index: number): string => `b0000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** People who hold what they hold by groups: a few administer, all read. Listings come in pages of `pageSize`. */
export function identityCenterEstate(options: IdentityCenterEstateOptions): Handlers {
  const { now, size = 12, pageSize = 5 } = options;
  const everybody = Array.from({ length: size }, (_, index) => userId(index));
  const {
    instances = [{}, { InstanceArn: `${INSTANCE}5`, Status: 'DELETE_IN_PROGRESS' }],
    users = everybody.map(() => ({})),
    groups = {
      administrators: everybody.slice(0, 2),
      everybody,
      ...Object.fromEntries(Array.from({ length: pageSize }, (_, index) => [`team-${index}`, []])),
    },
    permissionSets = healthySets(pageSize),
  } = options;
  const arnOf = ({ name }: StubPermissionSet) =>
    `${INSTANCE.replace('instance', 'permissionSet')}/ps-${name}`;
  const setOf = ({ PermissionSetArn }: OfSet): StubPermissionSet => {
    const found = permissionSets.find((one) => arnOf(one) === PermissionSetArn);
    if (found === undefined) throw refuse('ResourceNotFoundException', 400);
    return found;
  };
  const paged = <T>(all: readonly T[], { NextToken }: Listed, size = pageSize) =>
    pageOf(all, size, NextToken);
  return {
    'sso:ListInstances': (input: Listed) => {
      const { items, next } = paged(instances, input, 1);
      return {
        Instances: items.map((told) => ({
          InstanceArn: INSTANCE,
          IdentityStoreId: STORE,
          Status: 'ACTIVE',
          ...told,
        })),
        NextToken: next,
      };
    },
    'sso:ListPermissionSets': (input: Listed) => {
      const { items, next } = paged(permissionSets, input);
      return { PermissionSets: items.map(arnOf), NextToken: next };
    },
    'sso:DescribePermissionSet': (input: OfSet) => ({
      PermissionSet: { Name: setOf(input).name, PermissionSetArn: input.PermissionSetArn },
    }),
    'sso:ListManagedPoliciesInPermissionSet': (input: OfSet) => {
      const { items, next } = paged(setOf(input).managed ?? [], input);
      return {
        AttachedManagedPolicies: items.map((name) => ({ Name: name, Arn: `${VENDOR}${name}` })),
        NextToken: next,
      };
    },
    'sso:ListCustomerManagedPolicyReferencesInPermissionSet': (input: OfSet) => {
      const { items, next } = paged(setOf(input).own ?? [], input);
      return { CustomerManagedPolicyReferences: items.map((Name) => ({ Name, Path: '/' })), NextToken: next };
    },
    'sso:GetInlinePolicyForPermissionSet': (input: OfSet) => ({ InlinePolicy: setOf(input).inline ?? '' }),
    'sso:ListAccountsForProvisionedPermissionSet': (input: OfSet) => {
      const { items, next } = paged(setOf(input).accounts, input);
      return { AccountIds: items, NextToken: next };
    },
    'sso:ListAccountAssignments': (input: OfSet) => {
      const { items, next } = paged(setOf(input).holders, input);
      return {
        AccountAssignments: items.map((holder) => ({
          AccountId: input.AccountId,
          PermissionSetArn: input.PermissionSetArn,
          PrincipalType: holder.slice(0, holder.indexOf(':')),
          PrincipalId: holder.slice(holder.indexOf(':') + 1),
        })),
        NextToken: next,
      };
    },
    'identitystore:ListUsers': (input: Listed) => {
      const { items, next } = paged(
        users.map((told, index) => userOf(index, told, now)),
        input,
      );
      return { Users: items, NextToken: next };
    },
    'identitystore:ListGroups': (input: Listed) => {
      const { items, next } = paged(Object.keys(groups), input);
      return { Groups: items.map((name) => groupOf(name)), NextToken: next };
    },
    'identitystore:ListGroupMemberships': (input: Listed & { GroupId: string }) => {
      const members = groups[input.GroupId];
      if (members === undefined) throw refuse('ResourceNotFoundException', 400);
      const { items, next } = paged(members, input);
      return {
        GroupMemberships: items.map((UserId) => ({
          IdentityStoreId: STORE,
          GroupId: input.GroupId,
          MemberId: { UserId },
        })),
        NextToken: next,
      };
    },
  };
}

function healthySets(pageSize: number): readonly StubPermissionSet[] {
  return [
    {
      name: 'Administrator',
      managed: ['AdministratorAccess'],
      accounts: ['123456789012'],
      holders: ['GROUP:administrators'],
    },
    ...Array.from({ length: pageSize }, (_, index) => ({
      name: `Reader${index}`,
      managed: ['ReadOnlyAccess'],
      inline: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: '*' },
      }),
      accounts: ['123456789012', '210987654321'],
      holders: ['GROUP:everybody', 'GROUP:team-0'],
    })),
  ];
}

/** Known by the name of a user of IAM, too, so that both belong to the same person. */
function userOf(index: number, told: Partial<User>, now: number): User {
  const name = `user-${String(index).padStart(4, '0')}`;
  return {
    IdentityStoreId: STORE,
    UserId: userId(index),
    UserName: name,
    Emails: [{ Value: `${name}@acme.example`, Type: 'work', Primary: true }],
    UserStatus: 'ENABLED',
    CreatedAt: new Date(now - 200 * DAY),
    ...told,
  };
}

const groupOf = (name: string): Group => ({ IdentityStoreId: STORE, GroupId: name, DisplayName: name });
