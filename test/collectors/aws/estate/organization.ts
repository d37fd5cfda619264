import { refuse, type Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

const MANAGEMENT = '123456789012';
const ORGANIZATION = 'o-annexa1234';
const DAY = 86_400_000;

export interface OrganizationMember {
  readonly id: string;
  readonly name?: string;
  /** Unless written ACTIVE. */
  readonly state?: string;
}

export interface OrganizationEstateOptions extends EstateOptions {
  /** Beside the management account; unless written, `size` active ones. */
  readonly members?: readonly OrganizationMember[];
  readonly management?: string;
  readonly partition?: string;
}

/** An organisation whose members are all active, listed from its management account. */
export function organizationEstate(options: OrganizationEstateOptions): Handlers {
  const { now, size = 3, pageSize = 20, management = MANAGEMENT, partition = 'aws' } = options;
  const { members = Array.from({ length: size }, (_, index) => ({ id: String(200_000_000_000 + index) })) } =
    options;
  const listed: readonly OrganizationMember[] = [{ id: management, name: 'management' }, ...members];
  const arn = (what: string): string => `arn:${partition}:organizations::${management}:${what}`;
  const accounts = listed.map(({ id, name = `member ${id}`, state = 'ACTIVE' }) => ({
    Id: id,
    Arn: arn(`account/${ORGANIZATION}/${id}`),
    Email: `root+${id}@acme.example`,
    Name: name,
    State: state,
    JoinedMethod: 'CREATED',
    JoinedTimestamp: new Date(now - 400 * DAY),
  }));
  const asked = (account: string): void => {
    if (account !== management) throw refuse('AccessDeniedException', 400);
  };
  return {
    'organizations:DescribeOrganization': () => ({
      Organization: {
        Id: ORGANIZATION,
        Arn: arn(`organization/${ORGANIZATION}`),
        FeatureSet: 'ALL',
        MasterAccountArn: arn(`account/${ORGANIZATION}/${management}`),
        MasterAccountId: management,
        MasterAccountEmail: 'root@acme.example',
      },
    }),
    'organizations:ListAccounts': (
      { NextToken, MaxResults = 20 }: { NextToken?: string; MaxResults?: number },
      { account, missing },
    ) => {
      asked(account);
      const { items, next } = pageOf(accounts, Math.min(pageSize, MaxResults), NextToken, missing);
      return { Accounts: items, NextToken: next };
    },
  };
}
