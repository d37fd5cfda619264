import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Scope } from '../contract.ts';
import { answered } from '../answered.ts';
import { CollectorError } from '../error.ts';
import type { Access } from './client.ts';
import type { GithubConfig } from './config.ts';
import { datasets } from './datasets.ts';
import { failure } from './failure.ts';
import { openOrganization } from './opening.ts';
import { openSession } from './session.ts';

/** What a connected collector works with. */
export interface Connection {
  readonly config: GithubConfig;
  readonly context: CollectorContext;
  readonly access: Access;
}

/** Every record of the dataset in the organisation, or rejects with a CollectorError. */
export async function* collect(
  { config, context, access }: Connection,
  dataset: string,
  scope: Scope,
  signal: AbortSignal,
): AsyncGenerator<InventoryRecord, void, undefined> {
  const spec = datasets.find(({ name }) => name === dataset);
  if (spec === undefined) throw new CollectorError('configuration', `github has no dataset ${dataset}`);
  const login = config.organizations.find((name) => name.toLowerCase() === scope.id);
  if (login === undefined)
    throw new CollectorError('configuration', `organisation ${scope.id} is not configured`);
  const provenance = context.provenance(dataset, scope.id);
  try {
    const worker = await spec.load();
    using session = await openSession(config, access, { provenance, signal });
    const organization = await openOrganization(session, login);
    provenance.setCaller(organization.caller);
    provenance.note('organization', organization.id);
    yield* worker.collect({ session, organization, scope: scope.id, config, context, provenance });
    provenance.setAsOf(answered(dataset, session.answeredAt(), context.now()));
  } catch (error) {
    throw failure(dataset, error, signal);
  }
}
