import { z } from 'zod';
import { connection, PAGE } from '../connection.ts';
import { databaseId, login, time } from '../fields.ts';

const HISTORY = `
  ${PAGE}
  nodes {
    oid committedDate
    author { user { databaseId login } }
    parents(first: 20) { ${PAGE} nodes { oid } }
    associatedPullRequests(first: 25) { ${PAGE} nodes { id merged baseRefName baseRepository { databaseId } } }
  }`;

export const CHANGES = `
  query Changes($login: String!, $first: Int!, $after: String, $since: GitTimestamp!) {
    organization(login: $login) {
      repositories(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
        ${PAGE}
        nodes {
          id databaseId nameWithOwner
          defaultBranchRef { name target { oid ... on Commit { history(first: 50, since: $since) { ${HISTORY} } } } }
        }
      }
    }
  }`;

/** Asked of the commit, not of the branch, so that what is pushed meanwhile moves nothing. */
export const MORE_HISTORY = `
  query MoreHistory($id: ID!, $oid: GitObjectID!, $first: Int!, $after: String, $since: GitTimestamp!) {
    node(id: $id) {
      ... on Repository {
        object(oid: $oid) { ... on Commit { history(first: $first, after: $after, since: $since) { ${HISTORY} } } }
      }
    }
  }`;

const user = z.object({ databaseId, login });

const commit = z.object({
  oid: z.string().min(1),
  committedDate: time,
  author: z.object({ user: user.nullable() }).nullable(),
  parents: connection(z.object({ oid: z.string().min(1) })),
  associatedPullRequests: connection(
    z.object({
      id: z.string().min(1),
      merged: z.boolean(),
      baseRefName: z.string().min(1),
      /** Null: it is there no more. */
      baseRepository: z.object({ databaseId }).nullable(),
    }),
  ),
});

export type Commit = z.infer<typeof commit>;

const history = connection(commit);
export type History = z.infer<typeof history>;

const repository = z.object({
  id: z.string().min(1),
  databaseId,
  nameWithOwner: z.string().min(1),
  defaultBranchRef: z
    .object({ name: z.string().min(1), target: z.object({ oid: z.string().min(1), history }) })
    .nullable(),
});

export type ChangedRepository = z.infer<typeof repository>;

export const changesAnswer = z.object({
  organization: z.object({ repositories: connection(repository) }).nullable(),
});

export const moreHistory = z.object({ node: z.object({ object: z.object({ history }) }) });

const ACTOR = 'is: __typename login ... on User { databaseId } ... on Bot { databaseId }';
const REVIEWS = `
  ${PAGE}
  nodes { state submittedAt authorAssociation authorCanPushToRepository author { ${ACTOR} } commit { oid } }`;

export const PULL_REQUESTS = `
  query PullRequests($ids: [ID!]!) {
    nodes(ids: $ids) {
      ... on PullRequest {
        id databaseId number mergedAt headRefOid authorAssociation
        author { ${ACTOR} }
        mergedBy { login }
        reviews(first: 50, states: [APPROVED, CHANGES_REQUESTED]) { ${REVIEWS} }
        commits(last: 1) {
          nodes { commit { oid author { user { databaseId } } committer { user { databaseId } } statusCheckRollup { state } } }
        }
      }
    }
  }`;

export const MORE_REVIEWS = `
  query MoreReviews($id: ID!, $first: Int!, $after: String) {
    node(id: $id) {
      ... on PullRequest { reviews(first: $first, after: $after, states: [APPROVED, CHANGES_REQUESTED]) { ${REVIEWS} } }
    }
  }`;

/** Null: whoever it was is there no more. */
const actor = z.object({ is: z.string(), login, databaseId: databaseId.nullish() }).nullable();

export type Actor = z.infer<typeof actor>;

const review = z.object({
  state: z.enum(['APPROVED', 'CHANGES_REQUESTED']),
  submittedAt: time,
  authorAssociation: z.string().min(1),
  authorCanPushToRepository: z.boolean(),
  author: actor,
  commit: z.object({ oid: z.string() }).nullable(),
});

export type Review = z.infer<typeof review>;

const reviews = connection(review);
export type Reviews = z.infer<typeof reviews>;

const whoever = z.object({ user: z.object({ databaseId }).nullable() }).nullable();

const head = z.object({
  oid: z.string().min(1),
  author: whoever,
  committer: whoever,
  statusCheckRollup: z
    .object({ state: z.enum(['SUCCESS', 'FAILURE', 'ERROR', 'PENDING', 'EXPECTED']) })
    .nullable(),
});

export type Head = z.infer<typeof head>;

const pullRequest = z.object({
  id: z.string().min(1),
  databaseId,
  number: z.int(),
  mergedAt: time,
  headRefOid: z.string().min(1),
  authorAssociation: z.string().min(1),
  author: actor,
  mergedBy: z.object({ login }).nullable(),
  reviews,
  commits: z.object({ nodes: z.array(z.object({ commit: head })).max(1) }),
});

export type PullRequest = z.infer<typeof pullRequest>;

export const pullRequestsAnswer = z.object({ nodes: z.array(pullRequest) });

export const moreReviews = z.object({ node: z.object({ reviews }) });
