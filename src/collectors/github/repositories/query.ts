import { z } from 'zod';
import { connection, PAGE } from '../connection.ts';
import { databaseId, time } from '../fields.ts';

const ALLOWANCES = `{ ${PAGE} nodes { actor { is: __typename ... on App { slug } ... on Team { slug } ... on User { login } } } }`;

export const REPOSITORIES = `
  query Repositories($login: String!, $first: Int!, $after: String) {
    organization(login: $login) {
      repositories(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
        ${PAGE}
        nodes {
          databaseId name nameWithOwner visibility isArchived isFork isTemplate createdAt
          viewerCanAdminister hasVulnerabilityAlertsEnabled
          defaultBranchRef {
            name
            branchProtectionRule {
              isAdminEnforced
              requiresApprovingReviews requiredApprovingReviewCount requiresCodeOwnerReviews
              dismissesStaleReviews requireLastPushApproval
              requiresStatusChecks requiresStrictStatusChecks requiredStatusCheckContexts
              requiresCommitSignatures requiresLinearHistory
              allowsForcePushes allowsDeletions restrictsPushes
              bypassPullRequestAllowances(first: 100) ${ALLOWANCES}
              bypassForcePushAllowances(first: 100) ${ALLOWANCES}
            }
            rules(first: 100) {
              ${PAGE}
              nodes {
                type
                repositoryRuleset { id }
                parameters {
                  is: __typename
                  ... on PullRequestParameters {
                    requiredApprovingReviewCount requireCodeOwnerReview dismissStaleReviewsOnPush requireLastPushApproval
                  }
                  ... on RequiredStatusChecksParameters {
                    strictRequiredStatusChecksPolicy
                    requiredStatusChecks { context }
                  }
                }
              }
            }
          }
        }
      }
    }
  }`;

const allowance = z.object({
  /** Null: whoever it was is there no more, or may not be seen. */
  actor: z
    .discriminatedUnion('is', [
      z.object({ is: z.literal('App'), slug: z.string().min(1) }),
      z.object({ is: z.literal('Team'), slug: z.string().min(1) }),
      z.object({ is: z.literal('User'), login: z.string().min(1) }),
    ])
    .nullable(),
});

export type Allowance = z.infer<typeof allowance>;

const protection = z.object({
  isAdminEnforced: z.boolean(),
  requiresApprovingReviews: z.boolean(),
  requiredApprovingReviewCount: z.int().nullable(),
  requiresCodeOwnerReviews: z.boolean(),
  dismissesStaleReviews: z.boolean(),
  requireLastPushApproval: z.boolean(),
  requiresStatusChecks: z.boolean(),
  requiresStrictStatusChecks: z.boolean(),
  requiredStatusCheckContexts: z.array(z.string().min(1)).nullable(),
  requiresCommitSignatures: z.boolean(),
  requiresLinearHistory: z.boolean(),
  allowsForcePushes: z.boolean(),
  allowsDeletions: z.boolean(),
  restrictsPushes: z.boolean(),
  bypassPullRequestAllowances: connection(allowance),
  bypassForcePushAllowances: connection(allowance),
});

export type Protection = z.infer<typeof protection>;

const pullRequest = z.object({
  is: z.literal('PullRequestParameters'),
  requiredApprovingReviewCount: z.int(),
  requireCodeOwnerReview: z.boolean(),
  dismissStaleReviewsOnPush: z.boolean(),
  requireLastPushApproval: z.boolean(),
});

const statusChecks = z.object({
  is: z.literal('RequiredStatusChecksParameters'),
  strictRequiredStatusChecksPolicy: z.boolean(),
  requiredStatusChecks: z.array(z.object({ context: z.string().min(1) })),
});

const rulesetOf = { repositoryRuleset: z.object({ id: z.string().min(1) }).nullable() };

/** A rule whose parameters matter must have them; one of a type that isn't known adds nothing that is asked about. */
const rule = z.discriminatedUnion('type', [
  z.object({ type: z.literal('PULL_REQUEST'), ...rulesetOf, parameters: pullRequest }),
  z.object({ type: z.literal('REQUIRED_STATUS_CHECKS'), ...rulesetOf, parameters: statusChecks }),
]);
const otherRule = z.object({
  type: z.string().refine((type) => type !== 'PULL_REQUEST' && type !== 'REQUIRED_STATUS_CHECKS'),
  ...rulesetOf,
  parameters: z.unknown().optional(),
});
const anyRule = z.union([rule, otherRule]);

export type Rule = z.infer<typeof anyRule>;

const repository = z.object({
  databaseId,
  name: z.string().min(1),
  nameWithOwner: z.string().min(1),
  visibility: z.enum(['PUBLIC', 'INTERNAL', 'PRIVATE']),
  isArchived: z.boolean(),
  isFork: z.boolean(),
  isTemplate: z.boolean(),
  createdAt: time,
  viewerCanAdminister: z.boolean(),
  hasVulnerabilityAlertsEnabled: z.boolean(),
  /** Null: it is empty. */
  defaultBranchRef: z
    .object({
      name: z.string().min(1),
      branchProtectionRule: protection.nullable(),
      /** Null: it isn't told which apply. */
      rules: connection(anyRule).nullable(),
    })
    .nullable(),
});

export type Repository = z.infer<typeof repository>;

export const repositoriesAnswer = z.object({
  organization: z.object({ repositories: connection(repository) }).nullable(),
});
