import { z } from 'zod';
import { makeWorld } from '../engine/world.ts';
import type { Emulator } from './emulators.ts';
import { type AccountPlan, inlineAdministrator, type PlannedKey, type PlannedUser } from './fill-aws.ts';
import { hrExport } from './plan-aws.ts';

/** By check: its outcome, and of each failing record the user that it is about, sorted. */
export type Verdicts = Readonly<
  Record<string, { readonly outcome: string; readonly failing: readonly string[] }>
>;

const CHECKS_OF_USE = ['access-key-unused', 'password-unused', 'identity-dormant'];

/** What the checks must find in the planted account, worked out from the plan alone. Checks that rest on use are left out where the emulator tells none. */
export function plannedVerdicts(peer: Pick<Emulator, 'name'>, plan: AccountPlan): Verdicts {
  const { users } = plan;
  const by = (count: (user: PlannedUser) => number) => {
    const failing = users.flatMap((user) => Array.from({ length: count(user) }, () => user.name)).sort();
    return { outcome: failing.length > 0 ? 'fail' : 'pass', failing };
  };
  const yes = (test: (user: PlannedUser) => boolean) => by((user) => (test(user) ? 1 : 0));
  const active = (user: PlannedUser, test: (key: PlannedKey) => boolean) =>
    user.keys.filter((key) => key.active && test(key)).length;
  const admins = (user: PlannedUser) => administratorGrants(plan, user);
  const left = (user: PlannedUser, days: number) => (user.person?.lastDay ?? 0) > days;
  const few = users.filter((user) => admins(user) > 0).length > 5;
  const all: Verdicts = {
    'identity-second-factor': {
      outcome: 'fail',
      // ministack's report says that the root user has none.
      failing: [
        ...(peer.name === 'ministack' ? ['root'] : []),
        ...yes((user) => user.password !== undefined && user.mfa === undefined).failing,
      ],
    },
    'identity-dormant': yes((user) => lastActive(user) > 90),
    'identity-owner': yes((user) => user.person === undefined),
    'access-key-rotation': by((user) => active(user, (key) => key.created > 90)),
    'access-key-unused': by((user) =>
      active(user, (key) => Math.min(key.created, key.used ?? key.created) > 45),
    ),
    'password-unused': yes(
      (user) =>
        user.password !== undefined && Math.min(user.created, user.password.signedIn ?? user.created) > 90,
    ),
    'grants-by-role': by((user) => user.attached.length + user.inline.length),
    'administrators-few': by((user) => (few ? admins(user) : 0)),
    'administrators-named': by((user) =>
      user.person === undefined || user.person.lastDay !== undefined ? admins(user) : 0,
    ),
    'leaver-passwords': yes((user) => left(user, 2) && user.password !== undefined),
    'leaver-access-keys': yes((user) => left(user, 2) && active(user, () => true) > 0),
    'leaver-grants': yes(
      (user) => left(user, 4) && user.attached.length + user.inline.length + user.groups.length > 0,
    ),
    'root-access-keys': { outcome: 'pass', failing: [] },
    'password-policy': { outcome: 'pass', failing: [] },
  };
  return Object.fromEntries(
    Object.entries(all).filter(([check]) => peer.name === 'moto' || !CHECKS_OF_USE.includes(check)),
  );
}

/** Days since the latest of creation, sign-in and use of any key. */
function lastActive({ created, password, keys }: PlannedUser): number {
  return Math.min(created, password?.signedIn ?? created, ...keys.map(({ used }) => used ?? created));
}

function administratorGrants(plan: AccountPlan, user: PlannedUser): number {
  const administrator = (name: string) =>
    plan.policies.some((policy) => policy.name === name && policy.administrator);
  const groups = plan.groups.filter(({ name }) => user.groups.includes(name));
  return (
    [user, ...groups].flatMap(({ attached }) => attached).filter(administrator).length +
    user.inline.filter(inlineAdministrator).length
  );
}

const identityLine = z.looseObject({ id: z.string(), kind: z.string(), name: z.string().optional() });

/** Collects the account and its register with the whole agent, and tells what its checks find. */
export async function collectedVerdicts(peer: Emulator, plan: AccountPlan): Promise<Verdicts> {
  const now = Math.floor(Date.now() / 1000);
  await using world = await makeWorld({
    manifests: { 'collectors.yaml': manifests(peer), 'people.csv': hrExport(plan, now) },
    builtin: true,
    env: { KEY: 'test' },
  });
  world.now = now;
  await using opened = await world.open();
  const { agent, stores } = opened;
  await agent.open();
  await agent.collectOnce();
  const names = new Map<string, string>(
    plan.users.map(({ name, person }) => [`hr:acme:${person?.id ?? ''}`, name]),
  );
  for await (const line of stores.log.body(
    stores.snapshot('aws', 'iam-identities', peer.account)?.body ?? '',
  )) {
    const { id, kind, name } = identityLine.parse(line);
    if (kind === 'identity' && name !== undefined) names.set(id, name);
  }
  const wanted = Object.keys(plannedVerdicts(peer, plan));
  const found = await Promise.all(wanted.map((check) => agent.view.check(check)));
  return Object.fromEntries(
    found.map((check) => {
      const failing = (check?.records ?? [])
        .filter(({ outcome }) => outcome === 'fail')
        .map(({ id }) => names.get(owner(id)) ?? id);
      return [check?.name ?? '', { outcome: check?.outcome ?? '', failing: failing.sort() }];
    }),
  );
}

/** The identity or person that a record's id begins with. */
const owner = (id: string): string => id.replace(/[/#].*$/, '');

const manifests = (peer: Emulator): string => `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: aws }
spec:
  plugin: aws
  only: [iam-identities, iam-account]
  settings:
    endpoint: ${peer.endpoint}
    credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } }
    accounts: [{ id: '${peer.account}' }]
---
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: hr }
spec:
  plugin: hr
  settings:
    scope: acme
    file: people.csv
    asOf: { column: exported_at }
    columns: { personId: person_id, workEmail: work_email, status: status, start: start, lastDay: last_day }
    statuses: { active: active, left: left }
`;
