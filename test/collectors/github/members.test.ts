import { describe, expect, test } from 'vitest';
import { EMPTY, type Estate } from './estate.ts';
import { APP, collectGithub } from './harness.ts';
import { startStub } from './stub.ts';

const estate: Estate = {
  ...EMPTY,
  members: [
    { id: 1, login: 'ann', owner: true, emails: ['ann@acme.example'], saml: 'ann.other@acme.example' },
    { id: 2, login: 'Bob', secondFactor: false },
    { id: 3, login: 'cid', secondFactor: null },
  ],
  outsiders: [
    { id: 9, login: 'zoe', secondFactor: false },
    { id: 8, login: 'yan', secondFactor: true },
  ],
};

describe('members', () => {
  test('are identities with their second factor, each with the right that membership is', async () => {
    await using stub = await startStub(estate, { pageSize: 2 });
    const { records, told } = await collectGithub(stub.endpoint, 'members', {
      settings: { emailsFrom: ['verified-domains', 'saml'] },
    });
    const of = (kind: string) => records.filter((record) => record.kind === kind);
    expect(of('identity')).toMatchObject([
      {
        id: 'github:acme:user/1',
        logins: ['ann', 'ann.other@acme.example', 'ann@acme.example'],
        second_factor: true,
        external: false,
      },
      { id: 'github:acme:user/2', name: 'Bob', second_factor: false, second_factor_enforced: true },
      { id: 'github:acme:user/3', second_factor: null },
      { id: 'github:acme:user/8', external: true, second_factor: true },
      { id: 'github:acme:user/9', external: true, second_factor: false },
    ]);
    expect(of('role_grant')).toMatchObject([
      { identity: 'github:acme:user/1', policy: 'owner', administrator: true, grantee_type: 'role' },
      { policy: 'member', administrator: false },
      { policy: 'member' },
      { policy: 'outside-collaborator', grantee_type: 'user' },
      { policy: 'outside-collaborator' },
    ]);
    expect(told.caller).toBe('annexa[bot]');
    expect(told.endpoint).toEqual({ url: stub.endpoint, vendor: false });
    expect(told.notes.get('organization')).toBe(77);
    expect(told.asOf).toBeGreaterThan(1_700_000_000);
  });

  test('without an owner, nobody knows of outsiders whether they have a second factor', async () => {
    await using stub = await startStub({ ...estate, noOwner: true });
    const { records } = await collectGithub(stub.endpoint, 'members');
    expect(records.filter((record) => record.kind === 'identity' && record.id.endsWith('/9'))).toMatchObject([
      { second_factor: null },
    ]);
  });

  test('nor where nobody is told of members whether they have one', async () => {
    const untold = estate.members.map((member) => ({ ...member, secondFactor: null }));
    await using stub = await startStub({ ...estate, members: untold });
    const { records } = await collectGithub(stub.endpoint, 'members');
    const factors = records.flatMap((record) => ('second_factor' in record ? [record.second_factor] : []));
    expect(new Set(factors)).toEqual(new Set([null]));
  });

  test('an app that is installed on selected repositories is refused: the others would not be seen', async () => {
    await using stub = await startStub(estate, { selected: true });
    await expect(collectGithub(stub.endpoint, 'members', { settings: { auth: APP } })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('install it on all'),
    });
  });

  test('an app asks for its token once, and is told as the caller', async () => {
    await using stub = await startStub(estate);
    const { told } = await collectGithub(stub.endpoint, 'members', { settings: { auth: APP } });
    expect(told.caller).toBe('app 1, installation 2');
    expect(stub.calls.filter((call) => call.startsWith('POST /app/'))).toHaveLength(1);
  });

  test('an Enterprise Server is asked below /api', async () => {
    await using stub = await startStub(estate, { enterprise: true, pageSize: 2 });
    const { records } = await collectGithub(stub.endpoint, 'members');
    expect(records).toHaveLength(10);
  });

  test.each([
    ['in the future', { clock: () => Date.now() + 900_000 }],
    ['missing', { noDate: true }],
  ])("GitHub's clock is %s: refused", async (_, options) => {
    await using stub = await startStub(estate, options);
    await expect(collectGithub(stub.endpoint, 'members')).rejects.toMatchObject({ code: 'as-of' });
  });

  test('the same organisation makes the same records', async () => {
    await using stub = await startStub(estate, { pageSize: 2 });
    const first = await collectGithub(stub.endpoint, 'members');
    const second = await collectGithub(stub.endpoint, 'members');
    expect(JSON.stringify(second.records)).toBe(JSON.stringify(first.records));
  });
});
