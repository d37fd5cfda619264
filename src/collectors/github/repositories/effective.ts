import type { BranchRecord } from '../../../inventory/kinds/branch.ts';
import { wholeOf } from '../connection.ts';
import { letsAdminsPast, type Layer, ofActor, ofAllowance, passable } from './bypass.ts';
import type { Protection, Repository, Rule } from './query.ts';
import type { Rulesets } from './rulesets.ts';

const OPERATION = 'graphql:organization.repositories';

type Branch = NonNullable<Repository['defaultBranchRef']>;
export type Effective = Omit<
  BranchRecord,
  | 'id'
  | 'kind'
  | 'source'
  | 'scope'
  | 'raw'
  | 'repository'
  | 'repository_name'
  | 'archived'
  | 'name'
  | 'is_default'
>;

/**
 * The protection of a branch as it takes effect: the classic one and the rules of every active ruleset, the strictest of each. `seen`: the
 * classic one would be told if there were one. Where it would not, what the rulesets don't demand can't be told.
 */
export function effective(branch: Branch, seen: boolean, rulesets: Rulesets, what: string): Effective {
  const classic = branch.branchProtectionRule;
  const told = branch.rules === null ? [] : wholeOf(OPERATION, `rules of ${what}`, branch.rules);
  const rules = told.filter((rule) => isActive(rule, rulesets));
  const hidden = branch.rules === null || (classic === null && !seen);
  const any = (demanded: boolean): boolean | null => (demanded ? true : hidden ? null : false);
  const has = (type: string): boolean => rules.some((rule) => rule.type === type);
  const reviews = rules.flatMap((rule) => (isReview(rule) ? [rule.parameters] : []));
  const checks = rules.flatMap((rule) => (isChecks(rule) ? [rule.parameters] : []));
  const contexts = checks.flatMap(({ requiredStatusChecks }) =>
    requiredStatusChecks.map(({ context }) => context),
  );
  const layers = layersOf(classic, rules, rulesets, what);
  const reviewing = layers.filter((layer) => layer.reviews);
  const required = classic?.requiresApprovingReviews === true;
  const count = Math.max(
    0,
    required ? (classic.requiredApprovingReviewCount ?? 0) : 0,
    ...reviews.map(({ requiredApprovingReviewCount }) => requiredApprovingReviewCount),
  );
  const bypassable = bypassableOf(reviewing, hidden);
  return {
    pull_request_required: any(required || reviews.length > 0),
    reviews_required: hidden ? null : count,
    code_owner_review: any(
      (required && classic.requiresCodeOwnerReviews) ||
        reviews.some((review) => review.requireCodeOwnerReview),
    ),
    dismisses_stale_reviews: any(
      (required && classic.dismissesStaleReviews) ||
        reviews.some((review) => review.dismissStaleReviewsOnPush),
    ),
    last_push_approval: any(
      (required && classic.requireLastPushApproval) ||
        reviews.some((review) => review.requireLastPushApproval),
    ),
    status_checks_required: any(contexts.length > 0 || contextsOf(classic).length > 0),
    up_to_date: any(
      (contextsOf(classic).length > 0 && classic?.requiresStrictStatusChecks === true) ||
        checks.some(
          (check) => check.strictRequiredStatusChecksPolicy && check.requiredStatusChecks.length > 0,
        ),
    ),
    code_scanning_required: any(has('CODE_SCANNING')),
    signed_commits: any(classic?.requiresCommitSignatures === true || has('REQUIRED_SIGNATURES')),
    linear_history: any(classic?.requiresLinearHistory === true || has('REQUIRED_LINEAR_HISTORY')),
    force_push_blocked: any(classic?.allowsForcePushes === false || has('NON_FAST_FORWARD')),
    deletion_blocked: any(classic?.allowsDeletions === false || has('DELETION')),
    push_restricted: any(classic?.restrictsPushes === true || has('UPDATE')),
    admins_included: not(adminsPass(reviewing, hidden)),
    bypassable,
    required_checks: [...new Set([...contexts, ...contextsOf(classic)])].sort(),
    bypasses: layers.flatMap(({ bypasses }) => bypasses ?? []),
  };
}

const isReview = (rule: Rule): rule is Extract<Rule, { type: 'PULL_REQUEST' }> =>
  rule.type === 'PULL_REQUEST';
const isChecks = (rule: Rule): rule is Extract<Rule, { type: 'REQUIRED_STATUS_CHECKS' }> =>
  rule.type === 'REQUIRED_STATUS_CHECKS';

const not = (told: boolean | null): boolean | null => (told === null ? null : !told);

/** A rule of a ruleset that can't be seen applies: GitHub lists active ones alone. */
const isActive = ({ repositoryRuleset }: Rule, rulesets: Rulesets): boolean =>
  repositoryRuleset === null || (rulesets.get(repositoryRuleset.id)?.active ?? true);

const contextsOf = (classic: Protection | null): readonly string[] =>
  classic?.requiresStatusChecks === true ? (classic.requiredStatusCheckContexts ?? []) : [];

/** A protection that can't be seen may let nobody past: then only what is known to let nobody past tells. */
function adminsPass(reviewing: readonly Layer[], hidden: boolean): boolean | null {
  const told = passable(reviewing, ({ admins }) => admins);
  return hidden && told === true ? null : told;
}

function bypassableOf(reviewing: readonly Layer[], hidden: boolean): boolean | null {
  const told = passable(reviewing, ({ admins, bypasses }) => {
    if (admins === true || (bypasses?.length ?? 0) > 0) return true;
    return admins === undefined || bypasses === undefined ? undefined : false;
  });
  return hidden && told === true ? null : told;
}

function layersOf(
  classic: Protection | null,
  rules: readonly Rule[],
  rulesets: Rulesets,
  what: string,
): readonly Layer[] {
  const byRuleset = Map.groupBy(rules, ({ repositoryRuleset }) => repositoryRuleset?.id);
  const layers = [...byRuleset].map(([id, own]): Layer => {
    const bypasses = rulesets.get(id ?? '')?.bypassActors?.map((actor) => ofActor(actor));
    return {
      reviews: own.some((rule) => isReview(rule)),
      admins: bypasses === undefined ? undefined : letsAdminsPast(bypasses),
      bypasses,
    };
  });
  return classic === null ? layers : [...layers, classicLayer(classic, what)];
}

function classicLayer(classic: Protection, what: string): Layer {
  const { bypassPullRequestAllowances: reviews, bypassForcePushAllowances: pushes } = classic;
  const bypasses = [
    ...wholeOf(OPERATION, `who may go past reviews of ${what}`, reviews).map((one) =>
      ofAllowance(one, 'always'),
    ),
    ...wholeOf(OPERATION, `who may force a push to ${what}`, pushes).map((one) =>
      ofAllowance(one, 'force_push'),
    ),
  ];
  return { reviews: classic.requiresApprovingReviews, admins: !classic.isAdminEnforced, bypasses };
}
