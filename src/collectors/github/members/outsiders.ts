import { z } from 'zod';
import type { Work } from '../dataset.ts';
import { databaseId, login } from '../fields.ts';
import { statusOf } from '../failure.ts';

const ROUTE = 'GET /orgs/{org}/outside_collaborators';

const user = z.object({ id: databaseId, login });

export interface Collaborator {
  readonly id: number;
  readonly login: string;
  /** Null: told to owners alone. */
  readonly secondFactor: boolean | null;
}

/**
 * Everybody who is no member but works on a repository, in the order of their numbers. `told`: who asks is told of members whether they have a
 * second factor; an empty list of outsiders without one would else say nothing.
 */
export async function outsideCollaborators(work: Work, told: boolean): Promise<readonly Collaborator[]> {
  const all = new Map((await listed(work, 'all')).map((one) => [one.id, one]));
  // Listed after the others: who came in between must not pass for one who has a second factor.
  const without = told ? await withoutSecondFactor(work) : undefined;
  return [...all.values()]
    .map(({ id, login: name }) => ({
      id,
      login: name,
      secondFactor: without === undefined ? null : !without.has(id),
    }))
    .sort((a, b) => a.id - b.id);
}

/** Undefined: GitHub answers whoever isn't an owner that the filter is not valid. */
async function withoutSecondFactor(work: Work): Promise<ReadonlySet<number> | undefined> {
  try {
    return new Set((await listed(work, '2fa_disabled')).map(({ id }) => id));
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    return undefined;
  }
}

async function listed({ session, organization }: Work, filter: string) {
  const all: z.infer<typeof user>[] = [];
  for await (const page of session.list(ROUTE, { org: organization.login, filter }, user)) all.push(...page);
  return all;
}
