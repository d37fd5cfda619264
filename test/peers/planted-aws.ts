import type { Emulator } from './emulators.ts';
import {
  type AccountPlan,
  arnOf,
  inlineAdministrator,
  type PlannedKey,
  type PlannedUser,
} from './fill-aws.ts';

/** What an inventory of the planted account must say of one user; instants as whole days before `now`. */
export interface Planted {
  readonly name: string;
  readonly type: string;
  readonly canSignIn: boolean | null;
  readonly secondFactor: boolean | null;
  readonly created: number | null;
  readonly lastActive: number | null;
  readonly groups: readonly string[];
  /** `type active rotated used lastActive`, sorted. */
  readonly credentials: readonly string[];
  /** `via attachment policy reference administrator`, sorted. */
  readonly grants: readonly string[];
}

interface Row {
  readonly id: string;
  readonly kind: string;
}

/** Each emulator's own reticence: ministack knows no use of anything, nor when passwords were changed. */
export function planted(
  peer: Pick<Emulator, 'name' | 'account'>,
  plan: AccountPlan,
  rootMfa: boolean,
): readonly Planted[] {
  return [rootOf(peer.name, rootMfa), ...plan.users.map((user) => userOf(peer, plan, user))].sort(byName);
}

const byName = (a: Planted, b: Planted): number => (a.name < b.name ? -1 : 1);

/** moto has no row of the root user, so the summary tells; ministack has one, and says that there is no second factor. */
function rootOf(name: Emulator['name'], secondFactor: boolean): Planted {
  const moto = name === 'moto';
  return {
    name: 'root',
    type: 'root',
    canSignIn: true,
    secondFactor: moto && secondFactor,
    created: moto ? null : 0,
    lastActive: null,
    groups: [],
    credentials: moto && secondFactor ? ['mfa true null null null'] : [],
    grants: [],
  };
}

function userOf(peer: Pick<Emulator, 'name' | 'account'>, plan: AccountPlan, user: PlannedUser): Planted {
  const tells = peer.name === 'moto';
  const uses = [user.created, ...(tells ? user.keys.flatMap(({ used }) => used ?? []) : [])];
  if (tells && typeof user.password?.signedIn === 'number') uses.push(user.password.signedIn);
  return {
    name: user.name,
    type: 'user',
    canSignIn: user.password !== undefined,
    secondFactor: user.mfa !== undefined,
    created: user.created,
    lastActive: user.password !== undefined && !tells ? null : Math.min(...uses),
    groups: [...user.groups].sort(),
    credentials: [
      ...passwordOf(user, tells),
      ...user.keys.map((key) => keyOf(key, tells)),
      ...mfaOf(user),
    ].sort(),
    grants: grantsOf(peer, plan, user),
  };
}

function passwordOf({ password, created }: PlannedUser, tells: boolean): string[] {
  if (password === undefined) return [];
  if (!tells) return ['password true null null null'];
  const { signedIn } = password;
  return [`password true ${created} ${signedIn !== null} ${Math.min(created, signedIn ?? created)}`];
}

function keyOf({ active, created, used }: PlannedKey, tells: boolean): string {
  const told = tells ? used : null;
  return `access_key ${active} ${created} ${told !== null} ${Math.min(created, told ?? created)}`;
}

const mfaOf = ({ mfa }: PlannedUser): string[] =>
  mfa === undefined ? [] : [`virtual_mfa true ${mfa} null null`];

function grantsOf(peer: Pick<Emulator, 'account'>, plan: AccountPlan, user: PlannedUser): string[] {
  const of = (via: string, attached: readonly string[], inline: readonly string[]): string[] => [
    ...attached.map((name) => {
      const administrator = plan.policies.find((policy) => policy.name === name)?.administrator;
      return `${via} attached ${name} ${arnOf(peer, plan, name)} ${administrator}`;
    }),
    ...inline.map((name) => `${via} inline ${name}  ${inlineAdministrator(name)}`),
  ];
  const groups = plan.groups.filter(({ name }) => user.groups.includes(name));
  return [
    ...of('direct', user.attached, user.inline),
    ...groups.flatMap(({ name, attached, inline }) => of(`group:${name}`, attached, inline)),
  ].sort();
}

/** The same, read from collected records. */
export function collected(records: readonly Row[], now: number): readonly Planted[] {
  const rows: readonly Readonly<Record<string, unknown>>[] = records.map((record) => ({ ...record }));
  const age = (value: unknown): number | null =>
    typeof value === 'number' ? Math.round((now - value) / 86_400) : null;
  const byIdentity = Map.groupBy(rows, (row) => `${String(row['kind'])} ${String(row['identity'])}`);
  const of = (kind: string, id: unknown) => byIdentity.get(`${kind} ${String(id)}`) ?? [];
  return rows
    .filter((row) => row['kind'] === 'identity')
    .map((row): Planted => ({
      name: String(row['name']),
      type: String(row['type']),
      canSignIn: flag(row['can_sign_in']),
      secondFactor: flag(row['second_factor']),
      created: age(row['created_at']),
      lastActive: age(row['last_active_at']),
      groups: Array.isArray(row['groups']) ? row['groups'].map(String).sort() : [],
      credentials: of('credential', row['id'])
        .map(
          ({ type, active, rotated_at, used, last_active_at }) =>
            `${String(type)} ${String(active)} ${age(rotated_at)} ${String(used)} ${age(last_active_at)}`,
        )
        .sort(),
      grants: of('role_grant', row['id'])
        .map(
          ({ via, attachment, policy, policy_ref, administrator }) =>
            `${String(via)} ${String(attachment)} ${String(policy)} ${String(policy_ref)} ${String(administrator)}`,
        )
        .sort(),
    }))
    .sort(byName);
}

const flag = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);
