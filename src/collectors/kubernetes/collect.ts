import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { openAccess } from './access.ts';
import type { KubernetesConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import { introduce, openSession } from './session.ts';

/** Every record of the dataset, or rejects with a CollectorError. */
export async function* collect(
  config: KubernetesConfig,
  context: CollectorContext,
  dataset: string,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const spec = datasets.find(({ name }) => name === dataset);
  if (spec === undefined) throw new CollectorError('configuration', `kubernetes has no dataset ${dataset}`);
  const provenance = context.provenance(dataset, config.cluster);
  try {
    const worker = await spec.load();
    using access = await openAccess(config, context);
    const session = openSession({ access, config, context, provenance, signal });
    await introduce(session);
    yield* worker({ session, config });
    provenance.setAsOf(session.asOf());
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}
