import type { ChangeRecord } from '../../../inventory/kinds/change.ts';
import { CollectorError } from '../../error.ts';
import { connectionPages } from '../connection.ts';
import { common, type Work } from '../dataset.ts';
import { approvalsOf, authorType, isOutside } from './approvals.ts';
import {
  MORE_REVIEWS,
  moreReviews,
  PULL_REQUESTS,
  type PullRequest,
  pullRequestsAnswer,
  type Review,
  type Reviews,
} from './query.ts';

const OPERATION = 'graphql:nodes.PullRequest';
const MORE = 'graphql:PullRequest.reviews';
/** Pull requests a query. */
export const BATCH = 50;

/** Where a change arrived. */
export type Place = Pick<ChangeRecord, 'repository' | 'repository_name' | 'branch'>;

/** By the pull request's id of GraphQL, where it was merged. */
export type Merged = ReadonlyMap<string, Place>;

/** Each pull request with its approvals and what its checks say. */
export async function* mergedChanges(
  work: Work,
  merged: Merged,
): AsyncGenerator<ChangeRecord, void, undefined> {
  const ids = [...merged.keys()];
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH);
    const { nodes } = await work.session.query(OPERATION, PULL_REQUESTS, { ids: batch }, pullRequestsAnswer);
    const came = new Map(nodes.map((request) => [request.id, request]));
    for (const id of batch) {
      const request = came.get(id);
      const place = merged.get(id);
      if (request === undefined || place === undefined)
        throw new CollectorError('incomplete', `${OPERATION}: pull request ${id} didn't come`);
      yield recordOf(work, place, request, await reviewsOf(work, request));
    }
  }
}

async function reviewsOf({ session }: Work, request: PullRequest): Promise<readonly Review[]> {
  const reviews: Review[] = [];
  const paging = {
    operation: MORE,
    begun: request.reviews,
    first: 100,
    fetch: async (after: string | undefined, first: number) => {
      const answer = await session.query(MORE, MORE_REVIEWS, { id: request.id, first, after }, moreReviews);
      return answer.node.reviews;
    },
    pageOf: (page: Reviews) => page,
  };
  for await (const { nodes } of connectionPages(paging)) reviews.push(...nodes);
  return reviews;
}

const CHECKS = {
  SUCCESS: 'passed',
  FAILURE: 'failed',
  ERROR: 'failed',
  PENDING: 'pending',
  EXPECTED: 'pending',
} as const;

function recordOf(work: Work, place: Place, request: PullRequest, reviews: readonly Review[]): ChangeRecord {
  const rollup = request.commits.nodes[0]?.commit.statusCheckRollup ?? null;
  return {
    ...common(work, 'change', `pull/${request.databaseId}`),
    ...place,
    type: 'pull_request',
    reference: `#${request.number}`,
    author: request.author?.login ?? '',
    author_type: authorType(request.author),
    author_outside: isOutside(request),
    merged_by: request.mergedBy?.login ?? '',
    merged_at: request.mergedAt,
    ...approvalsOf(request, reviews),
    checks: rollup === null ? 'none' : CHECKS[rollup.state],
  };
}
