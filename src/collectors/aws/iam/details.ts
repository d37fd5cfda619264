import {
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsResponse,
  type GroupDetail,
  type ManagedPolicyDetail,
  type UserDetail,
} from '@aws-sdk/client-iam';
import { CollectorError } from '../../error.ts';
import { marker, pages } from '../pages.ts';
import { grantsEverything, isAdministratorAccess, isAwsManaged } from './policy.ts';
import { iamOf } from './client.ts';
import type { Session } from '../session.ts';

const OPERATION = 'iam:GetAccountAuthorizationDetails';

export interface InlinePolicy {
  readonly name: string;
  readonly administrator: boolean;
}

/** What a user or a group holds itself. */
export interface Holder {
  readonly inline: readonly InlinePolicy[];
  readonly attached: readonly { readonly name: string; readonly arn: string }[];
}

export interface User extends Holder {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly groups: readonly string[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

/** Policy documents are judged page by page and let go. */
export interface AccountDetails {
  readonly users: readonly User[];
  /** By name. */
  readonly groups: ReadonlyMap<string, Holder>;
  /** The account's own policies, by ARN: whether each allows everything. */
  readonly policies: ReadonlyMap<string, boolean>;
  readonly roles: number;
  /** Among the roles, those that AWS services made for themselves. */
  readonly serviceRoles: number;
}

/** Every user, group, role and own policy of the account. */
export async function accountDetails(session: Session): Promise<AccountDetails> {
  const users: User[] = [];
  const groups = new Map<string, Holder>();
  const policies = new Map<string, boolean>();
  const seen = new Set<string>();
  let serviceRoles = 0;
  let roles = 0;
  const fetch = (token: string | undefined) =>
    session.call(OPERATION, (options) =>
      iamOf(session).send(
        new GetAccountAuthorizationDetailsCommand({
          Filter: ['User', 'Group', 'Role', 'LocalManagedPolicy'],
          MaxItems: 1000,
          Marker: token,
        }),
        options,
      ),
    );
  for await (const page of pages<GetAccountAuthorizationDetailsResponse>(OPERATION, fetch, (page) =>
    marker(OPERATION, page),
  )) {
    for (const detail of page.UserDetailList ?? []) users.push(once(readUser(detail), seen));
    for (const detail of page.GroupDetailList ?? []) {
      const group = once(readGroup(detail), seen);
      groups.set(group.name, group);
    }
    for (const { Path, Arn } of page.RoleDetailList ?? []) {
      once({ arn: need(Arn, 'a role', 'Arn') }, seen);
      roles += 1;
      if (Path?.startsWith('/aws-service-role/') === true) serviceRoles += 1;
    }
    for (const detail of page.Policies ?? []) {
      const { arn, administrator } = once(readPolicy(detail), seen);
      policies.set(arn, administrator);
    }
  }
  return { users, groups, policies, roles, serviceRoles };
}

function need<T>(value: T | undefined, what: string, field: string): T {
  if (value === undefined || value === '')
    throw new CollectorError('malformed', `${OPERATION}: ${what} has no ${field}`);
  return value;
}

/** Pages that overlap would make totals agree by accident. */
function once<T extends { readonly arn: string }>(entry: T, seen: Set<string>): T {
  if (seen.has(entry.arn)) throw new CollectorError('incomplete', `${OPERATION}: ${entry.arn} came twice`);
  seen.add(entry.arn);
  return entry;
}

function readUser(detail: UserDetail): User {
  const arn = need(detail.Arn, `user ${detail.UserName ?? ''}`, 'Arn');
  const created = need(detail.CreateDate, arn, 'CreateDate').getTime();
  if (Number.isNaN(created))
    throw new CollectorError('malformed', `${OPERATION}: ${arn}: CreateDate is no date`);
  return {
    id: need(detail.UserId, arn, 'UserId'),
    name: need(detail.UserName, arn, 'UserName'),
    arn,
    createdAt: Math.floor(created / 1000),
    groups: detail.GroupList ?? [],
    tags: (detail.Tags ?? []).map(({ Key, Value }) => ({
      key: need(Key, arn, 'Key of a tag'),
      value: Value ?? '',
    })),
    ...readHolder(arn, detail.UserPolicyList, detail.AttachedManagedPolicies),
  };
}

function readGroup(detail: GroupDetail): Holder & { readonly name: string; readonly arn: string } {
  const arn = need(detail.Arn, `group ${detail.GroupName ?? ''}`, 'Arn');
  const name = need(detail.GroupName, arn, 'GroupName');
  return { name, arn, ...readHolder(arn, detail.GroupPolicyList, detail.AttachedManagedPolicies) };
}

function readHolder(
  arn: string,
  inline: UserDetail['UserPolicyList'],
  attached: UserDetail['AttachedManagedPolicies'],
): Holder {
  return {
    inline: (inline ?? []).map(({ PolicyName, PolicyDocument }) => {
      const name = need(PolicyName, arn, 'PolicyName of an inline policy');
      const where = `${OPERATION}: ${arn}: policy ${name}`;
      return {
        name,
        administrator: grantsEverything(need(PolicyDocument, arn, `document of ${name}`), where),
      };
    }),
    attached: (attached ?? []).map(({ PolicyName, PolicyArn }) => ({
      name: need(PolicyName, arn, 'PolicyName of an attached policy'),
      arn: need(PolicyArn, arn, 'PolicyArn of an attached policy'),
    })),
  };
}

/** The default version is the one in force. */
function readPolicy(detail: ManagedPolicyDetail): { readonly arn: string; readonly administrator: boolean } {
  const arn = need(detail.Arn, `policy ${detail.PolicyName ?? ''}`, 'Arn');
  const version = (detail.PolicyVersionList ?? []).find(({ IsDefaultVersion }) => IsDefaultVersion === true);
  const text = need(version?.Document, arn, 'document of its default version');
  return { arn, administrator: grantsEverything(text, `${OPERATION}: ${arn}`) };
}

/** Whether an attached policy allows everything; undefined: it is one of the account's own and was not listed. */
export function administratorOf(arn: string, { policies }: AccountDetails): boolean | undefined {
  return isAwsManaged(arn) ? isAdministratorAccess(arn) : policies.get(arn);
}
