import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext } from '../contract.ts';
import { answered } from '../answered.ts';
import { CollectorError } from '../error.ts';
import type { GoogleConfig } from './config.ts';
import { confirmCustomer } from './customer.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import { openSession } from './session.ts';

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
    provenance.setAsOf(answered(dataset, session.answeredAt(), context.now()));
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}
