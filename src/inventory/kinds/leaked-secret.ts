import { z } from 'zod';
import { identifier, instant } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind('leaked_secret', {
  /** The full name of the repository that it was found in. */
  repository: identifier,
  number: z.int(),
  /** The source's own word for what it opens. */
  type: identifier,
  state: z.enum(['open', 'resolved']),
  /** Why it was closed; null: it is open, or the source doesn't say. */
  resolution: z.enum(['revoked', 'false_positive', 'wont_fix', 'used_in_tests', 'other']).nullable(),
  first_seen_at: instant,
  /** Null: it is open, or the source doesn't say. */
  resolved_at: instant.nullable(),
  /** Somebody pushed it past the protection. */
  push_protection_bypassed: z.boolean().nullable(),
  /** Whether it still opens what it opens. */
  validity: z.enum(['active', 'inactive', 'unknown']),
});

/** A secret that was found where everybody with access reads it. The secret itself is never asked for. */
export type LeakedSecretRecord = z.infer<typeof table.schema>;

export const leakedSecret = table.kind;
