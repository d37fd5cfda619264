import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { ChangeRecord } from '../../../inventory/kinds/change.ts';
import { connectionPages, wholeOf } from '../connection.ts';
import { common, type GithubWorker, type Work } from '../dataset.ts';
import { visible } from '../opening.ts';
import { repositoryId } from '../repositories/repositories.ts';
import { directCommits } from './direct.ts';
import { BATCH as REQUESTS, mergedChanges, type Place } from './merged.ts';
import {
  type ChangedRepository,
  CHANGES,
  changesAnswer,
  type Commit,
  type History,
  MORE_HISTORY,
  moreHistory,
} from './query.ts';

const OPERATION = 'graphql:organization.repositories.history';
const MORE = 'graphql:repository.history';
const BATCH = 10;
const DAY = 86_400;

/** Everything that reached the default branches in the period: merged pull requests, and commits that came without one. */
export const changes: GithubWorker = {
  collect,
  probes: Object.fromEntries(
    ['Metadata', 'Contents', 'Pull requests'].map((name) => [
      `Repository permissions: ${name} (read)`,
      (work: Work) => fetchBatch(work, sinceOf(work), undefined, 1),
    ]),
  ),
};

async function* collect(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const since = sinceOf(work);
  work.provenance.note('since', since);
  const paging = {
    operation: OPERATION,
    fetch: (after: string | undefined, first: number) => fetchBatch(work, since, after, first),
    pageOf: (page: Awaited<ReturnType<typeof fetchBatch>>) => page,
    first: BATCH,
  };
  const merged = new Map<string, Place>();
  for await (const { nodes } of connectionPages(paging))
    for (const repository of nodes) {
      yield* changesOf(work, repository, since, merged);
      if (merged.size < REQUESTS) continue;
      yield* mergedChanges(work, merged);
      merged.clear();
    }
  yield* mergedChanges(work, merged);
}

/** Midnight, UTC, so many days before today's. */
function sinceOf({ config, context }: Work): string {
  const today = Math.floor(context.now() / DAY) * DAY;
  return new Date((today - config.changeDays * DAY) * 1000).toISOString();
}

async function fetchBatch(
  { session, organization }: Work,
  since: string,
  after: string | undefined,
  first: number,
) {
  const variables = { login: organization.login, first, after, since };
  const answer = await session.query(OPERATION, CHANGES, variables, changesAnswer);
  return visible(OPERATION, answer.organization).repositories;
}

/** Yields the direct changes, and adds the pull requests to `merged`. */
async function* changesOf(
  work: Work,
  repository: ChangedRepository,
  since: string,
  merged: Map<string, Place>,
): AsyncGenerator<ChangeRecord, void, undefined> {
  const { defaultBranchRef: branch, databaseId, nameWithOwner } = repository;
  if (branch === null) return;
  const commits = await commitsOf(work, repository, branch.target, since);
  const requestsOf = (commit: Commit): readonly string[] =>
    wholeOf(MORE, `pull requests of ${commit.oid}`, commit.associatedPullRequests)
      .filter(
        (request) =>
          request.merged &&
          request.baseRefName === branch.name &&
          request.baseRepository?.databaseId === databaseId,
      )
      .map(({ id }) => id);
  const place = {
    repository: repositoryId(work.scope, databaseId),
    repository_name: nameWithOwner,
    branch: branch.name,
  };
  for (const commit of directCommits(commits, (one) => requestsOf(one).length > 0))
    yield directChange(work, repository, place, commit);
  for (const id of commits.flatMap(requestsOf)) merged.set(id, place);
}

async function commitsOf(
  { session }: Work,
  { id }: ChangedRepository,
  { oid, history: begun }: { readonly oid: string; readonly history: History },
  since: string,
): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  const paging = {
    operation: MORE,
    begun,
    first: 100,
    fetch: async (after: string | undefined, first: number) => {
      const answer = await session.query(MORE, MORE_HISTORY, { id, oid, first, after, since }, moreHistory);
      return answer.node.object.history;
    },
    pageOf: (page: History) => page,
  };
  for await (const { nodes } of connectionPages(paging)) commits.push(...nodes);
  for (const commit of commits) wholeOf(MORE, `parents of ${commit.oid}`, commit.parents);
  return commits;
}

function directChange(
  work: Work,
  { databaseId }: ChangedRepository,
  place: Place,
  { oid, author, committedDate }: Commit,
): ChangeRecord {
  const user = author?.user ?? null;
  return {
    ...common(work, 'change', `commit/${databaseId}/${oid}`),
    ...place,
    type: 'direct',
    reference: oid,
    author: user?.login ?? '',
    author_type: user === null ? 'unknown' : 'user',
    author_outside: null,
    merged_by: '',
    merged_at: committedDate,
    approvals: 0,
    independent_approvals: 0,
    member_approvals: 0,
    head_approvals: 0,
    checks: null,
    approvers: [],
  };
}
