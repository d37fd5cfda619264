import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Provenance, Scope } from '../contract.ts';
import { answered } from '../answered.ts';
import { CollectorError } from '../error.ts';
import type { Access } from './access.ts';
import type { AwsConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import type { Directory } from './organization/directory.ts';
import { partsOf } from './scopes.ts';

/** What a connected collector works with. */
export interface Connection {
  readonly config: AwsConfig;
  readonly context: CollectorContext;
  readonly access: Access;
  readonly directory: Directory;
}

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
    if (!dated) provenance.setAsOf(answered(dataset, session.answeredAt(), context.now()));
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}
