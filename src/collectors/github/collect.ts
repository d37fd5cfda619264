import type { InventoryRecord } from '../../inventory/kind.ts';
import type { CollectorContext, Scope } from '../contract.ts';
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

/** GitHub's clock and ours may differ by this many seconds before an answer counts as coming from the future. */
const SKEW = 300;

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

/** Whatever was answered later: what is reported is as of the earliest answer. */
function answered(dataset: string, asOf: number | undefined, now: number): number {
  if (asOf === undefined) throw new CollectorError('as-of', `${dataset}: answered without a Date header`);
  if (asOf > now + SKEW)
    throw new CollectorError(
      'as-of',
      `${dataset}: answered in the future (${new Date(asOf * 1000).toISOString()})`,
    );
  return asOf;
}
