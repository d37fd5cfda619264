import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, PermissionReport, Provenance, Scope } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { collectAccount } from './account.ts';
import type { AwsConfig } from './config.ts';
import { failure } from './failure.ts';
import { collectIdentities } from './identities.ts';
import { ACCOUNT, IDENTITIES } from './permissions.ts';
import { linesOf, preflightAccount } from './preflight.ts';
import { openSession } from './session.ts';

/** Every record of the dataset in the account, or rejects with a CollectorError. */
export async function* collect(
  config: AwsConfig,
  context: CollectorContext,
  dataset: string,
  scope: Scope,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const account = config.accounts.find(({ id }) => id === scope.id);
  if (account === undefined)
    throw new CollectorError('configuration', `account ${scope.id} is not configured`);
  const provenance = context.provenance(dataset, scope.id);
  try {
    using session = await openSession(config, account, context, provenance, signal);
    if (dataset === IDENTITIES) yield* collectIdentities(session, config, account, context, provenance);
    else if (dataset === ACCOUNT) yield* collectAccount(session, account, context.now, provenance);
    else throw new CollectorError('configuration', `aws has no dataset ${dataset}`);
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}

/** Each permission of each account; one that can't be reached is `unknown` alone. */
export async function preflight(
  config: AwsConfig,
  context: CollectorContext,
  signal: AbortSignal,
): Promise<PermissionReport> {
  const callers = new Set<string>();
  const permissions: PermissionReport['permissions'][number][] = [];
  for (const account of config.accounts) {
    try {
      using session = await openSession(config, account, context, UNRECORDED, signal);
      callers.add(session.caller);
      permissions.push(...(await preflightAccount(session, account)));
    } catch (error) {
      const { message } = failure('preflight', error, signal);
      signal.throwIfAborted();
      permissions.push(...linesOf(account, () => ({ held: 'unknown', detail: message })));
    }
  }
  return { caller: [...callers].join(', '), permissions };
}

/** A preflight collects nothing, so nothing of it is sealed. */
const UNRECORDED: Provenance = { setAsOf() {}, setCaller() {}, setEndpoint() {}, call() {}, note() {} };
