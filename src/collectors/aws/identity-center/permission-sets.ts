import {
  DescribePermissionSetCommand,
  GetInlinePolicyForPermissionSetCommand,
  ListAccountsForProvisionedPermissionSetCommand,
  type ListAccountsForProvisionedPermissionSetResponse,
  ListCustomerManagedPolicyReferencesInPermissionSetCommand,
  type ListCustomerManagedPolicyReferencesInPermissionSetResponse,
  ListManagedPoliciesInPermissionSetCommand,
  type ListManagedPoliciesInPermissionSetResponse,
  ListPermissionSetsCommand,
  type ListPermissionSetsResponse,
} from '@aws-sdk/client-sso-admin';
import { CollectorError } from '../../error.ts';
import type { Work } from '../dataset.ts';
import { type Grants, grantsOfText, together } from '../iam/grants.ts';
import { grantsOfVendorPolicy } from '../iam/vendor-policies.ts';
import { ahead } from '../../ahead.ts';
import { pages } from '../../pages.ts';
import { listed } from '../../read.ts';
import { PAGE, ssoOf } from './clients.ts';

/** What an assignment gives in an account. */
export interface PermissionSet {
  readonly arn: string;
  readonly name: string;
  /** It allows everything on everything; null: part of it is a policy of each account's own, which may differ from account to account. */
  readonly administrator: boolean | null;
  /** Where it may be assigned to somebody. */
  readonly accounts: readonly string[];
}

/** Every permission set of the instance. Calls: one a hundred, five for each, two for each of AWS's policies in any of them. */
export async function* permissionSets(
  work: Work,
  instance: string,
): AsyncGenerator<PermissionSet, void, undefined> {
  const vendor = new Map<string, Promise<Grants>>();
  const grantsOf = (arn: string): Promise<Grants> => {
    const grants = vendor.get(arn) ?? grantsOfVendorPolicy(work.session, arn);
    vendor.set(arn, grants);
    return grants;
  };
  yield* ahead(arns(work, instance), 8, (arn) => permissionSet({ work, instance, arn }, grantsOf));
}

async function* arns(work: Work, instance: string): AsyncGenerator<string, void, undefined> {
  const operation = 'sso:ListPermissionSets';
  const seen = new Set<string>();
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      ssoOf(work).send(
        new ListPermissionSetsCommand({ InstanceArn: instance, MaxResults: PAGE, NextToken }),
        options,
      ),
    );
  for await (const page of pages<ListPermissionSetsResponse>(operation, fetch, ({ NextToken }) => NextToken))
    for (const arn of listed(operation, 'PermissionSets', page.PermissionSets)) {
      if (seen.has(arn)) throw new CollectorError('incomplete', `${operation}: ${arn} came twice`);
      seen.add(arn);
      yield arn;
    }
}

/** One permission set of one instance. */
interface Subject {
  readonly work: Work;
  readonly instance: string;
  readonly arn: string;
}

async function permissionSet(
  subject: Subject,
  grantsOf: (arn: string) => Promise<Grants>,
): Promise<PermissionSet> {
  const name = await nameOf(subject);
  const inline = await inlineGrants(subject);
  const managed = await Promise.all((await managedPolicies(subject)).map(grantsOf));
  const administrator = together([inline, ...managed]).administrator;
  const unread = await hasOwnPolicies(subject);
  return {
    arn: subject.arn,
    name,
    administrator: administrator || (unread ? null : false),
    accounts: await accountsOf(subject),
  };
}

async function nameOf({ work, instance, arn }: Subject): Promise<string> {
  const operation = 'sso:DescribePermissionSet';
  const { PermissionSet: found } = await work.session.call(operation, (options) =>
    ssoOf(work).send(
      new DescribePermissionSetCommand({ InstanceArn: instance, PermissionSetArn: arn }),
      options,
    ),
  );
  if (!found?.Name) throw new CollectorError('malformed', `${operation}: ${arn} has no Name`);
  return found.Name;
}

/** JSON as it was written, unlike what IAM returns; empty where there is none. */
async function inlineGrants({ work, instance, arn }: Subject): Promise<Grants> {
  const operation = 'sso:GetInlinePolicyForPermissionSet';
  const { InlinePolicy: policy } = await work.session.call(operation, (options) =>
    ssoOf(work).send(
      new GetInlinePolicyForPermissionSetCommand({ InstanceArn: instance, PermissionSetArn: arn }),
      options,
    ),
  );
  if (policy === undefined)
    throw new CollectorError('malformed', `${operation}: the answer for ${arn} has no InlinePolicy`);
  return policy === '' ? together([]) : grantsOfText(policy, `${operation}: ${arn}`);
}

async function managedPolicies({ work, instance, arn }: Subject): Promise<readonly string[]> {
  const operation = 'sso:ListManagedPoliciesInPermissionSet';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      ssoOf(work).send(
        new ListManagedPoliciesInPermissionSetCommand({
          InstanceArn: instance,
          PermissionSetArn: arn,
          MaxResults: PAGE,
          NextToken,
        }),
        options,
      ),
    );
  const found: string[] = [];
  for await (const page of pages<ListManagedPoliciesInPermissionSetResponse>(
    operation,
    fetch,
    ({ NextToken }) => NextToken,
  ))
    for (const { Arn } of listed(operation, 'AttachedManagedPolicies', page.AttachedManagedPolicies)) {
      if (!Arn) throw new CollectorError('malformed', `${operation}: a policy of ${arn} has no Arn`);
      found.push(Arn);
    }
  return found;
}

/** Whether it names policies that each account is to have of its own. */
async function hasOwnPolicies({ work, instance, arn }: Subject): Promise<boolean> {
  const operation = 'sso:ListCustomerManagedPolicyReferencesInPermissionSet';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      ssoOf(work).send(
        new ListCustomerManagedPolicyReferencesInPermissionSetCommand({
          InstanceArn: instance,
          PermissionSetArn: arn,
          MaxResults: PAGE,
          NextToken,
        }),
        options,
      ),
    );
  let some = false;
  for await (const page of pages<ListCustomerManagedPolicyReferencesInPermissionSetResponse>(
    operation,
    fetch,
    ({ NextToken }) => NextToken,
  ))
    some ||=
      listed(operation, 'CustomerManagedPolicyReferences', page.CustomerManagedPolicyReferences).length > 0;
  return some;
}

async function accountsOf({ work, instance, arn }: Subject): Promise<readonly string[]> {
  const operation = 'sso:ListAccountsForProvisionedPermissionSet';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      ssoOf(work).send(
        new ListAccountsForProvisionedPermissionSetCommand({
          InstanceArn: instance,
          PermissionSetArn: arn,
          MaxResults: PAGE,
          NextToken,
        }),
        options,
      ),
    );
  const found = new Set<string>();
  for await (const page of pages<ListAccountsForProvisionedPermissionSetResponse>(
    operation,
    fetch,
    ({ NextToken }) => NextToken,
  ))
    for (const account of listed(operation, 'AccountIds', page.AccountIds)) found.add(account);
  return [...found];
}
