import { DescribeOrganizationCommand } from '@aws-sdk/client-organizations';
import { z } from 'zod';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { OrganizationAccountRecord } from '../../../inventory/kinds/organization-account.ts';
import { CollectorError } from '../../error.ts';
import { type AwsWorker, common, type Work } from '../dataset.ts';
import { read } from '../../read.ts';
import { members, organizationsOf } from './listing.ts';
import { ListAccountsCommand } from '@aws-sdk/client-organizations';

const OPERATION = 'organizations:DescribeOrganization';
const organization = z.object({ MasterAccountId: z.string().regex(/^\d{12}$/) });

/** Every account of the organisation, as it lists them. */
async function* collectAccounts(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const { session, account } = work;
  const { Organization } = await session.call(OPERATION, (options) =>
    organizationsOf(session).send(new DescribeOrganizationCommand({}), options),
  );
  const { MasterAccountId } = read(OPERATION, 'organisation', organization, Organization);
  let management = false;
  for await (const { id, name, status, joinedAt } of members(session, account.id)) {
    management ||= id === MasterAccountId;
    const record: OrganizationAccountRecord = {
      ...common(work, 'organization_account', id),
      account: id,
      name,
      status,
      management: id === MasterAccountId,
      joined_at: joinedAt,
      // Organizations tells them by one call an account; no check reads them.
      tags: [],
    };
    yield record;
  }
  if (!management)
    throw new CollectorError(
      'incomplete',
      `organizations:ListAccounts: the management account ${MasterAccountId} is not among the accounts`,
    );
}

export const accounts: AwsWorker = {
  collect: collectAccounts,
  probes: {
    'organizations:DescribeOrganization': ({ session }) =>
      organizationsOf(session).send(new DescribeOrganizationCommand({})),
    'organizations:ListAccounts': ({ session }) =>
      organizationsOf(session).send(new ListAccountsCommand({ MaxResults: 1 })),
  },
};
