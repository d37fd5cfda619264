import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { datasets } from '../../src/collectors/github/datasets.ts';
import { EMPTY, type Estate } from '../collectors/github/estate.ts';
import { collectGithub } from '../collectors/github/harness.ts';
import { openPeerSession } from './github-front.ts';
import { type Exchange, headerOf, pathOf, recorded, recordedAt, startReplay } from './github-recordings.ts';

/**
 * What GitHub itself once answered (@octokit/fixtures, MIT; recorded from 2022 to 2024), as the collector's session meets it again. Not in the
 * recordings: GraphQL, listings of an organisation, alerts, an app's token, rate limits, and answers of 401, 403 and 5xx. Where a dataset needs
 * GraphQL, it is answered over GitHub's schema from what is recorded; where it needs a listing, that is made of recorded entries.
 */

const ORG = 'octokit-fixture-org';
const settings = { organizations: [ORG] };
const ROUTE_OF = `GET /orgs/${ORG}`;

const organization = recordedAt('get-organization', 'GET', `/orgs/${ORG}`, 200);
const said = z
  .object({ id: z.int(), two_factor_requirement_enabled: z.boolean() })
  .parse(organization.response);
const estate: Estate = {
  ...EMPTY,
  login: ORG,
  id: said.id,
  secondFactorRequired: said.two_factor_requirement_enabled,
};

const requestId = (exchange: Exchange) => headerOf(exchange, 'x-github-request-id');
const recordedAtSeconds = (exchange: Exchange) => Date.parse(headerOf(exchange, 'date') ?? '') / 1000;

/** A listing of one page, made of recorded entries: of its answer the status and the headers are those of `like`. */
const listing = (like: Exchange, response: readonly unknown[]): Exchange => ({
  ...like,
  status: 200,
  response: [...response],
});

const account = z.object({ id: z.int(), login: z.string() });
const repository = z.object({ id: z.int(), name: z.string() });

/** Those that made a repository first. */
const SCENARIOS = [
  'add-and-remove-repository-collaborator',
  'add-labels-to-issue',
  'branch-protection',
  'create-file',
  'create-status',
  'errors',
  'get-archive',
  'git-refs',
  'labels',
  'lock-issue',
  'paginate-issues',
  'project-cards',
  'release-assets',
  'release-assets-conflict',
  'rename-repository',
  'search-issues',
] as const;

describe('the organisation as GitHub told it', () => {
  test('its base permission is a grant of everyone, as of the Date that GitHub wrote, with its request id', async () => {
    await using replay = await startReplay({ estate, answers: { [ROUTE_OF]: [organization] } });
    const { records, told } = await collectGithub(replay.endpoint, 'repository-access', {
      settings,
      scope: ORG,
    });
    expect(records).toEqual([
      expect.objectContaining({
        kind: 'repository_grant',
        repository: `github:${ORG}:organization/31898100`,
        grantee_type: 'everyone',
        permission: 'read',
      }),
    ]);
    expect(told.asOf).toBe(recordedAtSeconds(organization));
    expect(told.calls).toContainEqual({
      operation: 'GET /orgs/{org}',
      throttled: false,
      requestId: requestId(organization),
    });
  });

  test('a base permission that is not told is a denial, never no grant', async () => {
    const { default_repository_permission: _, ...less } = z
      .record(z.string(), z.unknown())
      .parse(organization.response);
    await using replay = await startReplay({
      estate,
      answers: { [ROUTE_OF]: [{ ...organization, response: less }] },
    });
    const collecting = collectGithub(replay.endpoint, 'repository-access', { settings, scope: ORG });
    await expect(collecting).rejects.toMatchObject({ code: 'denied' });
  });

  test('it requires no second factor, and of outsiders it is not told who has one when GitHub refuses the filter', async () => {
    const [both] = recorded('add-and-remove-repository-collaborator').filter(
      ({ method, path }) => method.toUpperCase() === 'GET' && path.endsWith('/collaborators'),
    );
    if (both === undefined) throw new Error('no collaborators are recorded');
    const [owner, outsider] = z.array(account).parse(both.response);
    if (owner === undefined || outsider === undefined) throw new Error('two collaborators are recorded');
    const refused = recordedAt('errors', 'POST', '/labels', 422);
    await using replay = await startReplay({
      estate: { ...estate, members: [{ ...owner, owner: true }] },
      answers: {
        [`${ROUTE_OF}/outside_collaborators?filter=all`]: [both],
        [`${ROUTE_OF}/outside_collaborators?filter=2fa_disabled`]: [refused],
      },
    });
    const { records, told } = await collectGithub(replay.endpoint, 'members', { settings, scope: ORG });
    const identities = records.filter(({ kind }) => kind === 'identity');
    expect(identities).toEqual([
      expect.objectContaining({ name: owner.login, external: false, second_factor_enforced: false }),
      expect.objectContaining({
        id: `github:${ORG}:user/31899067`,
        name: outsider.login,
        external: true,
        second_factor: null,
        second_factor_enforced: false,
      }),
    ]);
    expect(told.calls.map((call) => call.requestId)).toEqual(
      expect.arrayContaining([requestId(both), requestId(refused)]),
    );
  });

  test('repositories as GitHub writes them whole are understood; what it did not tell of them is not known', async () => {
    const made = SCENARIOS.flatMap((scenario) => recorded(scenario)).filter(
      ({ path, status }) => path === `/orgs/${ORG}/repos` && status === 201,
    );
    const like = made[0];
    if (like === undefined) throw new Error('no repository is recorded');
    const all = made.map(({ response }) => response);
    const repositories = z.array(repository).parse(all);
    await using replay = await startReplay({
      estate: { ...estate, repositories: repositories.map((one) => ({ ...one, branch: {} })) },
      answers: { [`${ROUTE_OF}/repos?type=all&sort=created&direction=asc`]: [listing(like, all)] },
    });
    const { records } = await collectGithub(replay.endpoint, 'repositories', { settings, scope: ORG });
    const found = records.filter(({ kind }) => kind === 'repository');
    expect(found.map(({ id }) => id).sort()).toEqual(
      repositories.map(({ id }) => `github:${ORG}:repository/${id}`).sort(),
    );
    expect(found).toHaveLength(16);
    for (const one of found)
      expect(one).toMatchObject({ secret_scanning: null, push_protection: null, code_security: null });
  });
});

const issue = z.object({ id: z.int(), number: z.int() });

describe('pages as GitHub linked them', () => {
  const pages = recorded('paginate-issues').filter(({ method }) => method.toUpperCase() === 'GET');
  const first = pages[0]?.path ?? '';
  const route = `GET ${pathOf(first)}`;
  const answers = Object.fromEntries(pages.map((page) => [`GET ${pathOf(page.path)}`, [page]]));

  async function follow(endpoint: string) {
    const { session, told } = await openPeerSession(endpoint, ORG);
    using _ = session;
    const found: (readonly z.infer<typeof issue>[])[] = [];
    const failed = await (async () => {
      for await (const page of session.list(route, {}, issue)) found.push(page);
    })().catch((error: unknown) => error);
    return { found, told, failed, asOf: session.answeredAt() };
  }

  test('the next of each is followed to the last, though it is at another path, and each entry comes once', async () => {
    await using replay = await startReplay({ answers });
    const { found, told, failed, asOf } = await follow(replay.endpoint);
    expect(failed).toBeUndefined();
    expect(found.map((page) => page.length)).toEqual([3, 3, 3, 3, 1]);
    expect(found.flat().map(({ number }) => number)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(told.calls).toEqual(
      pages.map((page) => ({ operation: route, throttled: false, requestId: requestId(page) })),
    );
    expect(new Set(told.calls.map((call) => call.requestId)).size).toBe(5);
    expect(asOf).toBe(Math.min(...pages.map(recordedAtSeconds)));
  });

  test('a page in the middle that does not come is a failure, not an end', async () => {
    const [, , third] = Object.keys(answers);
    await using replay = await startReplay({
      answers: Object.fromEntries(Object.entries(answers).filter(([line]) => line !== third)),
    });
    const { found, failed } = await follow(replay.endpoint);
    expect(found).toHaveLength(2);
    expect(failed).toMatchObject({ code: 'denied' });
  });

  test('a last page that links back to one that was read is a listing that goes round', async () => {
    const [second, , , last] = Object.keys(answers).slice(1);
    await using replay = await startReplay({
      answers: { ...answers, [last ?? '']: answers[second ?? ''] ?? [] },
    });
    const { failed } = await follow(replay.endpoint);
    expect(failed).toMatchObject({ code: 'incomplete' });
  });

  test('a next page on api.github.com is not asked for by who asks another server', async () => {
    await using replay = await startReplay({ answers, unmoved: true });
    const { found, told, failed } = await follow(replay.endpoint);
    expect(found).toHaveLength(1);
    expect(failed).toMatchObject({ code: 'malformed', message: expect.stringContaining('another server') });
    expect(told.calls).toHaveLength(1);
  });
});

describe('answers that are none', () => {
  const anything = z.object({});
  /** 204, deprecated, with links to what it is replaced by. */
  const withLink = () => recordedAt('branch-protection', 'PUT', '-wbo1k', 204);

  /** Asks as it was asked, and gives what the session makes of the answer. */
  async function ask(exchange: Exchange) {
    const route = `${exchange.method.toUpperCase()} ${pathOf(exchange.path)}`;
    await using replay = await startReplay({ answers: { [route]: [exchange] } });
    const { session, told } = await openPeerSession(replay.endpoint, ORG);
    using _ = session;
    const failed: unknown = await session.get(route, {}, anything).catch((error: unknown) => error);
    return { failed, calls: told.calls, route };
  }

  test.each([
    ['branch-protection', 'GET', '/protection', 404, 'denied', 'Branch not protected'],
    ['errors', 'POST', '/labels', 422, 'configuration', 'Validation Failed'],
    [
      'release-assets-conflict',
      'POST',
      'name=test-upload.txt&label=test',
      422,
      'configuration',
      'Validation Failed',
    ],
  ])('%s: %s …%s %i is %s, asked once, with the request id and what GitHub said', async (...row) => {
    const [scenario, method, end, status, code, message] = row;
    const exchange = recordedAt(scenario, method, end, status);
    const { failed, calls, route } = await ask(exchange);
    expect(failed).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(failed).toMatchObject({ message: expect.stringContaining(`HTTP ${status}`) });
    expect(calls).toEqual([{ operation: route, throttled: false, requestId: requestId(exchange) }]);
  });

  test.each([
    ['rename-repository', 'GET', '-ukeod', 301],
    ['rename-repository', 'PATCH', '-ukeod', 307],
    ['get-archive', 'GET', '/tarball/main', 302],
  ])('%s: %s …%s %i is not followed to wherever it leads', async (...row) => {
    const { failed } = await ask(recordedAt(...row));
    expect(failed).toMatchObject({ code: 'unavailable', message: expect.stringContaining('redirect') });
  });

  test.each([
    ['get-content', 'GET', '/README.md', 200],
    ['labels', 'GET', '/labels', 200],
    ['branch-protection', 'DELETE', '/protection', 204],
  ])('%s: %s …%s %i is not the JSON object that was asked for', async (...row) => {
    const { failed } = await ask(recordedAt(...row));
    expect(failed).toMatchObject({ code: 'malformed' });
  });

  test('an answer without a body is no empty page', async () => {
    const exchange = withLink();
    const route = `PUT ${exchange.path}`;
    await using replay = await startReplay({ answers: { [route]: [exchange] } });
    const { session } = await openPeerSession(replay.endpoint, ORG);
    using _ = session;
    await expect(session.list(route, {}, anything).next()).rejects.toMatchObject({ code: 'malformed' });
  });

  test('links that are of no page are left alone, and a deprecation is not written about past the log', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { rawHeaders } = withLink();
    const page = recordedAt('labels', 'GET', '/labels', 200);
    const route = `GET ${page.path}`;
    await using replay = await startReplay({
      answers: { [route]: [{ ...page, rawHeaders: [...page.rawHeaders, ...rawHeaders] }] },
    });
    const { session } = await openPeerSession(replay.endpoint, ORG);
    using _ = session;
    const found: unknown[] = [];
    for await (const labels of session.list(route, {}, anything)) found.push(...labels);
    expect(found).toHaveLength(z.array(anything).parse(page.response).length);
    expect(warn).not.toHaveBeenCalled();
  });
});

test("the API's own table of contents has the addresses that are asked by", async () => {
  const root = recordedAt('get-root', 'GET', '/', 200);
  await using replay = await startReplay({ answers: { 'GET /': [root] } });
  const { session } = await openPeerSession(replay.endpoint, ORG);
  using _ = session;
  const contents = await session.get('GET /', {}, z.record(z.string(), z.string()));
  const routes = Object.values(contents).map(
    (address) =>
      `GET ${decodeURI(address)
        .replace(replay.endpoint, '')
        .replace(/\{[?&/].*$/, '')}`,
  );
  const asked = new Set(datasets.flatMap(({ operations }) => operations));
  expect(routes.filter((route) => asked.has(route)).sort()).toEqual([
    'GET /orgs/{org}',
    'GET /orgs/{org}/repos',
  ]);
});
