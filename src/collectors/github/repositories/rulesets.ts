import { z } from 'zod';
import { connection, PAGE, wholeOf } from '../connection.ts';
import type { Work } from '../dataset.ts';

const OPERATION = 'graphql:nodes.RepositoryRuleset';
const BATCH = 100;

const RULESETS = `
  query Rulesets($ids: [ID!]!) {
    nodes(ids: $ids) {
      ... on RepositoryRuleset {
        id
        enforcement
        bypassActors(first: 100) {
          ${PAGE}
          nodes {
            bypassMode deployKey enterpriseOwner organizationAdmin repositoryRoleDatabaseId repositoryRoleName
            actor { is: __typename ... on App { slug } ... on Team { slug } }
          }
        }
      }
    }
  }`;

const actor = z.object({
  bypassMode: z.string().nullable(),
  deployKey: z.boolean(),
  enterpriseOwner: z.boolean(),
  organizationAdmin: z.boolean(),
  repositoryRoleDatabaseId: z.int().nullable(),
  repositoryRoleName: z.string().nullable(),
  actor: z.object({ is: z.string(), slug: z.string().optional() }).nullable(),
});

export type BypassActor = z.infer<typeof actor>;

const answer = z.object({
  nodes: z.array(
    z
      .object({
        id: z.string(),
        enforcement: z.enum(['ACTIVE', 'DISABLED', 'EVALUATE']),
        /** Null: told to administrators alone. */
        bypassActors: connection(actor).nullable(),
      })
      .nullable(),
  ),
});

export interface Ruleset {
  readonly active: boolean;
  /** Undefined: it can't be told who may go past it. */
  readonly bypassActors: readonly BypassActor[] | undefined;
}

/** What is known of each ruleset, for those asked about so far. */
export type Rulesets = Map<string, Ruleset>;

/** Asks about the rulesets that aren't known yet. One that may not be seen is not among the known ones. */
export async function learnRulesets(
  { session }: Work,
  known: Rulesets,
  wanted: Iterable<string>,
): Promise<void> {
  const ids = [...new Set(wanted)].filter((id) => !known.has(id));
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH);
    const { nodes } = await session.query(OPERATION, RULESETS, { ids: batch }, answer);
    for (const ruleset of nodes) {
      if (ruleset === null) continue;
      const { id, enforcement, bypassActors } = ruleset;
      known.set(id, {
        active: enforcement === 'ACTIVE',
        bypassActors:
          bypassActors === null ? undefined : wholeOf(OPERATION, `bypass actors of ${id}`, bypassActors),
      });
    }
  }
}
