import { ListAccountsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import type { Session } from '../session.ts';

const OPERATION = 'organizations:ListAccounts';
/** The most that a page may hold. */
const PAGE = 20;

/** `Status` is told by older endpoints alone: it is retired in favour of `State`. */
const STATUS = {
  ACTIVE: 'active',
  SUSPENDED: 'suspended',
  PENDING_CLOSURE: 'closing',
  CLOSED: 'closed',
  PENDING_ACTIVATION: 'pending',
} as const;
const state = z.enum(['ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED', 'PENDING_ACTIVATION']);

const account = z
  .object({
    Id: z.string().regex(/^\d{12}$/),
    Arn: z.string().regex(/^arn:aws[a-z-]*:organizations::\d{12}:account\/o-[a-z0-9]+\/\d{12}$/),
    Name: z.string().default(''),
    State: state.optional(),
    Status: state.optional(),
    JoinedTimestamp: moment.optional(),
  })
  .transform(({ Id, Arn, Name, State, Status, JoinedTimestamp }, context) => {
    const told = State ?? Status;
    if (told !== undefined)
      return {
        id: Id,
        partition: Arn.split(':')[1] ?? '',
        name: Name,
        status: STATUS[told],
        joinedAt: JoinedTimestamp ?? null,
      };
    context.addIssue({ code: 'custom', path: ['State'], message: 'expected a state' });
    return z.NEVER;
  });

/** An account of the organisation. Its root user's e-mail address, which the answer tells too, is not read. */
export type Member = z.output<typeof account>;

/** Organizations is global: every region's endpoint is the partition's own. */
export function organizationsOf(session: Session): OrganizationsClient {
  return session.client('organizations', OrganizationsClient);
}

/**
 * Every account of the organisation, whatever its state, page by page. Rejects with `incomplete` when `asked`, the account that was asked and
 * so belongs to it, is not among them.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
 */
export async function* members(session: Session, asked: string): AsyncGenerator<Member, void, undefined> {
  const client = organizationsOf(session);
  const seen = new Set<string>();
  const answers = pages(
    OPERATION,
    (NextToken) =>
      session.call(OPERATION, (options) =>
        client.send(new ListAccountsCommand({ MaxResults: PAGE, NextToken }), options),
      ),
    ({ NextToken }) => NextToken,
  );
  for await (const { Accounts } of answers)
    for (const entry of listed(OPERATION, 'Accounts', Accounts)) {
      const member = read(OPERATION, `account ${entry.Id ?? '?'}`, account, entry);
      // Who joins while the pages are read may move another account to the next one.
      if (seen.has(member.id)) continue;
      seen.add(member.id);
      yield member;
    }
  if (!seen.has(asked))
    throw new CollectorError(
      'incomplete',
      `${OPERATION}: account ${asked}, which was asked, is not among the accounts`,
    );
}
