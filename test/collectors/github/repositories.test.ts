import { describe, expect, test } from 'vitest';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';
import {
  bypassActor,
  checksRule,
  EMPTY,
  type Estate,
  OPEN_PROTECTION,
  type PlantedRepository,
  pullRequestRule,
} from './estate.ts';
import { APP, collectGithub, type Settings } from './harness.ts';
import { startStub, type StubOptions } from './stub.ts';

const RULESETS = [
  { id: 'org', bypassActors: [] },
  { id: 'owners', bypassActors: [bypassActor({ organizationAdmin: true })] },
  {
    id: 'team',
    bypassActors: [
      bypassActor({ bypassMode: 'PULL_REQUEST', actor: { __typename: 'Team', slug: 'release' } }),
    ],
  },
  {
    id: 'role',
    bypassActors: [bypassActor({ repositoryRoleName: 'maintain', repositoryRoleDatabaseId: 2 })],
  },
  { id: 'hidden', bypassActors: null },
  { id: 'tried', enforcement: 'EVALUATE', bypassActors: [] },
] as const;

type Branch = PlantedRepository['branch'];

/** The branch's record under the protection. */
async function branchOf(
  branch: Branch,
  repository: Partial<PlantedRepository> = {},
  options: StubOptions & { readonly settings?: Settings } = {},
): Promise<InventoryRecord | undefined> {
  const planted: Estate = {
    ...EMPTY,
    rulesets: RULESETS,
    repositories: [{ id: 5, name: 'web', ...(branch === undefined ? {} : { branch }), ...repository }],
  };
  await using stub = await startStub(planted, options);
  const { settings = {} } = options;
  const { records } = await collectGithub(stub.endpoint, 'repositories', { settings });
  return records.find(({ kind }) => kind === 'branch');
}

describe("a branch's protection as it takes effect", () => {
  test('no rule at all: nothing is demanded, and everybody goes past', async () => {
    expect(await branchOf({})).toMatchObject({
      id: 'github:acme:branch/5/default',
      repository: 'github:acme:repository/5',
      pull_request_required: false,
      reviews_required: 0,
      force_push_blocked: false,
      deletion_blocked: false,
      status_checks_required: false,
      admins_included: false,
      bypassable: true,
      required_checks: [],
      bypasses: [],
    });
  });

  test('an empty repository has no branch', async () => {
    expect(await branchOf(undefined)).toBeUndefined();
  });

  test('the strictest of the classic protection and of each ruleset', async () => {
    const protection = {
      ...OPEN_PROTECTION,
      requiresApprovingReviews: true,
      requiredApprovingReviewCount: 1,
      dismissesStaleReviews: true,
      requiresStatusChecks: true,
      requiredStatusCheckContexts: ['build'],
    };
    const rules = [
      pullRequestRule('org', 2, { requireCodeOwnerReview: true }),
      checksRule('org', ['test'], true),
      { type: 'REQUIRED_SIGNATURES', ruleset: 'owners' },
      { type: 'CODE_SCANNING', ruleset: 'owners' },
    ];
    expect(await branchOf({ protection, rules })).toMatchObject({
      pull_request_required: true,
      reviews_required: 2,
      code_owner_review: true,
      dismisses_stale_reviews: true,
      last_push_approval: false,
      status_checks_required: true,
      up_to_date: true,
      required_checks: ['build', 'test'],
      signed_commits: true,
      code_scanning_required: true,
      force_push_blocked: true,
      deletion_blocked: true,
      linear_history: false,
      admins_included: true,
      bypassable: false,
    });
  });

  test('a ruleset that is only tried demands nothing', async () => {
    expect(await branchOf({ rules: [pullRequestRule('tried', 2)] })).toMatchObject({ reviews_required: 0 });
  });

  test.each([
    ['nobody', 'org', true, false, []],
    [
      "the organisation's owners",
      'owners',
      false,
      true,
      [{ type: 'organization_admin', name: '', mode: 'always' }],
    ],
    ['a team', 'team', true, true, [{ type: 'team', name: 'release', mode: 'pull_request' }]],
    [
      'a role, which administrators can give themselves',
      'role',
      false,
      true,
      [{ type: 'role', name: 'maintain', mode: 'always' }],
    ],
    ["whoever isn't told", 'hidden', null, null, []],
    ["whoever, by a ruleset that can't be seen", null, null, null, []],
  ])('a ruleset lets past: %s', async (_, ruleset, admins_included, bypassable, bypasses) => {
    const found = await branchOf({ rules: [pullRequestRule(ruleset, 1)] });
    expect(found).toMatchObject({ reviews_required: 1, admins_included, bypassable, bypasses });
  });

  test.each([
    ['administrators', { isAdminEnforced: false }, { admins_included: false, bypassable: true }],
    [
      'a user by name',
      { bypassPullRequestAllowances: [{ actor: { __typename: 'User', login: 'bot' } }] },
      { admins_included: true, bypassable: true, bypasses: [{ type: 'user', name: 'bot', mode: 'always' }] },
    ],
    [
      'somebody who is there no more',
      { bypassForcePushAllowances: [{ actor: null }] },
      { bypassable: true, bypasses: [{ type: 'unknown', name: '', mode: 'force_push' }] },
    ],
  ])('the classic protection lets past: %s', async (_, how, expected) => {
    const protection = {
      ...OPEN_PROTECTION,
      requiresApprovingReviews: true,
      requiredApprovingReviewCount: 1,
      ...how,
    };
    expect(await branchOf({ protection })).toMatchObject(expected);
  });

  test('one that lets nobody past is enough', async () => {
    const rules = [pullRequestRule('owners', 1), pullRequestRule('org', 1), pullRequestRule('hidden', 1)];
    expect(await branchOf({ rules })).toMatchObject({ admins_included: true, bypassable: false });
  });

  const UNKNOWN = {
    pull_request_required: null,
    reviews_required: null,
    force_push_blocked: null,
    admins_included: null,
    bypassable: null,
  };

  test("to who doesn't administer the repository no classic protection is shown: what no rule demands can't be told", async () => {
    expect(await branchOf({}, { administered: false })).toMatchObject(UNKNOWN);
    const rules = [pullRequestRule('org', 1), { type: 'NON_FAST_FORWARD', ruleset: 'org' }];
    expect(await branchOf({ rules }, { administered: false })).toMatchObject({
      pull_request_required: true,
      reviews_required: null,
      force_push_blocked: true,
      deletion_blocked: null,
      admins_included: true,
      bypassable: false,
    });
  });

  test('to an app it is shown when it may read administration', async () => {
    const settings = { auth: APP };
    const repository = { administered: false };
    expect(await branchOf({}, repository, { settings })).toMatchObject(UNKNOWN);
    const granted = { administration: 'read' };
    expect(await branchOf({}, repository, { settings, granted })).toMatchObject({ reviews_required: 0 });
  });

  test("where it isn't told which rules apply, what the classic protection doesn't demand can't be told", async () => {
    expect(await branchOf({ rules: null, protection: OPEN_PROTECTION })).toMatchObject({
      pull_request_required: null,
      force_push_blocked: true,
    });
  });
});

describe('repositories', () => {
  const collect = async (repositories: readonly PlantedRepository[]) => {
    await using stub = await startStub({ ...EMPTY, repositories }, { pageSize: 2 });
    return (await collectGithub(stub.endpoint, 'repositories')).records;
  };

  test('are told with what only the REST API says', async () => {
    const records = await collect([
      { id: 1, name: 'one', visibility: 'PUBLIC', security: { scanning: true, push: false } },
      { id: 2, name: 'two', archived: true, dependencyAlerts: false },
      { id: 3, name: 'three', dependencyAlerts: false, administered: false },
    ]);
    expect(records.filter(({ kind }) => kind === 'repository')).toMatchObject([
      {
        full_name: 'Acme/one',
        visibility: 'public',
        secret_scanning: true,
        push_protection: false,
        code_security: null,
      },
      {
        full_name: 'Acme/two',
        archived: true,
        secret_scanning: null,
        push_protection: null,
        dependency_alerts: false,
      },
      { full_name: 'Acme/three', dependency_alerts: null },
    ]);
    expect(records.filter(({ kind }) => kind === 'scan_coverage')).toMatchObject([
      { id: 'github:acme:dependencies/1', resource: 'Acme/one', active: true, scan_type: 'dependency' },
    ]);
  });

  test('none are no failure', async () => {
    expect(await collect([])).toEqual([]);
  });
});
