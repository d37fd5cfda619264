import { z } from 'zod';
import { identifier, instant } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'access_review',
  {
    /** Of the review that the decision belongs to. */
    review: identifier,
    /** Whose accounts were reviewed: a source such as `google`, or one of its scopes, such as `aws:111111111111`. */
    system: identifier,
    /** The day whose accounts were listed: its last moment, so that an account of that very day counts as one that stood. */
    listed_as_of: instant,
    /** A login in the system, or the id of the identity's record. */
    account: identifier,
    /** `pending`: nobody has decided. */
    decision: z.enum(['keep', 'change', 'revoke', 'pending']),
    /** Whoever decided: an address, a login or the HR register's id. */
    reviewer: identifier,
    /** Null: the register doesn't tell, or it is pending. */
    decided_at: instant.nullable(),
  },
  {
    indexes: [['system', 'listed_as_of'], 'review'],
    names: { account: 'identity', reviewer: 'person' },
  },
);

/** What a review of access decided about one account. */
export const accessReview = table.kind;
