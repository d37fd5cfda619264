import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'repository',
  {
    name: identifier,
    /** With what it belongs to, such as `acme/web`. */
    full_name: identifier,
    /** `internal`: to everybody of the organisation or its enterprise. */
    visibility: z.enum(['public', 'internal', 'private']),
    /** Nothing in it can be changed. */
    archived: z.boolean(),
    fork: z.boolean(),
    template: z.boolean(),
    /** Empty: it has no branch yet. */
    default_branch: text,
    created_at: instant,
    /** Whether what is pushed is searched for secrets; null: the source can't say. So for the rest. */
    secret_scanning: z.boolean().nullable(),
    /** Whether a push that holds a secret is refused. */
    push_protection: z.boolean().nullable(),
    /** Whether known weaknesses of its dependencies are told. */
    dependency_alerts: z.boolean().nullable(),
    /** Whether scanning of its code is paid for and allowed, which is not that it runs. */
    code_security: z.boolean().nullable(),
  },
  { indexes: ['full_name'] },
);

/** A repository of source code. */
export type RepositoryRecord = z.infer<typeof table.schema>;

export const repository = table.kind;
