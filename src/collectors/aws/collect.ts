import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Provenance, Scope } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import { partsOf } from './scopes.ts';
import { openSession, type Session } from './session.ts';

/** AWS's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;

/** Every record of the dataset in the scope, or rejects with a CollectorError. */
export async function* collect(
  config: AwsConfig,
  accounts: readonly AwsAccount[],
  context: CollectorContext,
  dataset: string,
  scope: Scope,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { account: id, region = config.region } = partsOf(scope.id);
  const account = accounts.find((candidate) => candidate.id === id);
  if (account === undefined) throw new CollectorError('configuration', `account ${id} is not configured`);
  const spec = datasets.find(({ name }) => name === dataset);
  if (spec === undefined) throw new CollectorError('configuration', `aws has no dataset ${dataset}`);
  const told = context.provenance(dataset, scope.id);
  let dated = false;
  const provenance: Provenance = {
    ...told,
    setAsOf: (instant) => {
      dated = true;
      told.setAsOf(instant);
    },
  };
  try {
    const worker = await spec.load();
    using session = await openSession(config, account, region, context, provenance, signal);
    yield* worker.collect({ session, account, region, scope: scope.id, config, context, provenance });
    if (!dated) provenance.setAsOf(answered(dataset, session, context.now()));
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}

/** Whatever was answered later: what is reported is as of the earliest answer. */
function answered(dataset: string, session: Session, now: number): number {
  const asOf = session.answeredAt();
  if (asOf === undefined) throw new CollectorError('as-of', `${dataset}: answered without a Date header`);
  if (asOf > now + SKEW)
    throw new CollectorError(
      'as-of',
      `${dataset}: answered in the future (${new Date(asOf * 1000).toISOString()})`,
    );
  return asOf;
}
