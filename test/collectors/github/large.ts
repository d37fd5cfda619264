import {
  bypassActor,
  EMPTY,
  type Estate,
  OPEN_PROTECTION,
  type PlantedRepository,
  pullRequestRule,
} from './estate.ts';

/** How a planted repository is: what each check of branches and repositories finds follows from it. */
export type Way = 'ruleset' | 'classic' | 'bypassed' | 'weak' | 'bare' | 'hidden' | 'archived' | 'empty';

const WAYS: readonly Way[] = [
  'ruleset',
  'classic',
  'bypassed',
  'weak',
  'bare',
  'hidden',
  'archived',
  'empty',
];

export const wayOf = (id: number): Way => WAYS[id % WAYS.length] ?? 'bare';

const full = {
  ...OPEN_PROTECTION,
  requiresApprovingReviews: true,
  requiredApprovingReviewCount: 1,
  requiresStatusChecks: true,
  requiredStatusCheckContexts: ['build'],
};

/** Every eighth repository has a ruleset of its own beside the organisation's. */
function branchOf(id: number): NonNullable<PlantedRepository['branch']> {
  switch (wayOf(id)) {
    case 'ruleset':
      return {
        rules: [
          pullRequestRule('RS_org', 1),
          pullRequestRule(`RS_${id}`, 2),
          { type: 'NON_FAST_FORWARD', ruleset: 'RS_org' },
          { type: 'DELETION', ruleset: 'RS_org' },
        ],
      };
    case 'classic':
      return { protection: full };
    case 'bypassed':
      return { protection: { ...full, isAdminEnforced: false }, rules: [pullRequestRule('RS_owners', 1)] };
    case 'weak':
      return { protection: { ...OPEN_PROTECTION, allowsForcePushes: true } };
    default:
      return {};
  }
}

/** An organisation of so many repositories and members. */
export function largeEstate(repositories: number, members = 10): Estate {
  const numbers = Array.from({ length: repositories }, (_, index) => index + 1);
  return {
    ...EMPTY,
    members: Array.from({ length: members }, (_, index) => ({ id: index + 1, login: `user-${index + 1}` })),
    rulesets: [
      { id: 'RS_org', bypassActors: [] },
      { id: 'RS_owners', bypassActors: [bypassActor({ organizationAdmin: true })] },
      ...numbers.map((id) => ({ id: `RS_${id}`, bypassActors: [] })),
    ],
    teams: [{ id: 1, slug: 'all', repositories: numbers.map((id) => [id, 'WRITE'] as const) }],
    repositories: numbers.map((id) => {
      const way = wayOf(id);
      return {
        id,
        name: `${way}-${id}`,
        archived: way === 'archived',
        administered: way !== 'hidden',
        visibility: way === 'weak' ? 'PUBLIC' : 'PRIVATE',
        dependencyAlerts: way !== 'weak',
        ...(way === 'hidden' ? {} : { security: { scanning: true, push: way !== 'weak' } }),
        ...(way === 'empty' ? {} : { branch: branchOf(id) }),
      };
    }),
  };
}
