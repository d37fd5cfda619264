import {
  CloseAccountCommand,
  CreateAccountCommand,
  CreateOrganizationCommand,
  DescribeCreateAccountStatusCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { makeWorld } from '../engine/world.ts';
import { connect } from '../collectors/aws/session-harness.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';

/** More than fit on a page of ListAccounts. */
const MEMBERS = 25;
const organizationsOf = (peer: Emulator): OrganizationsClient =>
  new OrganizationsClient({
    region: 'us-east-1',
    endpoint: peer.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

/** Without AWS's own policies: an account of its own for each member would take long. */
const startBareMoto = () => startMoto(undefined, false);

/** Ids of the members, of which the first two were closed. */
async function fill(peer: Emulator): Promise<{ readonly closed: string[]; readonly active: string[] }> {
  const client = organizationsOf(peer);
  try {
    if (peer.name === 'moto') await client.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }));
    const ids: string[] = [];
    for (let index = 0; index < MEMBERS; index++) ids.push(await createAccount(client, index));
    const closed = ids.slice(0, 2);
    for (const AccountId of closed) await client.send(new CloseAccountCommand({ AccountId }));
    return { closed, active: ids.slice(2) };
  } finally {
    client.destroy();
  }
}

async function createAccount(client: OrganizationsClient, index: number): Promise<string> {
  const { CreateAccountStatus } = await client.send(
    new CreateAccountCommand({
      AccountName: `Member ${index}`,
      Email: `member-${index}@acme.example`,
      RoleName: 'annexa',
    }),
  );
  const { CreateAccountStatus: status } = await client.send(
    new DescribeCreateAccountStatusCommand({ CreateAccountRequestId: CreateAccountStatus?.Id }),
  );
  return z.string().parse(status?.AccountId);
}

const organizationAccount = z.looseObject({
  account: z.string(),
  status: z.string(),
  management: z.boolean(),
});

const settingsOf = (peer: Emulator) => ({
  accounts: [{ id: peer.account }],
  organization: { account: peer.account, role: 'annexa', externalId: 'acme' },
  maxAttempts: 4,
  requestTimeout: 20,
});

/** ministack answers with all accounts at once, whatever page is asked for. */
test.each([
  { name: 'moto', start: startBareMoto, pages: 2 },
  { name: 'ministack', start: startMinistack, pages: 1 },
])('$name: every account is told, and each active member collected as its role', async ({ start, pages }) => {
  await using peer = await start();
  const { closed, active } = await fill(peer);
  await using aws = connect(peer.endpoint, settingsOf(peer));
  const { records, told } = await aws.collect('organization-accounts', peer.account);
  expect(told.operations.filter((name) => name === 'organizations:ListAccounts')).toHaveLength(pages);
  const states = new Map(
    records.map((record) => {
      const { account, status, management } = organizationAccount.parse(record);
      return [account, `${status} ${management}`];
    }),
  );
  expect(states).toEqual(
    new Map([
      [peer.account, 'active true'],
      ...active.map((id) => [id, 'active false'] as const),
      ...closed.map((id) => [id, 'suspended false'] as const),
    ]),
  );
  expect(records[1]).toMatchObject({ name: 'Member 0', joined_at: expect.any(Number) });

  const whole = Object.keys(await aws.scopes()).filter((id) => !id.includes(':'));
  expect(new Set(whole)).toEqual(new Set([peer.account, ...active]));
  const [first = '', second = ''] = active;
  for (const id of [first, second, first]) {
    const collected = await aws.collect('iam-account', id);
    expect(collected.told.caller).toContain(`:${id}:assumed-role/annexa/annexa`);
    expect(collected.records).toMatchObject([{ kind: 'account', scope: id }]);
  }
});

test('moto: a member that the Scope does not name is a deviation, and so is a closed one that it still names', async () => {
  await using peer = await startBareMoto();
  const { closed, active } = await fill(peer);
  const [undeclared = '', ...declared] = active;
  await using world = await makeWorld({
    manifests: { 'organisation.yaml': manifests(peer, [peer.account, ...declared, closed[0] ?? '']) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = Math.floor(Date.now() / 1000);
  await using opened = await world.open();
  await opened.agent.open();
  await opened.agent.collectOnce();
  const failing = async (name: string) => {
    const check = await opened.agent.view.check(name);
    const records = (check?.records ?? []).filter(({ outcome }) => outcome === 'fail');
    return { outcome: check?.outcome, records: records.map(({ id }) => id) };
  };
  expect(await failing('organization-account-declared')).toEqual({
    outcome: 'fail',
    records: [`aws:${peer.account}:${undeclared}`],
  });
  expect(await failing('organization-account-closed')).toEqual({
    outcome: 'fail',
    records: [`aws:${peer.account}:${closed[0]}`],
  });
});

const manifests = (peer: Emulator, scopes: readonly string[]): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [organization-accounts]
  settings:
    endpoint: ${peer.endpoint}
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '${peer.account}' }]
    organization: { account: '${peer.account}', role: annexa }
---
apiVersion: annexa.dev/v1alpha1
kind: Scope
metadata: { name: acme }
spec:
  statement: The accounts of the organisation
  entities: [Acme Ltd]
  sites: []
  services: [Shop]
  sources:
    - { collector: aws, scopes: [${scopes.map((id) => `'${id}'`).join(', ')}] }
  exclusions: []
`;
