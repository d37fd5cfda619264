import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { GoogleConfig } from './config.ts';
import { confirmCustomer } from './customer.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import { openSession, type Session } from './session.ts';

/** Google's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;

/** Every record of the dataset, or rejects with a CollectorError. Its as-of time is the earliest answer's. */
export async function* collect(
  config: GoogleConfig,
  context: CollectorContext,
  dataset: string,
  scope: string,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const spec = datasets.find(({ name }) => name === dataset);
  if (spec === undefined || scope !== config.scope)
    throw new CollectorError('configuration', `google has no dataset ${dataset} in the scope ${scope}`);
  const provenance = context.provenance(dataset, scope);
  try {
    const worker = await spec.load();
    using session = openSession(config, context, { provenance, signal, scopes: spec.permissions });
    const work = { session, config };
    await confirmCustomer(work);
    yield* worker.collect(work);
    provenance.setAsOf(answered(dataset, session, context.now()));
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
