import type { ChangeRecord } from '../../../inventory/kinds/change.ts';
import type { Actor, Head, PullRequest, Review } from './query.ts';

const MEMBERS = ['MEMBER', 'OWNER'];

/** The reviewers' last words before the merge, by people other than the author. */
function standing({ author, mergedAt }: PullRequest, reviews: readonly Review[]): readonly Review[] {
  const last = new Map<string, Review>();
  for (const review of reviews.toSorted((a, b) => a.submittedAt - b.submittedAt))
    // Whoever is there no more can't be told from others of the kind, nor from the author.
    if (review.submittedAt <= mergedAt && review.author?.is === 'User') last.set(review.author.login, review);
  return [...last.values()].filter(
    (review) => review.state === 'APPROVED' && review.author?.login !== author?.login,
  );
}

/** Somebody approved who is there no more. */
const approvedByNobodyKnown = ({ mergedAt }: PullRequest, reviews: readonly Review[]): boolean =>
  reviews.some(
    ({ author, state, submittedAt }) => author === null && state === 'APPROVED' && submittedAt <= mergedAt,
  );

/** Who is a member or may push has a say; of others it can't be told whether they had one then. */
const hasSay = ({ authorAssociation, authorCanPushToRepository }: Review): boolean =>
  authorCanPushToRepository || MEMBERS.includes(authorAssociation);

type Approvals = Pick<
  ChangeRecord,
  'approvals' | 'independent_approvals' | 'member_approvals' | 'head_approvals' | 'approvers'
>;

export function approvalsOf(request: PullRequest, reviews: readonly Review[]): Approvals {
  const all = standing(request, reviews);
  // An author who is there no more may be any of them.
  const counted = request.author === null ? [] : all.filter(hasSay);
  const unsure = counted.length === 0 && (all.length > 0 || approvedByNobodyKnown(request, reviews));
  return {
    approvals: unsure ? null : counted.length,
    independent_approvals: unsure ? null : independent(counted, request.commits.nodes[0]?.commit),
    member_approvals: unsure && request.author === null ? null : membersOf(counted).length,
    head_approvals: unsure ? null : ofHead(counted, request.headRefOid),
    approvers: all
      .map(({ author, authorAssociation }) => ({
        approver: author?.login ?? '',
        association: authorAssociation.toLowerCase(),
      }))
      .sort((a, b) => (a.approver < b.approver ? -1 : 1)),
  };
}

const membersOf = (reviews: readonly Review[]): readonly Review[] =>
  reviews.filter(({ authorAssociation }) => MEMBERS.includes(authorAssociation));

/** Null: it isn't known who committed what was pushed last, and somebody approved it. */
function independent(reviews: readonly Review[], head: Head | undefined): number | null {
  if (reviews.length === 0) return 0;
  const committers = [head?.author?.user?.databaseId, head?.committer?.user?.databaseId];
  const reviewers = reviews.map(({ author }) => author?.databaseId ?? undefined);
  if (committers.includes(undefined) || reviewers.includes(undefined)) return null;
  return reviewers.filter((reviewer) => !committers.includes(reviewer)).length;
}

function ofHead(reviews: readonly Review[], head: string): number | null {
  const found = reviews.filter(({ commit }) => commit?.oid === head).length;
  return found === 0 && reviews.some(({ commit }) => commit === null) ? null : found;
}

export function authorType(author: Actor): ChangeRecord['author_type'] {
  if (author === null) return 'unknown';
  return author.is === 'Bot' ? 'bot' : author.is === 'User' ? 'user' : 'unknown';
}

/** An app acts for the organisation that installed it. */
export function isOutside({ author, authorAssociation }: PullRequest): boolean | null {
  if (author === null) return null;
  return author.is !== 'Bot' && !MEMBERS.includes(authorAssociation);
}
