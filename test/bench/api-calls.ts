import { collectAws } from '../collectors/aws-harness.ts';
import { iamEstate } from '../collectors/aws/estate/iam.ts';
import { startStub } from '../collectors/aws/stub.ts';
import type { Measure } from './measure.ts';

/** What a page holds when a service gives no more than it must, whatever was asked for. */
const PAGE = 100;

/** API calls of one collection of an account of so many users, which has a group, a role and a policy besides. */
async function calls(users: number): Promise<readonly Measure[]> {
  await using stub = await startStub(iamEstate({ now: Date.now(), size: users, pageSize: PAGE }));
  const identities = await collectAws(stub.endpoint, stub.account, 'iam-identities');
  const account = await collectAws(stub.endpoint, stub.account, 'iam-account');
  const listed = users + 3;
  return [
    {
      name: `api-calls/iam-identities-${users}`,
      value: identities.told.calls.length,
      unit: 'calls',
      goal: 12 + (3 * listed) / PAGE,
    },
    { name: `api-calls/iam-account-${users}`, value: account.told.calls.length, unit: 'calls', goal: 4 },
  ];
}

export async function apiCalls(): Promise<readonly Measure[]> {
  const figures: Measure[] = [];
  for (const users of [10, 1000, 5000]) figures.push(...(await calls(users)));
  return figures;
}
