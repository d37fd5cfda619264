import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const told = z.boolean().nullable();

const table = tableKind(
  'branch',
  {
    /** Id of the repository's record. */
    repository: identifier,
    repository_name: identifier,
    /** The repository is archived: nothing in it can be changed. */
    archived: z.boolean(),
    name: identifier,
    is_default: z.boolean(),
    /** It is changed by pull requests alone; null: the source can't say. So for the rest. */
    pull_request_required: told,
    /** Approvals that a pull request needs. */
    reviews_required: z.int().nullable(),
    code_owner_review: told,
    /** Approvals count no longer once something is pushed. */
    dismisses_stale_reviews: told,
    /** The last push must be approved by somebody else than who pushed. */
    last_push_approval: told,
    /** Named checks must have passed. */
    status_checks_required: told,
    /** They must have passed together with what is on the branch now. */
    up_to_date: told,
    code_scanning_required: told,
    signed_commits: told,
    linear_history: told,
    force_push_blocked: told,
    deletion_blocked: told,
    /** Named actors alone may push. */
    push_restricted: told,
    /** Administrators can't go past the review either. */
    admins_included: told,
    /** Somebody may go past the review: administrators, or who is listed among `bypasses`. */
    bypassable: told,
    /** Names of the checks that must have passed. */
    required_checks: z.array(identifier),
    /** Who is named as allowed to go past the protection, as far as the source tells. */
    bypasses: z.array(
      z.strictObject({
        type: z.enum([
          'user',
          'team',
          'app',
          'role',
          'organization_admin',
          'enterprise_owner',
          'deploy_key',
          'unknown',
        ]),
        name: text,
        mode: z.enum(['always', 'pull_request', 'force_push', 'unknown']),
      }),
    ),
  },
  { indexes: ['repository'], children: { bypasses: 'branch_bypass' } },
);

/** A branch of a repository with its protection as it takes effect: whatever rules apply to it, together. */
export type BranchRecord = z.infer<typeof table.schema>;

export const branch = table.kind;
