import {
  type Group,
  ListGroupMembershipsCommand,
  type ListGroupMembershipsResponse,
  ListGroupsCommand,
  type ListGroupsResponse,
  ListUsersCommand,
  type ListUsersResponse,
  ResourceNotFoundException,
} from '@aws-sdk/client-identitystore';
import { z } from 'zod';
import { CollectorError } from '../../error.ts';
import { ahead } from '../../ahead.ts';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed, moment, read } from '../../read.ts';
import { directoryOf, PAGE } from './clients.ts';

const user = z.object({
  UserId: z.string().min(1),
  UserName: z.string().min(1),
  Emails: z.array(z.object({ Value: z.string().optional() })).default([]),
  UserStatus: z.enum(['ENABLED', 'DISABLED']).optional(),
  CreatedAt: moment.optional(),
});

export type User = z.infer<typeof user>;

/** A page of users at a time. Calls: one a hundred. */
export async function* users(work: Work, store: string): AsyncGenerator<User, void, undefined> {
  const operation = 'identitystore:ListUsers';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      directoryOf(work).send(
        new ListUsersCommand({ IdentityStoreId: store, MaxResults: PAGE, NextToken }),
        options,
      ),
    );
  for await (const page of pages<ListUsersResponse>(operation, fetch, ({ NextToken }) => NextToken))
    for (const one of listed(operation, 'Users', page.Users))
      yield read(operation, `user ${one.UserId ?? ''}`, user, one);
}

export interface GroupOfUsers {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
}

/**
 * Every group with its members' ids, also those that are assigned something without being listed. Calls: one a hundred, and one for each
 * group and each further hundred of its members.
 */
export async function* groups(
  work: Work,
  store: string,
  assigned: Iterable<string>,
): AsyncGenerator<GroupOfUsers, void, undefined> {
  for await (const group of ahead(named(work, store, assigned), 8, async ({ id, name, known }) => {
    const members = await membersOf(work, store, id, known);
    return members === undefined ? undefined : { id, name, members };
  }))
    if (group !== undefined) yield group;
}

const groupFields = z.object({ GroupId: z.string().min(1), DisplayName: z.string().min(1) });

async function* named(work: Work, store: string, assigned: Iterable<string>) {
  const operation = 'identitystore:ListGroups';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, (options) =>
      directoryOf(work).send(
        new ListGroupsCommand({ IdentityStoreId: store, MaxResults: PAGE, NextToken }),
        options,
      ),
    );
  const seen = new Set<string>();
  for await (const page of pages<ListGroupsResponse>(operation, fetch, ({ NextToken }) => NextToken))
    for (const one of listed<Group>(operation, 'Groups', page.Groups)) {
      const { GroupId: id, DisplayName: name } = read(
        operation,
        `group ${one.GroupId ?? ''}`,
        groupFields,
        one,
      );
      if (seen.has(id)) throw new CollectorError('incomplete', `${operation}: ${id} came twice`);
      seen.add(id);
      yield { id, name, known: true };
    }
  for (const id of assigned) if (!seen.has(id)) yield { id, name: id, known: false };
}

/** Not the directory, nor the key that it is encrypted with. */
const isNoGroup = (error: unknown): boolean =>
  error instanceof ResourceNotFoundException &&
  error.Reason === undefined &&
  (error.ResourceType === undefined || error.ResourceType === 'GROUP');

const membership = z.object({ MemberId: z.object({ UserId: z.string().min(1) }) });

/** Undefined: the group is not there any more, though something is assigned to it still. */
async function membersOf(
  work: Work,
  store: string,
  id: string,
  known: boolean,
): Promise<readonly string[] | undefined> {
  const operation = 'identitystore:ListGroupMemberships';
  const fetch = (NextToken: string | undefined) =>
    work.session.call(operation, async (options) => {
      try {
        return await directoryOf(work).send(
          new ListGroupMembershipsCommand({
            IdentityStoreId: store,
            GroupId: id,
            MaxResults: PAGE,
            NextToken,
          }),
          options,
        );
      } catch (error) {
        if (!known && isNoGroup(error)) return undefined;
        throw error;
      }
    });
  const members = new Set<string>();
  for await (const page of pages<ListGroupMembershipsResponse | undefined>(
    operation,
    fetch,
    (page) => page?.NextToken,
  )) {
    if (page === undefined) return undefined;
    for (const one of listed(operation, 'GroupMemberships', page.GroupMemberships))
      members.add(read(operation, `group ${id}`, membership, one).MemberId.UserId);
  }
  return [...members];
}
