import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { githubConfig } from '../../../src/collectors/github/config.ts';
import { appManifest, datasets } from '../../../src/collectors/github/datasets.ts';
import { EMPTY } from './estate.ts';
import type { Faults } from './faults.ts';
import { APP, connectGithub, TOKEN } from './harness.ts';
import { smallEstate } from './planted.ts';
import { startStub } from './stub.ts';

const estate = smallEstate(Math.floor(Date.now() / 1000));

/** What isn't held, by dataset and permission. */
async function examined(faults: Faults = {}, planted = estate, granted = { administration: 'read' }) {
  await using stub = await startStub(planted, { faults, granted });
  const { collector } = connectGithub(stub.endpoint, { settings: { auth: APP } });
  await using _ = collector;
  const { caller, permissions } = await collector.preflight(AbortSignal.timeout(20_000));
  const of = (held: boolean | 'unknown') =>
    permissions.filter((line) => line.held === held).map((line) => `${line.dataset}: ${line.permission}`);
  return { caller, permissions, missing: of(false), unknown: of('unknown') };
}

describe('preflight', () => {
  test('everything is held; of two that are asked for with others, nothing shows it', async () => {
    const { caller, missing, unknown, permissions } = await examined();
    expect(caller).toBe('app 1, installation 2');
    expect(missing).toEqual([]);
    expect(unknown).toEqual([
      'changes: Organization permissions: Members (read)',
      'changes: Repository permissions: Checks (read)',
      'changes: Repository permissions: Commit statuses (read)',
    ]);
    expect(permissions.map(({ permission }) => permission)).toEqual(
      datasets.flatMap((dataset) => dataset.permissions),
    );
  });

  test('what is refused is told with what to add', async () => {
    const { missing, permissions } = await examined({
      'GET /orgs/{org}/secret-scanning/alerts': { kind: 'denied' },
    });
    const line = 'Repository permissions: Secret scanning alerts (read)';
    expect(missing).toEqual([`secret-scanning-alerts: ${line}`]);
    expect(permissions.find(({ held }) => held === false)?.detail).toContain(`add "${line}"`);
  });

  test("repositories that aren't administered hide their protection", async () => {
    const hidden = estate.repositories.map((repository) => ({ ...repository, administered: false }));
    const { missing } = await examined({}, { ...estate, repositories: hidden }, { administration: '' });
    expect(missing).toEqual([]);
    await using stub = await startStub({ ...estate, repositories: hidden });
    const { collector } = connectGithub(stub.endpoint);
    await using _ = collector;
    const { permissions } = await collector.preflight(AbortSignal.timeout(20_000), ['repositories']);
    expect(permissions.filter(({ held }) => held === false).map(({ permission }) => permission)).toEqual([
      'Repository permissions: Administration (read)',
    ]);
  });

  test("without repositories nothing shows what they would tell; what doesn't answer is unknown", async () => {
    const { unknown } = await examined(
      { 'GET /orgs/{org}': { kind: 'error' } },
      { ...EMPTY, members: estate.members },
    );
    expect(unknown).toEqual(
      expect.arrayContaining([
        'repositories: Repository permissions: Administration (read)',
        'repository-access: Organization permissions: Administration (read)',
      ]),
    );
  });

  test.each([
    ['denied', false],
    ['error', 'unknown'],
  ] as const)('the organisation: %s: so is all of it', async (kind, held) => {
    const { permissions } = await examined({ 'graphql:organization': { kind } });
    expect(new Set(permissions.map((line) => line.held))).toEqual(new Set([held]));
  });
});

describe('deploy/permissions/github-app.json', () => {
  test('is what the datasets declare (made anew by vitest -u)', async () => {
    const file = join(import.meta.dirname, '../../../deploy/permissions/github-app.json');
    await expect(`${JSON.stringify(appManifest(), null, 2)}\n`).toMatchFileSnapshot(file);
  });

  const WORDS: Readonly<Record<string, string>> = {
    members: 'Organization permissions: Members (read)',
    organization_administration: 'Organization permissions: Administration (read)',
    metadata: 'Repository permissions: Metadata (read)',
    administration: 'Repository permissions: Administration (read)',
    vulnerability_alerts: 'Repository permissions: Dependabot alerts (read)',
    security_events: 'Repository permissions: Code scanning alerts (read)',
    secret_scanning_alerts: 'Repository permissions: Secret scanning alerts (read)',
    contents: 'Repository permissions: Contents (read)',
    pull_requests: 'Repository permissions: Pull requests (read)',
    checks: 'Repository permissions: Checks (read)',
    statuses: 'Repository permissions: Commit statuses (read)',
  };

  test.each(datasets)('$name: the manifest says what the permissions say', ({ app, permissions }) => {
    expect(
      Object.keys(app)
        .map((name) => WORDS[name] ?? name)
        .sort(),
    ).toEqual([...permissions].sort());
  });
});

describe('settings', () => {
  const parse = (settings: object) =>
    githubConfig.safeParse({ organizations: ['acme'], auth: TOKEN, ...settings }).error?.issues[0];

  test.each([
    [{ organizations: ['acme', 'ACME'] }, 'named twice'],
    [{ organizations: ['acme', 'other'], auth: APP }, 'expected one organisation'],
    [{ organizations: ['-'] }, "expected an organisation's login"],
    [{ auth: {} }, 'expected one of { app } and { token }'],
    [{ baseUrl: 'http://github.example/api/v3' }, 'expected an https URL'],
    [{ changeDays: 0 }, 'expected number to be >=1'],
  ])('%j: %s', (settings, said) => {
    expect(parse(settings)?.message).toContain(said);
  });

  test('a key that is none is told without a part of it', async () => {
    await using stub = await startStub(EMPTY);
    const config = { auth: { app: { appId: 1, installationId: 2, privateKey: { env: 'OTHER' } } } } as const;
    const { collector } = connectGithub(stub.endpoint, { settings: config });
    await using _ = collector;
    const reading = collector.collect('members', { id: 'acme' }, new AbortController().signal);
    await expect(reading[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'configuration',
      message: expect.not.stringContaining('secret'),
    });
  });
});
