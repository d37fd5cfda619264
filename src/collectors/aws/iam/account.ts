import { GetAccountPasswordPolicyCommand, NoSuchEntityException } from '@aws-sdk/client-iam';
import { z } from 'zod';
import type { AccountRecord } from '../../../inventory/kinds/account.ts';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import { iamOf } from './client.ts';
import type { Work } from '../dataset.ts';
import type { Session } from '../session.ts';
import { accountSummary } from './summary.ts';

const passwordPolicy = z.object({
  MinimumPasswordLength: z.int().positive(),
  RequireSymbols: z.boolean(),
  RequireNumbers: z.boolean(),
  RequireUppercaseCharacters: z.boolean(),
  RequireLowercaseCharacters: z.boolean(),
  MaxPasswordAge: z.int().nonnegative().default(0),
  PasswordReusePrevention: z.int().nonnegative().default(0),
});

/** The account itself: its password policy, its root user, how much it holds. */
export async function* collectAccount({
  session,
  account,
}: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const summary = await accountSummary(session);
  const policy = await readPasswordPolicy(session);
  const present = summary.AccountPasswordPresent;
  const record: AccountRecord = {
    id: `aws:${account.id}:account`,
    kind: 'account',
    source: 'aws',
    scope: account.id,
    title: account.title ?? '',
    has_password_policy: policy !== undefined,
    password_min_length: policy?.MinimumPasswordLength ?? 0,
    password_max_age_days: policy?.MaxPasswordAge ?? 0,
    password_reuse_prevention: policy?.PasswordReusePrevention ?? 0,
    password_requires_symbols: policy?.RequireSymbols ?? false,
    password_requires_numbers: policy?.RequireNumbers ?? false,
    password_requires_uppercase: policy?.RequireUppercaseCharacters ?? false,
    password_requires_lowercase: policy?.RequireLowercaseCharacters ?? false,
    root_has_password: present === undefined ? null : present === 1,
    root_second_factor: summary.AccountMFAEnabled === 1,
    root_access_keys: summary.AccountAccessKeysPresent,
    users: summary.Users,
    groups: summary.Groups,
    roles: summary.Roles,
    policies: summary.Policies,
  };
  yield record;
}

/** Undefined: the account has none, and AWS's own default applies. */
async function readPasswordPolicy(session: Session): Promise<z.infer<typeof passwordPolicy> | undefined> {
  const answer = await session.call('iam:GetAccountPasswordPolicy', async (options) => {
    try {
      return await iamOf(session).send(new GetAccountPasswordPolicyCommand({}), options);
    } catch (error) {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    }
  });
  if (answer === undefined) return undefined;
  const result = passwordPolicy.safeParse(answer.PasswordPolicy);
  if (!result.success)
    throw new CollectorError('malformed', `iam:GetAccountPasswordPolicy: ${z.prettifyError(result.error)}`, {
      cause: result.error,
    });
  return result.data;
}
