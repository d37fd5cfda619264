import type { UserDetail } from '@aws-sdk/client-iam';
import type { Asked, Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';
import { policiesOf, rolesEstate, rolesOf } from './roles.ts';

const DAY = 86_400_000;
const documentOf = (statement: object): string =>
  encodeURIComponent(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));
const readOnly = documentOf({ Effect: 'Allow', Action: 's3:Get*', Resource: '*' });

interface Listed {
  readonly Marker?: string;
}

interface Details extends Listed {
  readonly Filter?: readonly string[];
}

/**
 * An account of `size` users: each signs in, with a second factor, and works through a group; the root user has a second factor and no keys.
 * Listings come in pages of `pageSize` of users, groups, roles and policies together.
 */
export function iamEstate({ now, size = 12, pageSize = 5 }: EstateOptions): Handlers {
  const created = new Date(now - 400 * DAY);
  const peopleOf = (account: string) =>
    Array.from({ length: size }, (_, index) => userOf(account, index, created));
  const roles = { now, size: 3 };
  return {
    ...rolesEstate({ now, pageSize }),
    'iam:GenerateCredentialReport': () => ({ State: 'COMPLETE' }),
    'iam:GetCredentialReport': (_: object, { account, missing }: Asked) => ({
      Content: Buffer.from(reportOf(account, peopleOf(account).slice(missing ? 1 : 0), now)),
      ReportFormat: 'text/csv',
      GeneratedTime: new Date(now - 60_000),
    }),
    'iam:ListVirtualMFADevices': ({ Marker }: Listed, { account, missing }: Asked) => {
      const devices = peopleOf(account).map((user) => deviceOf(account, user, created));
      const { items, next } = pageOf(devices, pageSize, Marker, missing);
      return { VirtualMFADevices: items, IsTruncated: next !== undefined, Marker: next };
    },
    'iam:GetAccountAuthorizationDetails': (
      { Filter = Object.keys(LISTS), Marker }: Details,
      { account, missing }: Asked,
    ) => {
      const wanted = detailsOf(account, peopleOf(account), created, roles).filter(([list]) =>
        Filter.some((entity) => LISTS[entity] === list),
      );
      const { items, next } = pageOf(wanted, pageSize, Marker, missing);
      const lists = Object.groupBy(items, ([list]) => list);
      return {
        ...Object.fromEntries(
          Object.entries(lists).map(([list, of]) => [list, of.map(([, entry]) => entry)]),
        ),
        IsTruncated: next !== undefined,
        Marker: next,
      };
    },
    'iam:GetAccountSummary': (_: object, { account }: Asked) => ({
      SummaryMap: {
        Users: size,
        Groups: 1,
        Roles: rolesOf(account, roles).length,
        Policies: policiesOf(account).length,
        AccountMFAEnabled: 1,
        AccountAccessKeysPresent: 0,
        AccountPasswordPresent: 1,
      },
    }),
    'iam:GetAccountPasswordPolicy': () => ({
      PasswordPolicy: {
        MinimumPasswordLength: 14,
        RequireSymbols: true,
        RequireNumbers: true,
        RequireUppercaseCharacters: true,
        RequireLowercaseCharacters: true,
        PasswordReusePrevention: 24,
      },
    }),
  };
}

type Person = UserDetail & { readonly UserName: string; readonly UserId: string; readonly Arn: string };

function userOf(account: string, index: number, created: Date): Person {
  const name = `user-${String(index).padStart(4, '0')}`;
  return {
    Path: '/',
    UserName: name,
    UserId: `AIDA${String(index).padStart(16, '0')}`,
    Arn: `arn:aws:iam::${account}:user/${name}`,
    CreateDate: created,
    GroupList: ['staff'],
  };
}

function deviceOf(account: string, { UserName, UserId, Arn }: Person, created: Date): object {
  return {
    SerialNumber: `arn:aws:iam::${account}:mfa/${UserName}`,
    User: { Path: '/', UserName, UserId, Arn, CreateDate: created },
    EnableDate: created,
  };
}

/** Where what the filter names is listed. */
const LISTS: Readonly<Record<string, string>> = {
  User: 'UserDetailList',
  Group: 'GroupDetailList',
  Role: 'RoleDetailList',
  LocalManagedPolicy: 'Policies',
};

function detailsOf(account: string, people: readonly Person[], created: Date, roles: EstateOptions) {
  const group = {
    Path: '/',
    GroupName: 'staff',
    GroupId: 'AGPASTAFF',
    Arn: `arn:aws:iam::${account}:group/staff`,
    CreateDate: created,
    GroupPolicyList: [{ PolicyName: 'read', PolicyDocument: readOnly }],
    AttachedManagedPolicies: [
      { PolicyName: 'acme-read', PolicyArn: `arn:aws:iam::${account}:policy/acme-read` },
    ],
  };
  return [
    ...people.map((user) => ['UserDetailList', user] as const),
    ['GroupDetailList', group] as const,
    ...rolesOf(account, roles).map((role) => ['RoleDetailList', role] as const),
    ...policiesOf(account).map((policy) => ['Policies', policy] as const),
  ];
}

function reportOf(account: string, people: readonly Person[], now: number): string {
  const day = (ago: number): string => `${new Date(now - ago * DAY).toISOString().slice(0, 19)}+00:00`;
  const header =
    'user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,' +
    'access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,' +
    'access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,' +
    'cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated';
  const none = 'false,N/A,N/A,N/A,N/A';
  const root = `<root_account>,arn:aws:iam::${account}:root,${day(900)},not_supported,${day(200)},not_supported,not_supported,true,${none},${none},false,N/A,false,N/A`;
  const rows = people.map(
    ({ UserName, Arn }) =>
      `${UserName},${Arn},${day(400)},true,${day(1)},${day(30)},N/A,true,true,${day(20)},${day(1)},us-east-1,s3,${none},false,N/A,false,N/A`,
  );
  return [header, root, ...rows, ''].join('\n');
}
