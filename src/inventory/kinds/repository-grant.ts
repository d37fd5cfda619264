import { z } from 'zod';
import { identifier } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'repository_grant',
  {
    /** Id of the repository's record; of a grant on all of them, of what they belong to. */
    repository: identifier,
    repository_name: identifier,
    archived: z.boolean(),
    /** `everyone`: every member of what the repositories belong to. */
    grantee_type: z.enum(['user', 'team', 'everyone']),
    /** Id of a user's identity record; of a team, its own. */
    grantee: identifier,
    grantee_name: identifier,
    permission: z.enum(['read', 'triage', 'write', 'maintain', 'admin']),
  },
  { indexes: ['repository', 'grantee'] },
);

/** What a user, a team or everyone may do in a repository. */
export type RepositoryGrantRecord = z.infer<typeof table.schema>;

export const repositoryGrant = table.kind;
