import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'change',
  {
    /** Id of the repository's record. */
    repository: identifier,
    repository_name: identifier,
    branch: identifier,
    /** `direct`: a commit that no merged pull request brought. */
    type: z.enum(['pull_request', 'direct']),
    /** `#12`, or a commit's id. */
    reference: identifier,
    /** Empty: the source doesn't know who. */
    author: text,
    author_type: z.enum(['user', 'bot', 'unknown']),
    /** Whether the author belongs to the organisation now; null: the source can't say. */
    author_outside: z.boolean().nullable(),
    /** Empty: nobody merged it, or the source doesn't know who. */
    merged_by: text,
    /** When it was merged; of a direct one, what its commit says. */
    merged_at: instant,
    /**
     * People who approved it before it was merged, hadn't taken that back then, and aren't its author; null: whether those who did had a say
     * can't be told.
     */
    approvals: z.int().nullable(),
    /** Of these, those who didn't commit what was pushed last either. */
    independent_approvals: z.int().nullable(),
    /** Of the approvals, those by members of the organisation. */
    member_approvals: z.int().nullable(),
    /** Of the approvals, those of what was pushed last. */
    head_approvals: z.int().nullable(),
    /** What the checks of what a pull request had last say; `none`: there are none; null: it is a direct change. */
    checks: z.enum(['passed', 'failed', 'pending', 'none']).nullable(),
    /** Whoever approved, counted or not, with what the source calls them now. */
    approvers: z.array(z.strictObject({ approver: identifier, association: identifier })),
  },
  { indexes: ['repository'], children: { approvers: 'change_approval' } },
);

/** Something that reached the branch that is worked from. */
export type ChangeRecord = z.infer<typeof table.schema>;

export const change = table.kind;
