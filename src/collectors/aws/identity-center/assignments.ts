import {
  ListAccountAssignmentsCommand,
  type ListAccountAssignmentsResponse,
} from '@aws-sdk/client-sso-admin';
import { z } from 'zod';
import type { Work } from '../dataset.ts';
import { ahead } from '../../ahead.ts';
import { pages } from '../../pages.ts';
import { listed, read } from '../../read.ts';
import { PAGE, ssoOf } from './clients.ts';
import { permissionSets, type PermissionSet } from './permission-sets.ts';

const OPERATION = 'sso:ListAccountAssignments';

/** What a user or a group holds in an account. */
export interface Assignment {
  readonly permissionSet: PermissionSet;
  readonly account: string;
}

export interface Assignments {
  /** By the id of the user. */
  readonly users: ReadonlyMap<string, readonly Assignment[]>;
  /** By the id of the group. */
  readonly groups: ReadonlyMap<string, readonly Assignment[]>;
}

const assignment = z.object({
  AccountId: z.string().min(1),
  PermissionSetArn: z.string().min(1),
  PrincipalType: z.enum(['USER', 'GROUP']),
  PrincipalId: z.string().min(1),
});

/**
 * Who holds what, where. Calls: one for each permission set and account that it is in, and for each further hundred; asking for each user
 * and group instead would take as many calls as there are people.
 */
export async function assignments(work: Work, instance: string): Promise<Assignments> {
  const users = new Map<string, Assignment[]>();
  const groups = new Map<string, Assignment[]>();
  for await (const { place, found } of ahead(places(work, instance), 8, async (place) => ({
    place,
    found: await assigned(work, instance, place),
  }))) {
    for (const { PrincipalType, PrincipalId } of found) {
      const holders = PrincipalType === 'USER' ? users : groups;
      const others = holders.get(PrincipalId);
      if (others === undefined) holders.set(PrincipalId, [place]);
      else others.push(place);
    }
  }
  return { users, groups };
}

async function* places(work: Work, instance: string): AsyncGenerator<Assignment, void, undefined> {
  for await (const permissionSet of permissionSets(work, instance))
    for (const account of permissionSet.accounts) yield { permissionSet, account };
}

async function assigned(
  work: Work,
  instance: string,
  { permissionSet, account }: Assignment,
): Promise<readonly z.infer<typeof assignment>[]> {
  const where = `${permissionSet.arn} in ${account}`;
  const fetch = (NextToken: string | undefined) =>
    work.session.call(OPERATION, (options) =>
      ssoOf(work).send(
        new ListAccountAssignmentsCommand({
          InstanceArn: instance,
          PermissionSetArn: permissionSet.arn,
          AccountId: account,
          MaxResults: PAGE,
          NextToken,
        }),
        options,
      ),
    );
  const found: z.infer<typeof assignment>[] = [];
  for await (const page of pages<ListAccountAssignmentsResponse>(
    OPERATION,
    fetch,
    ({ NextToken }) => NextToken,
  ))
    for (const one of listed(OPERATION, 'AccountAssignments', page.AccountAssignments))
      found.push(read(OPERATION, where, assignment, one));
  return found;
}
