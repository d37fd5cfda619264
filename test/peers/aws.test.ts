import { describe, expect, test } from 'vitest';
import { collectAws } from '../collectors/aws-harness.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';
import { fillAws } from './fill-aws.ts';
import { plannedAccount } from './plan-aws.ts';
import { collected, planted } from './planted-aws.ts';

const plan = plannedAccount({ users: 2000, leavers: 40 });
/** Users, groups, roles and the account's own policies. */
const size =
  plan.users.length +
  plan.groups.length +
  plan.roles.length +
  plan.policies.filter(({ document }) => document !== undefined).length;

describe.each<{ name: string; start: () => Promise<Emulator>; account: object }>([
  {
    name: 'moto',
    start: () => startMoto({ secondFactor: true, keys: 0 }),
    account: { root_second_factor: true, root_access_keys: 0 },
  },
  { name: 'ministack', start: startMinistack, account: {} },
])('$name with 2,000 users', ({ start, account }) => {
  test('every record is what was planted, within the bound of calls', async () => {
    await using peer = await start();
    await fillAws(peer, plan);
    const now = Math.floor(Date.now() / 1000);
    const { records, told } = await collectAws(peer.endpoint, peer.account, 'iam-identities');
    expect(collected(records, now)).toEqual(planted(peer, plan, true));
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    expect(Math.abs((told.asOf ?? 0) - now)).toBeLessThan(60);
    expect(told.endpoint).toEqual({ url: peer.endpoint, vendor: false });
    expect(told.calls.length).toBeLessThanOrEqual(12 + (3 * size) / 100);

    const counts = { users: 2000, groups: 3, roles: 3, policies: 2 };
    const policy = {
      password_min_length: 14,
      password_reuse_prevention: 24,
      password_requires_symbols: true,
    };
    const whole = await collectAws(peer.endpoint, peer.account, 'iam-account');
    expect(whole.records).toMatchObject([{ ...counts, ...policy, ...account }]);
  });
});

test('a role is assumed with its external id, and each account is its own', async () => {
  await using moto = await startMoto();
  const roleArn = 'arn:aws:iam::210987654321:role/annexa';
  const settings = { accounts: [{ id: '210987654321', roleArn, externalId: 'acme' }] };
  const { records, told } = await collectAws(moto.endpoint, '210987654321', 'iam-account', { settings });
  expect(records).toMatchObject([{ id: 'aws:210987654321:account', users: 0 }]);
  expect(told.caller).toContain(':sts::210987654321:assumed-role/annexa/');
  expect(told.calls[0]?.operation).toBe('sts:AssumeRole');
});

test('a root user without a second factor and with a key is told so', async () => {
  await using moto = await startMoto({ secondFactor: false, keys: 1 });
  await fillAws(moto, plannedAccount({ users: 1, leavers: 1 }));
  const { records } = await collectAws(moto.endpoint, moto.account, 'iam-identities');
  const root = collected(records, Date.now() / 1000).find(({ type }) => type === 'root');
  expect(root).toMatchObject({ secondFactor: false, credentials: ['access_key true null null null'] });
});
