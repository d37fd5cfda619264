import type { CredentialRecord } from '../../../inventory/kinds/credential.ts';
import type { IdentityRecord } from '../../../inventory/kinds/identity.ts';
import type { RoleGrantRecord } from '../../../inventory/kinds/role-grant.ts';
import type { InventoryRecord } from '../../../inventory/kind.ts';
import { CollectorError } from '../../error.ts';
import type { Work } from '../dataset.ts';
import { credentialReport, type CredentialReport } from './credential-report.ts';
import { accountDetails, administratorOf, type AccountDetails, type Holder, type User } from './details.ts';
import { virtualDevices, type VirtualDevice } from './mfa.ts';
import type { ReportKey, ReportRow, Use } from './report-csv.ts';
import type { Session } from '../session.ts';
import { accountSummary, gaps, type AccountSummary } from './summary.ts';

/** IAM tells of a new user in the report within this many seconds: a report made later that lacks one is not whole. */
const SETTLED = 3600;

/** What is joined, by ARN. */
interface Sources {
  readonly account: string;
  readonly report: CredentialReport;
  readonly devices: ReadonlyMap<string, readonly VirtualDevice[]>;
  readonly details: AccountDetails;
  readonly summary: AccountSummary;
}

/** Users and the root user, with what lets them in and what they hold. */
export async function* collectIdentities({
  session,
  config,
  account,
  context,
  provenance,
}: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const report = await credentialReport(session, account.id, config.reportPoll, context.now);
  provenance.setAsOf(report.generatedAt);
  const devices = await virtualDevices(session);
  const sources = { account: account.id, report, devices, ...(await listed(session)) };
  const { details } = sources;
  const matched = details.users.map((user) => ({ user, row: rowOf(user, report) }));
  provenance.note('users', details.users.length);
  provenance.note('groups', details.groups.size);
  provenance.note('roles', details.roles);
  provenance.note('policies', details.policies.size);
  provenance.note('usersAfterReport', matched.filter(({ row }) => row === undefined).length);
  yield* rootRecords(sources);
  for (const { user, row } of matched) yield* userRecords(user, row, sources);
}

/** The listing and IAM's own count of it. Both are taken once more when they differ: the account may have changed in between. */
async function listed(
  session: Session,
): Promise<{ readonly details: AccountDetails; readonly summary: AccountSummary }> {
  for (let last = false; ; last = true) {
    const details = await accountDetails(session);
    const summary = await accountSummary(session);
    const wrong = gaps(details, summary);
    if (wrong === undefined) return { details, summary };
    if (last)
      throw new CollectorError(
        'incomplete',
        `iam:GetAccountAuthorizationDetails: listed twice, still ${wrong}`,
      );
  }
}

/** The report's row of this very user. One of an earlier user of the same name, or none, is undefined: made since the report. */
function rowOf(user: User, { users, generatedAt }: CredentialReport): ReportRow | undefined {
  const row = users.get(user.arn);
  // The two answers may round a second differently.
  if (row !== undefined && Math.abs(row.createdAt - user.createdAt) <= 1) return row;
  if (user.createdAt < generatedAt - SETTLED)
    throw new CollectorError('incomplete', `credential report: made long after ${user.arn}, but without it`);
  return undefined;
}

const latest = (...instants: readonly (number | null)[]): number | null =>
  instants.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);

/** Null: the source can't say whether it was used later than all else that is known. */
function lastActive(use: Use, ...known: readonly (number | null)[]): number | null {
  if (use.used === null) return null;
  return latest(use.used ? use.at : null, ...known);
}

/** Never used since IAM watches is "never" only for what is younger than that. */
const wasUsed = (use: Use): boolean | null => (use.used === false && !use.tracked ? null : use.used);

function* userRecords(user: User, row: ReportRow | undefined, sources: Sources): Generator<InventoryRecord> {
  const id = `aws:${sources.account}:${user.id}`;
  const devices = sources.devices.get(user.arn) ?? [];
  const identity: IdentityRecord = {
    ...common(id, sources.account, 'identity'),
    raw: { arn: user.arn },
    name: user.name,
    type: 'user',
    enabled: true,
    can_sign_in: row?.password ?? null,
    second_factor: row?.mfa ?? (devices.length > 0 ? true : null),
    created_at: user.createdAt,
    last_active_at: row === undefined ? user.createdAt : identityActive(row),
    logins: [user.name],
    groups: [...new Set(user.groups)],
    tags: [...user.tags],
  };
  yield identity;
  yield* credentials(id, sources.account, row, devices);
  yield* grants(id, user, user, 'user', sources);
  for (const name of identity.groups) {
    const group = sources.details.groups.get(name);
    if (group === undefined)
      throw new CollectorError('incomplete', `${user.arn}: is in the group ${name}, which was not listed`);
    yield* grants(id, group, user, `group:${name}`, sources);
  }
}

/** The latest use of anything; null when that of any one credential is not told. */
function identityActive(row: ReportRow): number | null {
  const uses = [...(row.password === true ? [row.passwordUse] : []), ...row.keys.map((key) => key.use)];
  if (uses.some((use) => use.used === null)) return null;
  return latest(row.createdAt, ...uses.map((use) => (use.used ? use.at : null)));
}

/** By the report's row where it has one, else by the account summary. Its password is there unless one of them says that it was removed. */
function* rootRecords({ account, report, devices, summary }: Sources): Generator<InventoryRecord> {
  const id = `aws:${account}:root`;
  const row = report.root;
  const present = summary.AccountPasswordPresent;
  const identity: IdentityRecord = {
    ...common(id, account, 'identity'),
    name: 'root',
    type: 'root',
    enabled: true,
    can_sign_in: row?.password ?? present !== 0,
    second_factor: row?.mfa ?? summary.AccountMFAEnabled === 1,
    created_at: row?.createdAt ?? null,
    last_active_at: row === undefined || row.password === null ? null : identityActive(row),
    logins: [],
    groups: [],
    tags: [],
  };
  yield identity;
  const arn = row?.arn ?? [...devices.keys()].find((owner) => owner.endsWith(`:iam::${account}:root`));
  const own = arn === undefined ? [] : (devices.get(arn) ?? []);
  yield* credentials(id, account, row ?? rootBySummary(summary), own);
}

/** A count of the root user's keys is all that the summary tells; it doesn't say whether they are active, so they are taken to be. */
function rootBySummary(summary: AccountSummary): Pick<ReportRow, 'password' | 'mfa' | 'keys'> {
  const slots = ([1, 2] as const).slice(0, summary.AccountAccessKeysPresent);
  return {
    password: null,
    mfa: summary.AccountMFAEnabled === 1,
    keys: slots.map((slot) => ({ slot, active: true, rotatedAt: null, use: { used: null }, service: '' })),
  };
}

function* credentials(
  identity: string,
  account: string,
  row: (Pick<ReportRow, 'password' | 'mfa' | 'keys'> & Partial<ReportRow>) | undefined,
  devices: readonly VirtualDevice[],
): Generator<CredentialRecord> {
  if (row?.password === true) {
    const rotated = row.passwordChangedAt ?? null;
    const use = row.passwordUse ?? { used: null };
    yield {
      ...common(`${identity}/password`, account, 'credential'),
      identity,
      type: 'password',
      active: true,
      created_at: null,
      rotated_at: rotated,
      used: wasUsed(use),
      last_active_at: lastActive(use, rotated),
    };
  }
  for (const key of row?.keys ?? []) yield keyRecord(identity, account, key);
  for (const device of devices) yield mfaRecord(identity, account, 'virtual_mfa', device);
  if (row?.mfa === true && devices.length === 0) yield mfaRecord(identity, account, 'mfa', undefined);
}

/** The report tells a key's slot, not its id. */
function keyRecord(identity: string, account: string, key: ReportKey): CredentialRecord {
  return {
    ...common(`${identity}/access-key-${key.slot}`, account, 'credential'),
    raw: { slot: key.slot, last_used_service: key.service },
    identity,
    type: 'access_key',
    active: key.active,
    created_at: key.rotatedAt,
    rotated_at: key.rotatedAt,
    used: wasUsed(key.use),
    last_active_at: lastActive(key.use, key.rotatedAt),
  };
}

function mfaRecord(
  identity: string,
  account: string,
  type: 'virtual_mfa' | 'mfa',
  device: VirtualDevice | undefined,
): CredentialRecord {
  const name = device === undefined ? 'mfa' : `mfa/${device.serial.replace(/^.*:mfa\//, '')}`;
  return {
    ...common(`${identity}/${name}`, account, 'credential'),
    identity,
    type,
    active: true,
    created_at: device?.enabledAt ?? null,
    rotated_at: device?.enabledAt ?? null,
    used: null,
    last_active_at: null,
  };
}

/** `via`: `user` for what hangs on the user itself, else the group. */
function* grants(
  identity: string,
  holder: Holder,
  user: User,
  via: string,
  { account, details }: Sources,
): Generator<RoleGrantRecord> {
  const grant = (
    attachment: 'attached' | 'inline',
    policy: string,
    reference: string,
    administrator: boolean,
  ) => ({
    ...common(
      `${identity}/${via}/${attachment}:${reference === '' ? policy : ownerOf(reference) + policy}`,
      account,
      'role_grant',
    ),
    identity,
    grantee_type: via === 'user' ? ('user' as const) : ('group' as const),
    via: via === 'user' ? 'direct' : via,
    attachment,
    policy,
    policy_ref: reference,
    administrator,
    target: account,
  });
  for (const { name, grants: given } of holder.inline) yield grant('inline', name, '', given.administrator);
  for (const { name, arn } of holder.attached) {
    const administrator = administratorOf(arn, details);
    if (administrator === undefined)
      throw new CollectorError('incomplete', `${user.arn}: policy ${arn} is attached but not there`);
    yield grant('attached', name, arn, administrator);
  }
}

/** Names of attached policies are unique within the account and within AWS's own. */
const ownerOf = (arn: string): string => (arn.includes(':iam::aws:') ? 'aws/' : '');

function common<const Kind extends string>(id: string, account: string, kind: Kind) {
  return { id, kind, source: 'aws', scope: account };
}
