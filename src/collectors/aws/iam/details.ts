import {
  type EntityType,
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsResponse,
  type GroupDetail,
  type ManagedPolicyDetail,
  type UserDetail,
} from '@aws-sdk/client-iam';
import { CollectorError } from '../../error.ts';
import { marker, pages } from '../../pages.ts';
import { type Grants, grantsOf } from './grants.ts';
import { isAdministratorAccess, isAwsManaged } from './policy.ts';
import { iamOf } from './client.ts';
import type { Session } from '../session.ts';

const OPERATION = 'iam:GetAccountAuthorizationDetails';

export interface InlinePolicy {
  readonly name: string;
  readonly grants: Grants;
}

/** A policy that can be attached to many. */
export interface ManagedPolicy {
  readonly arn: string;
  /** What follows is undefined where it isn't told. */
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** How many users, groups and roles it is attached to. */
  readonly attachments: number | undefined;
  readonly grants: Grants;
}

/** What a user, a group or a role holds itself. */
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
  /** The account's own policies, by ARN. */
  readonly policies: ReadonlyMap<string, ManagedPolicy>;
  readonly roles: number;
  /** Among the roles, those that AWS services made for themselves. */
  readonly serviceRoles: number;
}

/** Every user, group, role and own policy of the account. */
export async function accountDetails(session: Session): Promise<AccountDetails> {
  const users: User[] = [];
  const groups = new Map<string, Holder>();
  const policies = new Map<string, ManagedPolicy>();
  const seen = new Set<string>();
  let serviceRoles = 0;
  let roles = 0;
  for await (const page of detailPages(session, ['User', 'Group', 'Role', 'LocalManagedPolicy'])) {
    for (const detail of page.UserDetailList ?? []) users.push(once(readUser(detail), seen));
    for (const detail of page.GroupDetailList ?? []) {
      const group = once(readGroup(detail), seen);
      groups.set(group.name, group);
    }
    for (const { Path, Arn } of page.RoleDetailList ?? []) {
      once({ arn: need(Arn, 'a role', 'Arn') }, seen);
      roles += 1;
      if (isServiceRole(Path)) serviceRoles += 1;
    }
    for (const detail of page.Policies ?? []) {
      const policy = once(readPolicy(detail), seen);
      policies.set(policy.arn, policy);
    }
  }
  return { users, groups, policies, roles, serviceRoles };
}

/** The pages of what the filter names, in the order in which IAM tells them. */
export function detailPages(
  session: Session,
  filter: EntityType[],
): AsyncGenerator<GetAccountAuthorizationDetailsResponse, void, undefined> {
  const fetch = (token: string | undefined) =>
    session.call(OPERATION, (options) =>
      iamOf(session).send(
        new GetAccountAuthorizationDetailsCommand({ Filter: filter, MaxItems: 1000, Marker: token }),
        options,
      ),
    );
  return pages<GetAccountAuthorizationDetailsResponse>(OPERATION, fetch, (page) => marker(OPERATION, page));
}

/** Services make such roles for themselves, under a path that nobody else can use. */
export function isServiceRole(path: string | undefined): boolean {
  return path?.startsWith('/aws-service-role/') === true;
}

export function need<T>(value: T | undefined, what: string, field: string): T {
  if (value === undefined || value === '')
    throw new CollectorError('malformed', `${OPERATION}: ${what} has no ${field}`);
  return value;
}

/** Pages that overlap would make totals agree by accident. */
export function once<T extends { readonly arn: string }>(entry: T, seen: Set<string>): T {
  if (seen.has(entry.arn)) throw new CollectorError('incomplete', `${OPERATION}: ${entry.arn} came twice`);
  seen.add(entry.arn);
  return entry;
}

function readUser(detail: UserDetail): User {
  const arn = need(detail.Arn, `user ${detail.UserName ?? ''}`, 'Arn');
  return {
    id: need(detail.UserId, arn, 'UserId'),
    name: need(detail.UserName, arn, 'UserName'),
    arn,
    createdAt: readCreated(arn, detail.CreateDate),
    groups: detail.GroupList ?? [],
    tags: readTags(arn, detail.Tags),
    ...readHolder(arn, detail.UserPolicyList, detail.AttachedManagedPolicies),
  };
}

function readGroup(detail: GroupDetail): Holder & { readonly name: string; readonly arn: string } {
  const arn = need(detail.Arn, `group ${detail.GroupName ?? ''}`, 'Arn');
  const name = need(detail.GroupName, arn, 'GroupName');
  return { name, arn, ...readHolder(arn, detail.GroupPolicyList, detail.AttachedManagedPolicies) };
}

export function readHolder(
  arn: string,
  inline: UserDetail['UserPolicyList'],
  attached: UserDetail['AttachedManagedPolicies'],
): Holder {
  return {
    inline: (inline ?? []).map(({ PolicyName, PolicyDocument }) => {
      const name = need(PolicyName, arn, 'PolicyName of an inline policy');
      const where = `${OPERATION}: ${arn}: policy ${name}`;
      return { name, grants: grantsOf(need(PolicyDocument, arn, `document of ${name}`), where) };
    }),
    attached: (attached ?? []).map(({ PolicyName, PolicyArn }) => ({
      name: need(PolicyName, arn, 'PolicyName of an attached policy'),
      arn: need(PolicyArn, arn, 'PolicyArn of an attached policy'),
    })),
  };
}

/** The default version is the one in force. */
export function readPolicy(detail: ManagedPolicyDetail): ManagedPolicy {
  const arn = need(detail.Arn, `policy ${detail.PolicyName ?? ''}`, 'Arn');
  const version = (detail.PolicyVersionList ?? []).find(({ IsDefaultVersion }) => IsDefaultVersion === true);
  return {
    arn,
    id: detail.PolicyId,
    name: detail.PolicyName,
    attachments: detail.AttachmentCount,
    grants: grantsOf(need(version?.Document, arn, 'document of its default version'), `${OPERATION}: ${arn}`),
  };
}

/** The tags of a user or a role. */
export function readTags(arn: string, tags: UserDetail['Tags']): { key: string; value: string }[] {
  return (tags ?? []).map(({ Key, Value }) => ({
    key: need(Key, arn, 'Key of a tag'),
    value: Value ?? '',
  }));
}

/** Unix seconds. */
export function readCreated(arn: string, date: Date | undefined): number {
  const created = need(date, arn, 'CreateDate').getTime();
  if (Number.isNaN(created))
    throw new CollectorError('malformed', `${OPERATION}: ${arn}: CreateDate is no date`);
  return Math.floor(created / 1000);
}

/** Whether an attached policy allows everything; undefined: it is one of the account's own and was not listed. */
export function administratorOf(arn: string, { policies }: AccountDetails): boolean | undefined {
  return isAwsManaged(arn) ? isAdministratorAccess(arn) : policies.get(arn)?.grants.administrator;
}
