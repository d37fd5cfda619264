import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hr } from '../../src/collectors/hr/index.ts';
import { collectAws, contextOf } from '../collectors/aws-harness.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';
import { fillAws } from './fill-aws.ts';
import { hrExport, plannedAccount } from './plan-aws.ts';
import { collected, planted } from './planted-aws.ts';
import { collectedVerdicts, plannedVerdicts } from './verdicts-aws.ts';

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
  test('every record and every verdict is what was planted, within the bound of calls', async () => {
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

    expect(await collectedVerdicts(peer, plan)).toEqual(plannedVerdicts(peer, plan));
  });
});

test('the HR export that goes with the plan lists every owner, and 40 who left', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-hr-'));
  const now = Math.floor(Date.now() / 1000);
  await writeFile(join(directory, 'people.csv'), hrExport(plan, now));
  const { context } = contextOf(() => now);
  const config = hr.config.parse({
    scope: 'acme',
    file: join(directory, 'people.csv'),
    columns: {
      personId: 'person_id',
      workEmail: 'work_email',
      status: 'status',
      start: 'start',
      lastDay: 'last_day',
    },
    statuses: { active: 'active', left: 'left' },
    asOf: { column: 'exported_at' },
  });
  await using collector = hr.connect(config, context);
  const kinds: string[] = [];
  const signal = new AbortController().signal;
  for await (const { kind } of collector.collect('people', { id: 'acme' }, signal)) kinds.push(kind);
  await rm(directory, { recursive: true });
  const owners = plan.users.filter(({ person }) => person !== undefined).length;
  expect(kinds.filter((kind) => kind === 'person')).toHaveLength(owners);
  expect(kinds.filter((kind) => kind === 'departure')).toHaveLength(40);
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
