import { ListInstancesCommand, type ListInstancesResponse } from '@aws-sdk/client-sso-admin';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import { PAGE, ssoOf } from './clients.ts';

const OPERATION = 'sso:ListInstances';

const instance = z.object({
  InstanceArn: z.string().min(1),
  IdentityStoreId: z.string().min(1),
  Status: z.enum(['ACTIVE', 'CREATE_IN_PROGRESS', 'CREATE_FAILED', 'DELETE_IN_PROGRESS']),
});

export type Instance = z.infer<typeof instance>;

/** The instances that work, one as a rule. Throws `configuration` when there is none: then this is not the account or region that runs it. */
export async function instances(work: Work): Promise<readonly Instance[]> {
  const fetch = (NextToken: string | undefined) =>
    work.session.call(OPERATION, (options) =>
      ssoOf(work).send(new ListInstancesCommand({ MaxResults: PAGE, NextToken }), options),
    );
  const found: Instance[] = [];
  for await (const page of pages<ListInstancesResponse>(OPERATION, fetch, ({ NextToken }) => NextToken))
    for (const one of listed(OPERATION, 'Instances', page.Instances))
      found.push(read(OPERATION, one.InstanceArn ?? 'an instance', instance, one));
  const active = found.filter(({ Status }) => Status === 'ACTIVE');
  if (active.length === 0)
    throw new CollectorError(
      'configuration',
      `${OPERATION}: account ${work.account.id} runs no Identity Center in ${work.config.identityCenter?.region ?? work.region}`,
    );
  return active;
}
