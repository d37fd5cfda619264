import { GetAccountSummaryCommand } from '@aws-sdk/client-iam';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { administratorOf, type AccountDetails } from './details.ts';
import { iamOf } from './client.ts';
import type { Session } from '../session.ts';

const count = z.int().nonnegative();

const summaryMap = z.object({
  Users: count,
  Groups: count,
  Roles: count,
  Policies: count,
  AccountMFAEnabled: z.union([z.literal(0), z.literal(1)]),
  AccountAccessKeysPresent: count,
  AccountPasswordPresent: z.union([z.literal(0), z.literal(1)]).optional(),
});

/** What the account holds by IAM's own count, and its root user. */
export type AccountSummary = z.infer<typeof summaryMap>;

export async function accountSummary(session: Session): Promise<AccountSummary> {
  const { SummaryMap } = await session.call('iam:GetAccountSummary', (options) =>
    iamOf(session).send(new GetAccountSummaryCommand({}), options),
  );
  const result = summaryMap.safeParse(SummaryMap);
  if (!result.success)
    throw new CollectorError('malformed', `iam:GetAccountSummary: ${z.prettifyError(result.error)}`, {
      cause: result.error,
    });
  return result.data;
}

/** Whether as many roles were listed as there are. That the count includes those that services made for themselves is not documented. */
export function isEveryRole(roles: number, serviceRoles: number, { Roles }: AccountSummary): boolean {
  return roles === Roles || roles - serviceRoles === Roles;
}

/** Where what was listed differs from IAM's own count, or refers to what was not listed; undefined: nowhere. */
export function gaps(details: AccountDetails, summary: AccountSummary): string | undefined {
  const { users, groups, policies, roles, serviceRoles } = details;
  const wrong: string[] = [];
  if (users.length !== summary.Users) wrong.push(`${users.length} of ${summary.Users} users`);
  if (groups.size !== summary.Groups) wrong.push(`${groups.size} of ${summary.Groups} groups`);
  if (policies.size !== summary.Policies) wrong.push(`${policies.size} of ${summary.Policies} policies`);
  if (!isEveryRole(roles, serviceRoles, summary)) wrong.push(`${roles} of ${summary.Roles} roles`);
  const unlisted = users.flatMap((user) => user.groups).find((group) => !groups.has(group));
  if (unlisted !== undefined) wrong.push(`group ${unlisted} has members but is not there`);
  const unknown = [...users, ...groups.values()]
    .flatMap((holder) => holder.attached)
    .find(({ arn }) => administratorOf(arn, details) === undefined);
  if (unknown !== undefined) wrong.push(`policy ${unknown.arn} is attached but not there`);
  return wrong.length === 0 ? undefined : wrong.join('; ');
}
