import { describe, expect, test } from 'vitest';
import { EMPTY, type Estate } from './estate.ts';
import { collectGithub } from './harness.ts';
import { smallEstate } from './planted.ts';
import { startStub } from './stub.ts';

const NOW = Math.floor(Date.now() / 1000);

const collect = async (estate: Estate, dataset: string) => {
  await using stub = await startStub(estate, { pageSize: 2 });
  return (await collectGithub(stub.endpoint, dataset)).records;
};

const estate: Estate = {
  ...EMPTY,
  basePermission: 'read',
  teams: [{ id: 4, slug: 'web', repositories: [[5, 'MAINTAIN']] }],
  repositories: [
    {
      id: 5,
      name: 'web',
      collaborators: [
        { id: 1, login: 'ann', permission: 'ADMIN', source: 'Organization' },
        { id: 2, login: 'bob', permission: 'WRITE', source: 'Repository' },
        { id: 3, login: 'cid', permission: 'MAINTAIN', source: 'Team' },
      ],
    },
  ],
};

describe('access to repositories', () => {
  test('is told of every member, of who was let in by name, and of each team', async () => {
    expect(await collect(estate, 'repository-access')).toMatchObject([
      { id: 'github:acme:grant/everyone', grantee_type: 'everyone', permission: 'read' },
      {
        grantee_type: 'user',
        grantee: 'github:acme:user/2',
        permission: 'write',
        repository: 'github:acme:repository/5',
      },
      { grantee_type: 'team', grantee_name: 'web', permission: 'maintain', repository_name: 'Acme/web' },
    ]);
  });

  test('membership that gives nothing is no grant', async () => {
    const records = await collect({ ...estate, basePermission: 'none' }, 'repository-access');
    expect(records.map((record) => record.id)).not.toContain('github:acme:grant/everyone');
  });

  test("what every member may do isn't told: refused", async () => {
    const { basePermission: _, ...untold } = estate;
    await expect(collect(untold, 'repository-access')).rejects.toMatchObject({ code: 'denied' });
  });
});

describe('alerts', () => {
  test('of dependencies', async () => {
    expect((await collect(smallEstate(NOW), 'dependabot-alerts'))[0]).toMatchObject({
      id: 'github:acme:dependabot/1/1',
      name: 'CVE-2026-1',
      resource: 'Acme/r1',
      resource_type: 'dependency',
      severity: 'high',
      status: 'open',
      fix_available: true,
    });
  });

  test('of scanners of the code: put aside ones too, rated by themselves where nothing rates security', async () => {
    const of = (number: number, rule: object, state = 'open') => ({
      number,
      state,
      created_at: '2026-01-01T00:00:00Z',
      rule: { id: 'r', ...rule },
      repository: { id: 1, full_name: 'Acme/r1' },
    });
    const codeScanning = [
      of(1, { security_severity_level: 'critical', severity: 'note' }),
      of(2, { severity: 'error' }),
      of(3, {}),
      of(4, {}, 'dismissed'),
    ];
    expect(await collect({ ...EMPTY, codeScanning }, 'code-scanning-alerts')).toMatchObject([
      { severity: 'critical', status: 'open' },
      { severity: 'high' },
      { severity: 'untriaged' },
      { status: 'suppressed', resource_type: 'source_code' },
    ]);
  });

  test('of secrets: the secrets themselves are not asked for', async () => {
    const resolved = {
      number: 9,
      state: 'resolved',
      resolution: 'some_new_word',
      secret_type: 'key',
      secret: 'never to be told',
      created_at: '2026-01-01T00:00:00Z',
      resolved_at: '2026-01-02T00:00:00Z',
      repository: { id: 1, full_name: 'Acme/r1' },
    };
    const records = await collect({ ...EMPTY, secrets: [resolved] }, 'secret-scanning-alerts');
    expect(records).toMatchObject([
      { state: 'resolved', resolution: 'other', validity: 'unknown', push_protection_bypassed: null },
    ]);
    expect(JSON.stringify(records)).not.toContain('never');
  });
});
