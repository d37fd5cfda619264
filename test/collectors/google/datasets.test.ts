import { describe, expect, test } from 'vitest';
import { base, CUSTOMER, userOf } from './estate.ts';
import { collectGoogle } from './harness.ts';

const id = (native: string): string => `google:${CUSTOMER}:${native}`;
const seconds = (time: string): number => Date.parse(time) / 1000;

describe('users', () => {
  test('are identities by every address, whatever their state', async () => {
    const { records } = await collectGoogle('users');
    expect(records.filter(({ kind }) => kind === 'identity')).toEqual([
      expect.objectContaining({ id: id('1001'), enabled: true, can_sign_in: true, second_factor: true }),
      expect.objectContaining({
        id: id('1002'),
        name: 'bob@acme.example',
        logins: ['bob@acme.example', 'b@acme.example', 'robert@acme.example'],
        second_factor_enforced: true,
        created_at: seconds('2024-01-02T03:04:05Z'),
        last_active_at: seconds('2026-05-30T08:00:00Z'),
      }),
      expect.objectContaining({
        id: id('1003'),
        enabled: false,
        can_sign_in: false,
        second_factor: false,
        second_factor_enforced: false,
        last_active_at: seconds('2024-01-02T03:04:05Z'),
        logins: ['carol@acme.example', 'carol@acme.example.test-google-a.com'],
      }),
      expect.objectContaining({ id: id('1004'), enabled: false }),
      expect.objectContaining({ id: id('1005'), external: true }),
    ]);
  });

  test('who are super administrators hold that role', async () => {
    const { records } = await collectGoogle('users');
    expect(records.filter(({ kind }) => kind === 'role_grant')).toEqual([
      expect.objectContaining({
        id: id('1002/super-admin'),
        identity: id('1002'),
        policy: 'super-admin',
        administrator: true,
      }),
    ]);
  });

  test('of whom Google does not tell a second factor or a sign-in say so', async () => {
    const user = userOf('1', 'a@acme.example');
    delete user.isEnrolledIn2Sv;
    delete user.isEnforcedIn2Sv;
    delete user.lastLoginTime;
    const { records } = await collectGoogle('users', { estate: { ...base, users: [user] } });
    expect(records).toEqual([
      expect.objectContaining({ second_factor: null, second_factor_enforced: null, last_active_at: null }),
    ]);
  });

  test.each(['suspended', 'isAdmin', 'creationTime', 'primaryEmail', 'id'] as const)(
    'without %s are malformed',
    async (field) => {
      const user = userOf('1', 'a@acme.example');
      delete user[field];
      await expect(collectGoogle('users', { estate: { ...base, users: [user] } })).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining(field),
      });
    },
  );

  test('are asked for by no other field, and nothing else of them is kept', async () => {
    const { records, asked } = await collectGoogle('users');
    expect(JSON.stringify(records)).not.toContain('Family');
    const fields = asked.filter(({ operation }) => operation === 'directory.users.list');
    expect(fields).not.toEqual([]);
    for (const { query } of fields) {
      expect(query['fields']).not.toMatch(/name|phone|address|recovery/i);
      expect(query).toMatchObject({ customer: CUSTOMER, orderBy: 'email', maxResults: '500' });
    }
  });

  test('that come twice make the listing incomplete', async () => {
    const users = [...base.users, base.users[0]!];
    await expect(collectGoogle('users', { estate: { ...base, users } })).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('1001 came twice'),
    });
  });

  test('come after a page that is empty, but not the last', async () => {
    const faults = { 'directory.users.list': { kind: 'empty-page', times: 1 } } as const;
    const { records } = await collectGoogle('users', { faults });
    expect(records.filter(({ kind }) => kind === 'identity')).toHaveLength(base.users.length);
  });
});

describe('administrator roles', () => {
  test('are held directly, and by the members of a group and of groups within it', async () => {
    const { records } = await collectGoogle('admin-roles');
    expect(records).toEqual([
      expect.objectContaining({
        id: id('9001'),
        identity: id('1002'),
        policy: '_SEED_ADMIN_ROLE',
        policy_ref: '101',
        administrator: true,
        grantee_type: 'user',
        via: 'direct',
      }),
      expect.objectContaining({
        id: id('9002/1003'),
        identity: id('1003'),
        policy: '_HELP_DESK_ADMIN_ROLE',
        administrator: false,
        grantee_type: 'group',
        via: 'group:5001',
      }),
      expect.objectContaining({ id: id('9002/1005'), identity: id('1005') }),
      expect.objectContaining({ id: id('9003'), identity: id('1001'), policy: 'Auditors' }),
    ]);
  });

  test('that are assigned but not listed make the dataset incomplete', async () => {
    const roles = base.roles.slice(0, 2);
    await expect(collectGoogle('admin-roles', { estate: { ...base, roles } })).rejects.toMatchObject({
      code: 'incomplete',
      message: 'directory.roleAssignments.list: role 103 is not among the roles',
    });
  });

  test('of which none is the super administrator can not be all', async () => {
    const roles = base.roles.map((role) => ({ ...role, isSuperAdminRole: false }));
    await expect(collectGoogle('admin-roles', { estate: { ...base, roles } })).rejects.toMatchObject({
      code: 'incomplete',
    });
  });

  test('given to what is neither a user nor a group are malformed', async () => {
    const assignments = [{ ...base.assignments[0], assigneeType: 'robot' }];
    await expect(collectGoogle('admin-roles', { estate: { ...base, assignments } })).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('9001: assigneeType'),
    });
  });
});

describe('third-party grants', () => {
  test('are told by user and client, with all that a client may do', async () => {
    const { records } = await collectGoogle('oauth-grants');
    expect(records).toEqual([
      expect.objectContaining({
        id: id('1002/111.apps.googleusercontent.com'),
        identity: id('1002'),
        client: '111.apps.googleusercontent.com',
        name: 'Notes',
        native: true,
        anonymous: false,
        scopes: ['openid'],
      }),
      expect.objectContaining({
        client: '222.apps.googleusercontent.com',
        scopes: ['email', 'https://mail.google.com/', 'openid'],
      }),
      expect.objectContaining({ id: id('1005/anonymous'), anonymous: true }),
    ]);
  });

  test('cost a call for each user, however many are made at once', async () => {
    const { asked } = await collectGoogle('oauth-grants', {
      settings: { oauthGrants: { concurrency: 3 } },
    });
    const calls = asked.filter(({ operation }) => operation === 'directory.tokens.list');
    expect(calls).toHaveLength(base.users.length);
  });
});

describe('devices', () => {
  test('that synchronise are told with what Google says of each, and without their numbers', async () => {
    const { records } = await collectGoogle('mobile-devices');
    expect(records).toEqual([
      {
        id: id('mobile/m1'),
        kind: 'device',
        source: 'google',
        scope: CUSTOMER,
        type: 'mobile',
        platform: 'android',
        os: 'Android 16',
        model: 'Pixel 9',
        state: 'managed',
        encrypted: true,
        screen_lock: true,
        compromised: false,
        verified_boot: null,
        last_sync_at: seconds('2026-05-31T08:00:00Z'),
        owners: ['bob@acme.example'],
      },
      expect.objectContaining({
        platform: 'ios',
        state: 'pending',
        encrypted: false,
        screen_lock: false,
        compromised: true,
      }),
      expect.objectContaining({
        platform: 'other',
        state: 'unknown',
        encrypted: null,
        screen_lock: null,
        compromised: null,
        last_sync_at: null,
      }),
    ]);
  });

  test('with ChromeOS belong to whom an administrator noted, else to who used them last', async () => {
    const { records } = await collectGoogle('chromeos-devices');
    expect(records).toEqual([
      {
        id: id('chromeos/c1'),
        kind: 'device',
        source: 'google',
        scope: CUSTOMER,
        type: 'computer',
        platform: 'chromeos',
        os: '140.0',
        model: 'Chromebook',
        state: 'managed',
        encrypted: null,
        screen_lock: null,
        compromised: null,
        verified_boot: true,
        last_sync_at: seconds('2026-05-31T08:00:00Z'),
        owners: ['bob@acme.example'],
      },
      expect.objectContaining({ state: 'retired', verified_boot: false, owners: ['dora@acme.example'] }),
      expect.objectContaining({ state: 'managed', verified_boot: null, owners: [] }),
    ]);
  });
});

test('the same estate gives the same records', async () => {
  for (const dataset of ['users', 'admin-roles', 'oauth-grants', 'mobile-devices', 'chromeos-devices']) {
    const [one, other] = [await collectGoogle(dataset), await collectGoogle(dataset)];
    expect(JSON.stringify(one.records)).toBe(JSON.stringify(other.records));
  }
});
