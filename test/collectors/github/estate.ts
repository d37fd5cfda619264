/** What a planted organisation holds. Times are Unix seconds. */
export interface Estate {
  readonly login: string;
  readonly id: number;
  readonly secondFactorRequired: boolean | null;
  readonly basePermission?: 'none' | 'read' | 'write' | 'admin';
  readonly members: readonly PlantedMember[];
  readonly outsiders: readonly {
    readonly id: number;
    readonly login: string;
    readonly secondFactor: boolean;
  }[];
  readonly teams: readonly PlantedTeam[];
  readonly repositories: readonly PlantedRepository[];
  readonly rulesets: readonly PlantedRuleset[];
  readonly dependabot: readonly object[];
  readonly codeScanning: readonly { readonly state: string }[];
  readonly secrets: readonly object[];
  /** The caller isn't an owner: he isn't told who lacks a second factor. */
  readonly noOwner?: boolean;
}

export interface PlantedMember {
  readonly id: number;
  readonly login: string;
  readonly owner?: boolean;
  readonly secondFactor?: boolean | null;
  readonly emails?: readonly string[];
  readonly saml?: string;
}

export type Permission = 'READ' | 'TRIAGE' | 'WRITE' | 'MAINTAIN' | 'ADMIN';

export interface PlantedTeam {
  readonly id: number;
  readonly slug: string;
  /** By the repository's number. */
  readonly repositories: readonly (readonly [repository: number, permission: Permission])[];
}

export interface PlantedRuleset {
  readonly id: string;
  readonly enforcement?: 'ACTIVE' | 'EVALUATE';
  /** Null: not told. */
  readonly bypassActors: readonly object[] | null;
}

export interface PlantedRule {
  readonly type: string;
  readonly ruleset: string | null;
  readonly parameters?: object;
}

export interface PlantedRepository {
  readonly id: number;
  readonly name: string;
  readonly visibility?: 'PUBLIC' | 'INTERNAL' | 'PRIVATE';
  readonly archived?: boolean;
  readonly dependencyAlerts?: boolean;
  readonly administered?: boolean;
  /** Absent: not told. */
  readonly security?: { readonly scanning: boolean; readonly push: boolean };
  /** Absent: empty. */
  readonly branch?: {
    readonly name?: string;
    readonly protection?: object;
    readonly rules?: readonly PlantedRule[] | null;
    readonly commits?: readonly PlantedCommit[];
  };
  readonly collaborators?: readonly {
    readonly id: number;
    readonly login: string;
    readonly permission: Permission;
    readonly source: 'Repository' | 'Team' | 'Organization';
  }[];
}

/** The newest first. */
export interface PlantedCommit {
  readonly oid: string;
  readonly at: number;
  readonly author?: { readonly id: number; readonly login: string };
  readonly parents?: readonly string[];
  readonly requests?: readonly PlantedRequest[];
}

export interface PlantedActor {
  readonly type: 'User' | 'Bot';
  readonly id: number;
  readonly login: string;
}

export interface PlantedReview {
  readonly by: PlantedActor | null;
  readonly state?: 'APPROVED' | 'CHANGES_REQUESTED';
  readonly at: number;
  readonly association?: string;
  readonly push?: boolean;
  readonly of?: string;
}

export interface PlantedRequest {
  readonly id: number;
  readonly base?: string;
  readonly merged?: boolean;
  /** Another repository's number. */
  readonly repository?: number;
  readonly by: PlantedActor | null;
  readonly association?: string;
  readonly mergedAt: number;
  readonly head?: string;
  /** Who committed what was pushed last; null: GitHub doesn't know. */
  readonly committer?: number | null;
  readonly checks?: 'SUCCESS' | 'FAILURE' | 'PENDING' | null;
  readonly reviews?: readonly PlantedReview[];
}

/** What GitHub says of a rule that leaves everything as it is. */
export const OPEN_PROTECTION = {
  isAdminEnforced: true,
  requiresApprovingReviews: false,
  requiredApprovingReviewCount: null,
  requiresCodeOwnerReviews: false,
  dismissesStaleReviews: false,
  requireLastPushApproval: false,
  requiresStatusChecks: false,
  requiresStrictStatusChecks: false,
  requiredStatusCheckContexts: [],
  requiresCommitSignatures: false,
  requiresLinearHistory: false,
  allowsForcePushes: false,
  allowsDeletions: false,
  restrictsPushes: false,
  bypassPullRequestAllowances: [],
  bypassForcePushAllowances: [],
} as const;

export const pullRequestRule = (ruleset: string | null, count: number, more: object = {}): PlantedRule => ({
  type: 'PULL_REQUEST',
  ruleset,
  parameters: {
    __typename: 'PullRequestParameters',
    requiredApprovingReviewCount: count,
    requireCodeOwnerReview: false,
    dismissStaleReviewsOnPush: false,
    requireLastPushApproval: false,
    requiredReviewThreadResolution: false,
    ...more,
  },
});

export const checksRule = (
  ruleset: string | null,
  contexts: readonly string[],
  strict = false,
): PlantedRule => ({
  type: 'REQUIRED_STATUS_CHECKS',
  ruleset,
  parameters: {
    __typename: 'RequiredStatusChecksParameters',
    doNotEnforceOnCreate: false,
    strictRequiredStatusChecksPolicy: strict,
    requiredStatusChecks: contexts.map((context) => ({ context })),
  },
});

export const bypassActor = (who: object): object => ({
  bypassMode: 'ALWAYS',
  deployKey: false,
  enterpriseOwner: false,
  organizationAdmin: false,
  repositoryRoleDatabaseId: null,
  repositoryRoleName: null,
  actor: null,
  ...who,
});

export const EMPTY: Estate = {
  login: 'Acme',
  id: 77,
  secondFactorRequired: true,
  basePermission: 'read',
  members: [],
  outsiders: [],
  teams: [],
  repositories: [],
  rulesets: [],
  dependabot: [],
  codeScanning: [],
  secrets: [],
};
