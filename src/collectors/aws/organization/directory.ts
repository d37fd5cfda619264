import type { CollectorContext } from '../../contract.ts';
import { CollectorError } from '../../error.ts';
import { UNRECORDED } from '../../unrecorded.ts';
import type { Access } from '../access.ts';
import type { AwsAccount, AwsConfig } from '../config.ts';
import { sharing } from '../../waiting.ts';
import { type Member, members } from './listing.ts';

/** Seconds for which a listing of the organisation is taken as the present one. */
const PRESENT = 300;

/** Which accounts are collected: those configured, and the members of the organisation that its role opens. */
export interface Directory {
  /** Rejects when the organisation can't be listed: a member left out in silence would be missing from every check. */
  accounts(signal: AbortSignal): Promise<readonly AwsAccount[]>;
  /** The account of that id, as last listed; undefined when there is none. */
  account(id: string, signal: AbortSignal): Promise<AwsAccount | undefined>;
}

export function openDirectory(config: AwsConfig, access: Access, { now }: CollectorContext): Directory {
  const configured = new Map(config.accounts.map((account) => [account.id, account]));
  let last: { readonly at: number; readonly members: ReadonlyMap<string, AwsAccount> } | undefined;
  const join = sharing<ReadonlyMap<string, AwsAccount>>();
  const list = async (signal: AbortSignal): Promise<ReadonlyMap<string, AwsAccount>> => {
    const at = now();
    const found = new Map<string, AwsAccount>();
    for (const member of await activeMembers(config, access, signal))
      if (!configured.has(member.id)) found.set(member.id, memberAccount(member, config.organization));
    last = { at, members: found };
    return found;
  };
  const present = async (signal: AbortSignal): Promise<ReadonlyMap<string, AwsAccount>> => {
    if (config.organization?.role === undefined) return new Map();
    const age = last === undefined ? Infinity : now() - last.at;
    return last !== undefined && age >= 0 && age < PRESENT ? last.members : join('members', signal, list);
  };
  return {
    accounts: async (signal) => [...config.accounts, ...(await present(signal)).values()],
    account: async (id, signal) =>
      configured.get(id) ?? last?.members.get(id) ?? (await present(signal)).get(id),
  };
}

/** Asked with the access of the account that the configuration names for it. */
async function activeMembers(
  config: AwsConfig,
  access: Access,
  signal: AbortSignal,
): Promise<readonly Member[]> {
  const account = config.accounts.find(({ id }) => id === config.organization?.account);
  if (account === undefined)
    throw new CollectorError('configuration', 'organization.account is not one of the accounts');
  using session = await access.session(account, config.region, { provenance: UNRECORDED, signal });
  const all: Member[] = [];
  for await (const member of members(session, account.id)) all.push(member);
  return all.filter(({ status }) => status === 'active');
}

function memberAccount(
  { id, name, partition }: Member,
  { role, externalId }: NonNullable<AwsConfig['organization']> = { account: '' },
): AwsAccount {
  return {
    id,
    ...(name === '' ? {} : { title: name }),
    roleArn: `arn:${partition}:iam::${id}:role/${role}`,
    ...(externalId === undefined ? {} : { externalId }),
  };
}
