import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Provenance, Scope } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { Access } from './access.ts';
import type { AwsConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import type { Directory } from './organization/directory.ts';
import { partsOf } from './scopes.ts';
import type { Session } from './session.ts';

/** What a connected collector works with. */
export interface Connection {
  readonly config: AwsConfig;
  readonly context: CollectorContext;
  readonly access: Access;
  readonly directory: Directory;
}

/** AWS's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;

/** Every record of the dataset in the scope, or rejects with a CollectorError. */
export async function* collect(
  { config, context, access, directory }: Connection,
  dataset: string,
  scope: Scope,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const { account: id, region = config.region } = partsOf(scope.id);
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
    const account = await directory.account(id, signal);
    if (account === undefined)
      throw new CollectorError('configuration', `account ${id} is neither configured nor an active member`);
    using session = await access.session(account, region, { provenance, signal });
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
