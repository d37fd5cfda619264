import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { datasets } from '../../src/collectors/github/datasets.ts';
import { appKey, collectGithub, connectGithub, type Settings } from '../collectors/github/harness.ts';
import { makeWorld } from '../engine/world.ts';
import { startEmulateFront } from './emulate-front.ts';
import { type Emulate, startEmulate } from './emulate.ts';
import { type Front, openPeerSession } from './github-front.ts';

/**
 * emulate 0.12.2 keeps an organisation's state behind GitHub's REST API. It lacks: GraphQL, the repositories of an organisation as a listing,
 * outside collaborators, alerts of every sort, rulesets, the requirement of a second factor, request ids, logins in another case, and any
 * refusal of a token that it doesn't know (whoever has one is taken for its first user). So by itself no dataset comes of it; with GraphQL and
 * the listing answered from its state, those come that need nothing else.
 */

const OWNER = 'ghp_owner';
const MEMBERS = Array.from({ length: 130 }, (_, index) => `member-${String(index).padStart(3, '0')}`);

const { privateKey: another } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const permissions = { metadata: 'read', members: 'read', administration: 'read' };
const app = (id: number, key: string, installation: object): object => ({
  app_id: id,
  slug: `app-${id}`,
  name: `app-${id}`,
  private_key: key,
  permissions,
  installations: [{ account: 'Acme', permissions, ...installation }],
});

const SEED = {
  tokens: { [OWNER]: { login: 'ann', scopes: ['repo', 'admin:org'] } },
  github: {
    users: ['ann', 'bob', 'eve', ...MEMBERS].map((login) => ({ login })),
    orgs: [
      {
        login: 'Acme',
        members: [{ login: 'ann', role: 'admin' }, ...MEMBERS.map((login) => ({ login, role: 'member' }))],
      },
    ],
    repos: [{ owner: 'Acme', name: 'web', private: true }],
    apps: [
      app(1, appKey, { installation_id: 2, repository_selection: 'all' }),
      app(3, appKey, {
        installation_id: 4,
        repository_selection: 'selected',
        repositories: ['Acme/web'],
      }),
      app(5, another, { installation_id: 6, repository_selection: 'all' }),
    ],
  },
};

let emulate: Emulate;
let front: Front;

beforeAll(async () => {
  emulate = await startEmulate(SEED, OWNER);
  front = await startEmulateFront(emulate, 'Acme');
});

afterAll(async () => {
  await front[Symbol.asyncDispose]();
  await emulate[Symbol.asyncDispose]();
});

const MINT = 'POST /app/installations/{installation_id}/access_tokens';
const installed = (appId: number, installationId: number): Settings => ({
  auth: { app: { appId, installationId, privateKey: { env: 'KEY' } } },
});

/** The whole agent, once: how each dataset ended, and what the checks say. */
async function runAgent(baseUrl: string) {
  const manifest = {
    apiVersion: 'annexa.dev/v1alpha1',
    kind: 'Collector',
    metadata: { name: 'github' },
    spec: {
      plugin: 'github',
      settings: { organizations: ['Acme'], auth: { token: { env: 'TOKEN' } }, baseUrl },
    },
  };
  await using world = await makeWorld({
    manifests: { 'github.yaml': JSON.stringify(manifest) },
    env: { TOKEN: OWNER },
    builtin: true,
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  const { view } = opened.agent;
  await opened.agent.open();
  await opened.agent.collectOnce();
  const { items: runs } = await view.runs({ limit: 10 });
  const { items: checks } = await view.checks({ limit: 1000 });
  const passed = await Promise.all(
    checks.filter(({ outcome }) => outcome === 'pass').map(({ name }) => view.check(name)),
  );
  return {
    passingKinds: new Set(passed.map((check) => check?.sql.kind)),
    datasets: runs.flatMap((run) => run.datasets),
    outcomes: Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome])),
  };
}

const tokens = z.object({
  installation_tokens: z.array(
    z.object({
      app: z.object({ id: z.int() }),
      installation: z.object({ id: z.int() }),
      permissions: z.record(z.string(), z.string()),
      status: z.string(),
    }),
  ),
});

describe('emulate as it is', () => {
  test('every dataset of the agent fails for what is not served, with a clear reason, and no check passes', async () => {
    const { datasets: ended, outcomes } = await runAgent(emulate.endpoint);
    expect(ended.map(({ dataset }) => dataset).sort()).toEqual(datasets.map(({ name }) => name).sort());
    for (const one of ended)
      expect(one).toMatchObject({
        outcome: 'failed',
        reason: 'denied',
        records: null,
        detail: expect.stringContaining('graphql:organization: Not Found (HTTP 404)'),
      });
    expect(Object.keys(outcomes).length).toBeGreaterThan(100);
    expect(Object.values(outcomes)).not.toContain('pass');
  });

  test('the preflight holds no permission for granted', async () => {
    const { collector } = connectGithub(emulate.endpoint);
    await using _ = collector;
    const report = await collector.preflight(new AbortController().signal);
    expect(report.permissions.map(({ held }) => held)).not.toContain(true);
    expect(new Set(report.permissions.map(({ dataset }) => dataset)).size).toBe(datasets.length);
  });
});

describe("an app's token, by a JWT that emulate verifies", () => {
  test('it is minted, the next thing that is asked is what emulate lacks, and with that answered records come', async () => {
    const { collector, told } = connectGithub(emulate.endpoint, { settings: installed(1, 2) });
    await using _ = collector;
    const signal = new AbortController().signal;
    const first = collector.collect('repository-access', { id: 'acme' }, signal)[Symbol.asyncIterator]();
    await expect(first.next()).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('graphql:organization'),
    });
    expect(told.calls.map(({ operation }) => operation)).toEqual([MINT, 'graphql:organization']);
    const { installation_tokens: minted } = tokens.parse(
      await emulate.ask('GET', '/_emulate/installation-tokens'),
    );
    expect(minted).toEqual([{ app: { id: 1 }, installation: { id: 2 }, permissions, status: 'active' }]);
    const served = await collectGithub(front.endpoint, 'repository-access', { settings: installed(1, 2) });
    expect(served.records).toHaveLength(1);
    expect(served.told.caller).toBe('app 1, installation 2');
  });

  test.each([
    ['installed on selected repositories', 3, 4, 'install it on all'],
    ['with a key that is not its own', 5, 6, 'HTTP 401'],
    ['that is not installed there', 1, 99, 'HTTP 404'],
    ["with an installation that is another app's", 1, 4, 'HTTP 404'],
    ['that is none', 77, 2, 'HTTP 401'],
  ])('an app %s is refused', async (_, appId, installationId, said) => {
    const collecting = collectGithub(emulate.endpoint, 'members', {
      settings: installed(appId, installationId),
    });
    await expect(collecting).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(new RegExp(`^${MINT.replace(/[{}]/g, String.raw`\$&`)}.*${said}`)),
    });
  });
});

describe('what changes in emulate changes here', () => {
  const user = z.object({ id: z.int(), login: z.string() });

  /** The pages of the organisation's members, by the collector's own session. */
  async function memberPages() {
    const { session, told } = await openPeerSession(emulate.endpoint, 'Acme', OWNER);
    using _ = session;
    const pages: (readonly string[])[] = [];
    for await (const page of session.list('GET /orgs/{org}/members', { org: 'Acme' }, user))
      pages.push(page.map(({ login }) => login));
    expect(told.calls).toHaveLength(pages.length);
    return pages;
  }

  test('members by page: who is let in is on the last one, and who is let go on none', async () => {
    const before = await memberPages();
    expect(before.map((page) => page.length)).toEqual([100, 31]);
    expect(before.flat().toSorted()).toEqual(['ann', ...MEMBERS]);
    await emulate.ask('PUT', '/orgs/Acme/memberships/bob', { role: 'member' });
    const after = await memberPages();
    expect(after.map((page) => page.length)).toEqual([100, 32]);
    expect(after.flat()).toContain('bob');
    await emulate.ask('DELETE', '/orgs/Acme/members/bob');
    expect(await memberPages()).toEqual(before);
  });

  test('members do not come of members alone: who works from outside is not served', async () => {
    const collecting = collectGithub(front.endpoint, 'members');
    await expect(collecting).rejects.toMatchObject({
      code: 'denied',
      message: 'GET /orgs/{org}/outside_collaborators: Not Found (HTTP 404)',
    });
  });

  const grant = z.object({ grantee_name: z.string(), repository_name: z.string(), permission: z.string() });
  const grants = async () =>
    (await collectGithub(front.endpoint, 'repository-access')).records
      .map((record) => grant.parse(record))
      .map((told) => [told.grantee_name, told.repository_name, told.permission]);

  test('who may do what follows the organisation, its repositories, their collaborators and teams', async () => {
    expect(await grants()).toEqual([['every member', 'Acme/*', 'read']]);
    await emulate.ask('PATCH', '/orgs/Acme', { default_repository_permission: 'write' });
    await emulate.ask('PUT', '/repos/Acme/web/collaborators/eve', { permission: 'maintain' });
    await emulate.ask('POST', '/orgs/Acme/teams', { name: 'Core', permission: 'push' });
    await emulate.ask('PUT', '/orgs/Acme/teams/core/repos/Acme/web');
    expect(await grants()).toEqual([
      ['every member', 'Acme/*', 'write'],
      ['eve', 'Acme/web', 'maintain'],
      ['core', 'Acme/web', 'write'],
    ]);
    await emulate.ask('PATCH', '/orgs/Acme', { default_repository_permission: 'none' });
    await emulate.ask('DELETE', '/repos/Acme/web/collaborators/eve');
    await emulate.ask('DELETE', '/orgs/Acme/teams/core');
    expect(await grants()).toEqual([]);
  });

  test('a base permission that nobody knows is refused', async () => {
    await emulate.ask('PATCH', '/orgs/Acme', { default_repository_permission: 'everything' });
    await expect(grants()).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('default_repository_permission'),
    });
    await emulate.ask('PATCH', '/orgs/Acme', { default_repository_permission: 'read' });
  });

  const repositories = async () => (await collectGithub(front.endpoint, 'repositories')).records;
  const PROTECTION = '/repos/Acme/web/branches/main/protection';
  const STRICT = {
    enforce_admins: true,
    required_pull_request_reviews: { required_approving_review_count: 2, dismiss_stale_reviews: true },
    required_status_checks: { strict: true, contexts: ['build'] },
    restrictions: null,
  };

  test("a protection that is put is the branch's, and one that is taken away is not; a new repository is one more", async () => {
    const before = await repositories();
    expect(before).toContainEqual(
      expect.objectContaining({ kind: 'branch', name: 'main', pull_request_required: false }),
    );
    await emulate.ask('PUT', PROTECTION, STRICT);
    const guarded = (await repositories()).find(({ kind }) => kind === 'branch');
    expect(guarded).toMatchObject({
      repository_name: 'Acme/web',
      pull_request_required: true,
      reviews_required: 2,
      dismisses_stale_reviews: true,
      status_checks_required: true,
      up_to_date: true,
      required_checks: ['build'],
      admins_included: true,
      force_push_blocked: true,
    });
    await emulate.ask('DELETE', PROTECTION);
    expect(await repositories()).toEqual(before);
    await emulate.ask('POST', '/orgs/Acme/repos', { name: 'bare', auto_init: false });
    const more = await repositories();
    expect(more).toEqual(expect.arrayContaining([...before]));
    expect(more.filter(({ kind }) => kind === 'repository')).toContainEqual(
      expect.objectContaining({ full_name: 'Acme/bare', visibility: 'public', default_branch: '' }),
    );
    await emulate.ask('DELETE', '/repos/Acme/bare');
    expect(await repositories()).toEqual(before);
  });

  test('the agent: two datasets come, the others fail, and checks pass over what came alone, as it is', async () => {
    await emulate.ask('PUT', PROTECTION, STRICT);
    const good = await runAgent(front.endpoint);
    const ended = Object.fromEntries(good.datasets.map(({ dataset, reason }) => [dataset, reason]));
    expect(ended).toEqual({
      members: 'denied',
      repositories: null,
      'repository-access': null,
      'dependabot-alerts': 'denied',
      'code-scanning-alerts': 'denied',
      'secret-scanning-alerts': 'denied',
      changes: 'denied',
    });
    expect(good.outcomes).toMatchObject({
      'branch-review-required': 'pass',
      'repository-base-permission': 'pass',
      'repository-outsiders-limited': 'unknown',
      'repository-dependency-alerts': 'fail',
      'repository-push-protection': 'unknown',
      'identity-second-factor': 'unknown',
      'change-reviewed': 'unknown',
      'leaked-secrets-revoked': 'unknown',
    });
    expect(good.passingKinds).toEqual(new Set(['branch', 'repository', 'repository_grant']));
    await emulate.ask('DELETE', PROTECTION);
    await emulate.ask('PATCH', '/orgs/Acme', { default_repository_permission: 'admin' });
    const bad = await runAgent(front.endpoint);
    expect(bad.outcomes).toMatchObject({
      'branch-review-required': 'fail',
      'repository-base-permission': 'fail',
    });
  });
});
